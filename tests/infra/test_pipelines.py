"""What users include into their pipelines: that it parses, that its shell does, and what it may do."""

import re
import subprocess

import pytest
import yaml
from template import INFRA

CI = INFRA / "ci"


def shells():
    """The scripts, with the inputs of GitLab, which are put in before the shell reads them, as words."""
    spec, jobs = yaml.safe_load_all((CI / "gitlab.yml").read_text())
    yield "gitlab", re.sub(r"\$\[\[ inputs\.\w+ \]\]", "word", "\n".join(jobs["lineward"]["script"]))
    workflow = yaml.safe_load((CI / "github.yml").read_text())
    for step in workflow["jobs"]["audit"]["steps"]:
        yield step["name"], step["run"]


@pytest.mark.parametrize("name, script", list(shells()))
def test_a_script_is_shell(name, script):
    run = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, ""), name


def test_every_input_of_gitlab_is_used():
    text = (CI / "gitlab.yml").read_text()
    spec, _ = yaml.safe_load_all(text)
    assert set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", text)) == spec["spec"]["inputs"].keys()


def test_the_workflow_may_little_and_puts_no_input_into_its_shell():
    workflow = yaml.safe_load((CI / "github.yml").read_text())
    assert workflow["permissions"] == {}
    job = workflow["jobs"]["audit"]
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert all("uses" not in step and "${{" not in step["run"] for step in job["steps"])
    # YAML takes the key `on` for a truth.
    inputs = workflow[True]["workflow_call"]["inputs"]
    used = {match for value in job["env"].values() for match in re.findall(r"inputs\.([\w-]+)", value)}
    assert used == inputs.keys()
