"""The Terraform modules: that they parse, and say what the templates and each other say."""

import json
import pathlib
import re

import pytest
from hcl import blocks, own, plain
from template import INFRA, load

TERRAFORM = INFRA / "terraform"
FOLDERS = sorted({path.parent for path in TERRAFORM.rglob("*.tf")})
# The parameters of a template: in which module they are set, and after what.
STACKS = {
    "auditor.yaml": ("auditor", '"aws_cloudformation_stack" "auditor"'),
    "alarms.yaml": ("auditor", '"aws_cloudformation_stack" "alarms"'),
    "member-role.yaml": ("members", "locals"),
    "member-rules.yaml": ("members", "rules_parameters"),
}
# Parameters that a module knows by itself.
KNOWN = {"CodeKey": "aws_s3_object.code.key", "Auditor": "aws_cloudformation_stack.auditor.name"}
PROVIDER = json.loads(pathlib.Path(__file__).with_name("provider.json").read_text())["resources"]
# Terraform's own. Source: its documentation, "Meta-arguments".
META = {"count", "depends_on", "for_each", "lifecycle", "provider"}


def variables(folder):
    return {plain(name): own(body) for it in blocks(folder)["variable"] for name, body in own(it).items()}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda it: it.name)
def test_every_file_parses(folder):
    assert blocks(folder)


def given(template):
    """The module's folder, and what it gives to each parameter of the template."""
    module, after = STACKS[template]
    text = (TERRAFORM / "modules" / module / "main.tf").read_text()
    assert f'file("${{path.module}}/../../../{template}")' in text
    text = text[text.index(after) :]
    [parameters] = re.findall(r"parameters += \{\n(.*?)\n +\}", text, re.DOTALL)[:1]
    return TERRAFORM / "modules" / module, dict(re.findall(r"(\w+) += (.+)", parameters))


def name_of(parameter):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", parameter).lower()


@pytest.mark.parametrize("template", STACKS)
def test_a_module_sets_each_parameter_of_its_template(template):
    _, values = given(template)
    parameters = load(template)["Parameters"]
    assert values.keys() == parameters.keys()
    for name, value in values.items():
        variable = f"var.{name_of(name)}"
        is_list = parameters[name]["Type"] == "CommaDelimitedList"
        assert value == KNOWN.get(name, f'join(",", {variable})' if is_list else variable)


@pytest.mark.parametrize("template", STACKS)
def test_a_variable_defaults_and_is_checked_as_its_parameter(template):
    folder, _ = given(template)
    declared = variables(folder)
    for name, body in load(template)["Parameters"].items():
        if name in KNOWN:
            continue
        variable = declared[name_of(name)]
        default = variable.get("default")
        default = plain(default) if isinstance(default, str) else default
        # The bus is a parameter of both templates of members; without one, there are no rules.
        if name != "EventBusArn":
            assert default == ([] if body["Type"] == "CommaDelimitedList" else body.get("Default"))
        assert variable["description"]
        [condition] = [own(it)["condition"] for it in variable["validation"]]
        for key in ("AllowedPattern", "MinValue", "MaxValue"):
            if key in body and name != "EventBusArn":
                assert str(body[key]).replace("\\", "\\\\") in condition, name
        assert all(str(value) in condition for value in body.get("AllowedValues", []))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda it: it.name)
def test_the_provider_knows_every_argument(folder):
    """By its own schema: `provider.py`."""
    for labelled in blocks(folder).get("resource", []):
        for kind, named in own(labelled).items():
            for body in own(named).values():
                hold_to_schema(own(body), PROVIDER[plain(kind)], plain(kind))


def hold_to_schema(body, schema, where):
    for dynamic in body.pop("dynamic", []):
        for name, block in own(dynamic).items():
            for content in own(block)["content"]:
                hold_to_schema(own(content), schema[name], f"{where}.{name}")
    unknown = body.keys() - schema.keys() - META
    assert not unknown, f"{where}: {unknown}"
    for name, value in body.items():
        is_block = isinstance(value, list) and value and isinstance(value[0], dict) and "__is_block__" in value[0]
        if is_block and name not in META:
            for block in value:
                hold_to_schema(own(block), schema[name] or {}, f"{where}.{name}")


@pytest.mark.parametrize("folder", [it for it in FOLDERS if it.parent.name == "examples"], ids=lambda it: it.name)
def test_an_example_gives_what_its_modules_ask_for(folder):
    for labelled in blocks(folder)["module"]:
        for body in own(labelled).values():
            arguments = own(body)
            declared = variables((folder / plain(arguments.pop("source"))).resolve())
            required = {name for name, it in declared.items() if "default" not in it}
            assert required <= arguments.keys() <= declared.keys()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda it: it.name)
def test_what_is_named_is_declared(folder):
    found = blocks(folder)
    text = "\n".join(path.read_text() for path in folder.glob("*.tf"))
    declared = variables(folder).keys() if "variable" in found else set()
    assert set(re.findall(r"\bvar\.(\w+)", text)) == declared
    local = {name for it in found.get("locals", []) for name in own(it)}
    assert set(re.findall(r"\blocal\.(\w+)", text)) == local


@pytest.mark.parametrize("folder", [it for it in FOLDERS if it.parent.name == "modules"], ids=lambda it: it.name)
def test_the_page_of_a_module_names_its_inputs_and_outputs(folder):
    page = (folder / "README.md").read_text()
    found = blocks(folder)
    outputs = {plain(name) for it in found["output"] for name in own(it)}
    rows = re.findall(r"^\| `?(\w+)`? \|", page, re.MULTILINE)
    assert variables(folder).keys() | outputs <= set(rows)
