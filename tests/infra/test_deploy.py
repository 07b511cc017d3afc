"""`infra/deploy`, with the real AWS CLI: what it prints, and how far it comes in ministack."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from bootstrap import zipped
from template import INFRA, ORGANIZATION

AWS = pathlib.Path(sys.executable).parents[2] / "awscli" / "bin"
KEY = "R0123456789012345678901234567890"
# What ministack doesn't have: StackSets, and another account to deploy into.
MISSING = ("members", "management")


@pytest.fixture
def settings(tmp_path, sandbox):
    code = tmp_path / "lineward-1.0.0-x86_64.zip"
    code.write_bytes(b"")
    text = f"""[organization]
regions = ["us-east-1", "eu-west-1"]
[pagerduty]
endpoint = "{sandbox.endpoint}"
routing_key = "secretsmanager:lineward/routing-key/default"
grace = "0s"
"""
    text += "".join(f'[[team]]\nname = "{name}"\n' for name in sandbox.admin("organization")["teams"])
    (tmp_path / "lineward.toml").write_text(text)
    values = {
        "ORGANIZATION_ID": ORGANIZATION,
        "EXTERNAL_ID": "example-external-id",
        "REGION": "us-east-1",
        "REGIONS": "us-east-1 eu-west-1",
        "ORGANIZATIONAL_UNITS": "r-exam",
        "CODE_BUCKET": "example-lineward-code",
        "ZIP": code,
        "CONFIGURATION": tmp_path / "lineward.toml",
        # ministack has no metric math, which this one alarm takes.
        "ALARM_PARAMETERS": "WatchesEvents=false",
    }
    path = tmp_path / "settings"
    path.write_text("".join(f"{name}='{value}'\n" for name, value in values.items()))
    return path


def deploy(*arguments, **environment):
    assert (AWS / "aws").exists(), "no AWS CLI: `tests/run python` installs it"
    path = f"{AWS}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": "/nonexistent", "ROUTING_KEY": KEY, **environment}
    return subprocess.run([INFRA / "deploy", *arguments], env=environment, capture_output=True, text=True)


def test_a_dry_run_prints_every_command_and_the_key_nowhere(settings):
    # Without an endpoint and credentials, none could be run.
    run = deploy("--dry-run", settings)
    assert run.returncode == 0, run.stderr
    commands = [line.split("$ ", 1)[1] for line in run.stdout.splitlines() if line.startswith("  $ ")]
    assert all(command.startswith("aws ") for command in commands)
    templates = [part for command in commands for part in command.split() if part.endswith(".yaml")]
    for name in ("auditor.yaml", "alarms.yaml", "members.yaml", "member-role.yaml", "member-rules.yaml"):
        assert any(part.endswith(name) for part in templates), name
    assert KEY not in run.stdout + run.stderr
    # The configuration is there before anything runs, and the first run before anything is switched on.
    order = ["lineward.toml", "put-secret-value", "members.yaml", "lambda invoke", "ScheduleState=ENABLED"]
    places = [next(at for at, command in enumerate(commands) if part in command) for part in order]
    assert places == sorted(places)


@pytest.mark.parametrize("missing", ["CODE_BUCKET", "ORGANIZATIONAL_UNITS"])
def test_a_setting_that_is_missing_is_named(settings, missing):
    lines = settings.read_text().splitlines()
    settings.write_text("\n".join(line for line in lines if not line.startswith(missing)))
    run = deploy("--dry-run", settings)
    assert run.returncode == 2
    assert missing in run.stderr


def test_from_nothing_to_the_first_report_and_the_first_incident(settings, ministack, sandbox, aws, built, tmp_path):
    code = tmp_path / "lineward-1.0.0-x86_64.zip"
    code.write_bytes(zipped(built / "bootstrap", tmp_path))
    account = sandbox.admin("organization")["auditor_account"]
    environment = {
        "AWS_ENDPOINT_URL": ministack,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "not-verified",
    }
    skip = [argument for step in MISSING for argument in ("--skip", step)]
    run = deploy(*skip, settings, **environment)
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
    assert KEY not in run.stdout + run.stderr

    [bucket] = [it["Name"] for it in aws("s3").list_buckets()["Buckets"] if it["Name"] != "example-lineward-code"]
    listed = aws("s3").list_objects_v2(Bucket=bucket, Prefix="data/reports/")["Contents"]
    assert len(listed) == 1
    report = json.load(aws("s3").get_object(Bucket=bucket, Key=listed[0]["Key"])["Body"])
    assert report["summary"]["applications"] > 0
    assert aws("scheduler").get_schedule(Name="lineward")["State"] == "ENABLED"
    rule = aws("events").describe_rule(Name="lineward-events", EventBusName="lineward")
    assert rule["State"] == "ENABLED"

    # Again, it changes nothing and runs nothing.
    again = deploy(*skip, settings, **environment)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "a run was made before" in again.stdout
    assert "it is there" in again.stdout
    assert len(aws("s3").list_objects_v2(Bucket=bucket, Prefix="data/reports/")["Contents"]) == 1

    member = next(it["id"] for it in sandbox.admin("organization")["accounts"] if it["readable"])
    body = {"account": member, "region": "us-east-1", "fault": "disabled"}
    _, answer = sandbox.post("/_sandbox/create-application", body)
    answer = aws("lambda").invoke(FunctionName="lineward", Payload=b'{"task":"audit"}')
    assert "FunctionError" not in answer, answer["Payload"].read()
    opened = [it for it in sandbox.admin("pagerduty")["incidents"] if it["state"] != "resolved"]
    assert opened
