"""The Terraform modules: that they parse, and say what the templates and each other say."""

import re

import pytest
from hcl import blocks, own, plain
from template import INFRA, load

TERRAFORM = INFRA / "terraform"
FOLDERS = sorted({path.parent for path in TERRAFORM.rglob("*.tf")})
STACKS = {"auditor": "auditor.yaml", "member-role": "member-role.yaml"}


def variables(folder):
    return {plain(name): own(body) for it in blocks(folder)["variable"] for name, body in own(it).items()}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda it: it.name)
def test_every_file_parses(folder):
    assert blocks(folder)


@pytest.mark.parametrize("module, template", STACKS.items())
def test_a_module_sets_each_parameter_of_its_template(module, template):
    text = (TERRAFORM / "modules" / module / "main.tf").read_text()
    assert f'file("${{path.module}}/../../../{template}")' in text
    [parameters] = re.findall(r"parameters += \{(.*?)\}", text, re.DOTALL)
    given = dict(re.findall(r"(\w+) += var\.(\w+)", parameters))
    assert given.keys() == load(template)["Parameters"].keys()


@pytest.mark.parametrize("module, template", STACKS.items())
def test_defaults_are_those_of_the_template(module, template):
    declared = variables(TERRAFORM / "modules" / module)
    for name, body in load(template)["Parameters"].items():
        variable = declared[re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()]
        default = variable.get("default")
        assert (plain(default) if isinstance(default, str) else default) == body.get("Default")


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
