"""Routing keys that lie in Secrets Manager and in Parameter Store, both moto's."""

import subprocess

import boto3
import pytest
from credentials import ENVIRONMENT, KEYS

DEFAULT, TEAM = "R0000000000000000000000000000000", "R0000000000000000000000000000001"
CONFIGURATION = """
[organization]
regions = ["us-east-1", "eu-west-1"]

[pagerduty]
endpoint = "{endpoint}"
routing_key = "secretsmanager:lineward/routing-key/default"
grace = "0s"
"""


@pytest.fixture
def sandbox(start_sandbox):
    return start_sandbox("--denied", "0", "--suspended", "0")


@pytest.fixture
def keeper(endpoint):
    """A client of moto."""

    def client(service):
        return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", **KEYS)

    return client


@pytest.fixture
def audit(built, sandbox, endpoint, tmp_path):
    """An audit that pages the teams, each through its own key: how it ended, and whom it told."""

    def audit():
        names = sandbox.admin("organization")["teams"]
        teams = "".join(
            f'[[team]]\nname = "{name}"\nrouting_key = "ssm:/lineward/routing-key/{name}"\n' for name in names
        )
        (tmp_path / "lineward.toml").write_text(CONFIGURATION.format(endpoint=sandbox.endpoint) + teams)
        environment = {
            **ENVIRONMENT,
            "AWS_ACCESS_KEY_ID": "AKIALINEWARDAUDITOR0",
            "AWS_ENDPOINT_URL": sandbox.endpoint,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": endpoint,
            "AWS_ENDPOINT_URL_SSM": endpoint,
            "HOME": str(tmp_path),
        }
        command = [built / "lineward", "audit", "--notify", "--format", "json"]
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        incidents = sandbox.admin("pagerduty")["incidents"]
        return run, {incident["routing_key"] for incident in incidents}

    return audit


def test_each_team_is_paged_through_its_own_key(audit, keeper, sandbox):
    keeper("secretsmanager").create_secret(Name="lineward/routing-key/default", SecretString=DEFAULT)
    for name in sandbox.admin("organization")["teams"]:
        key = f"/lineward/routing-key/{name}"
        keeper("ssm").put_parameter(Name=key, Type="SecureString", Value=f"{TEAM}\n")
    run, told = audit()
    assert run.returncode == 1, run.stderr
    assert TEAM in told and told <= {TEAM, DEFAULT}
    assert TEAM not in run.stdout + run.stderr


def test_a_team_whose_key_is_not_there_is_paged_by_default_and_that_is_said(audit, keeper, sandbox):
    keeper("secretsmanager").create_secret(Name="lineward/routing-key/default", SecretString=DEFAULT)
    run, told = audit()
    assert run.returncode == 1, run.stderr
    assert told == {DEFAULT}
    assert "ParameterNotFound" in run.stderr
    details = [event["body"]["payload"]["custom_details"] for event in sandbox.admin("pagerduty")["events"]]
    assert any("fails: secret `/lineward/routing-key/" in it["routed_by"] for it in details)


def test_a_default_key_that_is_not_there_stops_the_run_before_the_walk(audit, sandbox):
    run, _ = audit()
    assert (run.returncode, run.stdout) == (2, "")
    assert "routing key of `[pagerduty]`: secret `lineward/routing-key/default`: ResourceNotFoundException" in run.stderr
    assert sandbox.admin("calls")["total"] == 0
    assert not sandbox.admin("pagerduty")["incidents"]
