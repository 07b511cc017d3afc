"""The real Lambda binary, run by somebody else's Lambda, on the simulated organization."""

import json

import boto3
import pytest
import serving
from bootstrap import zipped

CONFIGURATION = """
[organization]
regions = ["us-east-1", "eu-west-1"]

[[image]]
uri = "*/platform/spark:*"

[store]
url = "file:{folder}/data"

[pagerduty]
endpoint = "{endpoint}"
routing_key = "env:ROUTING_KEY"
grace = "0s"
"""


@pytest.fixture
def ministack(free_port, sandbox, tmp_path):
    """A server on loopback whose functions find the sandbox as their AWS."""
    with serving.ministack(free_port, tmp_path, AWS_ENDPOINT_URL=sandbox.endpoint) as endpoint:
        yield endpoint


@pytest.fixture
def sandbox(start_sandbox):
    return start_sandbox()


@pytest.fixture
def function(ministack, sandbox, built, tmp_path):
    """The function, deployed from a zip as `provided.al2023`."""
    names = sandbox.admin("organization")["teams"]
    teams = "".join(f'[[team]]\nname = "{name}"\n' for name in names)
    configuration = CONFIGURATION.format(folder=tmp_path, endpoint=sandbox.endpoint) + teams
    (tmp_path / "lineward.toml").write_text(configuration)
    client = boto3.client(
        "lambda",
        endpoint_url=ministack,
        region_name="us-east-1",
        # ministack takes the key for the account, and hands it on to its functions.
        aws_access_key_id=sandbox.admin("organization")["auditor_account"],
        aws_secret_access_key="not-verified",
    )
    client.create_function(
        FunctionName="lineward",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role="arn:aws:iam::000000000000:role/lineward",
        Timeout=60,
        Code={"ZipFile": zipped(built / "bootstrap", tmp_path)},
        Environment={
            "Variables": {
                "LINEWARD_CONFIG": str(tmp_path / "lineward.toml"),
                "ROUTING_KEY": "R0123456789012345678901234567890",
            }
        },
    )
    return client


def invoke(client, event):
    answer = client.invoke(FunctionName="lineward", Payload=json.dumps(event))
    return answer.get("FunctionError"), json.load(answer["Payload"])


def test_a_schedule_audits_the_organization_and_pages(function, sandbox):
    event = {"detail-type": "Scheduled Event", "source": "aws.events"}
    error, answer = invoke(function, event)
    assert error is None, answer
    with open(answer["report"]) as file:
        report = json.load(file)
    expected = sandbox.admin("expected")
    assert len(report["findings"]) == len(expected)
    paging = [row for row in expected if row["verdict"] == "fail"]
    incidents = sandbox.admin("pagerduty")["incidents"]
    applications = {row["resource"].split("/jobruns/")[0].split("/sessions/")[0] for row in paging}
    assert len(incidents) == len(applications) == answer["notification"]["opened"]

    error, answer = invoke(function, {})
    assert error is None, answer
    assert answer["new_applications"] == 0


def test_an_unknown_event_is_an_error_with_a_type(function):
    error, answer = invoke(function, {"task": "dance"})
    assert error and answer["errorType"] == "Lineward.UnknownEvent"
