"""What linters of others say of the templates and modules."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from template import ACCOUNT, AUDITOR, INFRA, MEMBER, Stack, as_list, load

TEMPLATES = sorted(path.name for path in INFRA.glob("*.yaml"))
CHECKOV = pathlib.Path(sys.executable).parents[2] / "checkov" / "bin" / "checkov"
SKIP = re.compile(r"#checkov:skip=(\w+):(.*)")


def test_cfn_lint_has_nothing_to_say():
    files = [INFRA / name for name in TEMPLATES]
    command = [pathlib.Path(sys.executable).with_name("cfn-lint"), *files]
    run = subprocess.run(command, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "")


def checkov(framework):
    assert CHECKOV.exists(), "no checkov: `tests/run python` installs it"
    command = [CHECKOV, "--skip-download", "--framework", framework, "--directory", INFRA, "--output", "json"]
    run = subprocess.run([*command, "--soft-fail"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)["results"]


def test_checkov_passes_or_is_answered_beside_the_resource():
    results = checkov("cloudformation")
    assert [(it["check_id"], it["resource"]) for it in results["failed_checks"]] == []
    assert results["passed_checks"] and not results["parsing_errors"]
    skipped = {(it["check_id"], it["resource"].split(".")[1]) for it in results["skipped_checks"]}
    # Each exception has its reason, and none is there that checkov has no need of.
    declared = set()
    for name in TEMPLATES:
        for resource, body in load(name)["Resources"].items():
            for skip in body.get("Metadata", {}).get("checkov", {}).get("skip", []):
                assert len(skip["comment"]) > 40
                declared.add((skip["id"], resource))
    assert declared == skipped


def test_checkov_passes_the_terraform_modules():
    results = checkov("terraform")
    assert [(it["check_id"], it["resource"]) for it in results["failed_checks"]] == []
    assert not results["parsing_errors"]
    texts = [SKIP.findall(path.read_text()) for path in INFRA.rglob("*.tf")]
    declared = [skip for skips in texts for skip in skips]
    assert all(len(reason) > 40 for _, reason in declared)
    assert {check for check, _ in declared} == {it["check_id"] for it in results["skipped_checks"]}


@pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not on PATH; it is no package of ours")
def test_terraform_is_formatted():
    command = ["terraform", "fmt", "-check", "-diff", "-recursive", INFRA]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_short_enough_to_be_sent_whole(name):
    # CloudFormation takes 51,200 bytes without a bucket. Source: its quotas, "Template body size in a request".
    assert (INFRA / name).stat().st_size < 51_200


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_parameter_is_explained_and_used(name):
    template = load(name)
    text = (INFRA / name).read_text().split("\nConditions:" if "Conditions" in template else "\nResources:")[1]
    for parameter, body in template["Parameters"].items():
        assert body["Description"]
        # A wrong value is refused before anything is made of it.
        assert body.keys() & {"AllowedPattern", "AllowedValues", "MinValue"}, parameter
        if "AllowedPattern" in body and "Default" in body:
            assert re.fullmatch(body["AllowedPattern"], body["Default"]), parameter
        assert re.search(rf"!Ref {parameter}\b|\${{{parameter}}}", text), parameter


def test_the_bucket_is_closed_and_keeps_the_ledger():
    stack = Stack("auditor.yaml", AUDITOR)
    bucket = stack.properties("Bucket")
    assert stack.resources["Bucket"]["DeletionPolicy"] == "Retain"
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    [statement] = stack.properties("BucketPolicy")["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny" and statement["Principal"] == "*"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert as_list(statement["Resource"]) == ["Bucket.Arn", "Bucket.Arn/*"]
    rules = bucket["LifecycleConfiguration"]["Rules"]
    expiring = [rule["Prefix"] for rule in rules if "ExpirationInDays" in rule]
    kinds = ("reports", "findings", "applications", "coverage", "fan-out")
    assert expiring == [f"data/{kind}/" for kind in kinds]


def test_no_trust_is_open_to_a_confused_deputy():
    """Schedules, state machines and rules of other accounts may not have these roles used for them."""
    operators = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Audit_*"
    auditor = Stack("auditor.yaml", {**AUDITOR, "OperatorPrincipalArns": operators})
    stacks = [Stack("auditor.yaml", AUDITOR), auditor, Stack("member-role.yaml", MEMBER)]
    for stack in stacks:
        for name, role in stack.of_type("AWS::IAM::Role").items():
            for trust in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                # A function's role is handed over by whoever may pass it: Lambda gives no source.
                if trust["Principal"] != {"Service": "lambda.amazonaws.com"}:
                    keys = {key for keys in trust["Condition"].values() for key in keys}
                    assert keys in TRUSTS, name


TRUSTS = (
    {"aws:SourceAccount", "aws:SourceArn"},
    {"aws:PrincipalArn", "aws:PrincipalOrgID", "sts:ExternalId"},
    {"aws:PrincipalArn"},
)
