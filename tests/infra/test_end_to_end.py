"""Everything together: the stack of `auditor.yaml` with the real program, over an organization of 200 accounts.

The schedule starts it, the state machine parts it, and an event of a member account brings it to look at one
application. Reports land in the bucket, incidents in PagerDuty.
"""

import datetime
import json
import time

import pytest
from bootstrap import zipped
from template import AUDITOR

CONFIGURATION = """
[organization]
regions = ["us-east-1", "eu-west-1"]

[[image]]
uri = "*/platform/spark:*"

[pagerduty]
endpoint = "{endpoint}"
routing_key = "secretsmanager:{secret}"
grace = "0s"
max_events = 1000
"""
KEY = "R0123456789012345678901234567890"


@pytest.fixture
def sandbox(start_sandbox):
    flags = ("--accounts", "200", "--applications", "240", "--pagerduty-rate", "100000")
    return start_sandbox(*flags, "--external-id", AUDITOR["ExternalId"])


def figures(code, aws):
    """What the program weighs, and how long it takes to say that it knows no such event."""
    print(f"\nzip {len(code) / 1e6:.1f} MB", end="")
    records = {"Records": [{"messageId": "1", "body": "{}"}]}
    for kind in ("cold", "warm"):
        begun = time.monotonic()
        answer = aws("lambda").invoke(FunctionName="lineward", Payload=json.dumps(records))
        took = time.monotonic() - begun
        assert json.load(answer["Payload"])["batchItemFailures"] == [{"itemIdentifier": "1"}]
        print(f", {kind} {took * 1000:.0f} ms", end="")


class Deployed:
    """The stack, configured."""

    def __init__(self, stack, aws, sandbox):
        self.stack, self.aws, self.sandbox = stack, aws, sandbox
        self.bucket = stack["BucketName"]
        teams = sandbox.admin("organization")["teams"]
        text = CONFIGURATION.format(endpoint=sandbox.endpoint, secret=stack["RoutingKeyArn"])
        text += "".join(f'[[team]]\nname = "{name}"\n' for name in teams)
        aws("secretsmanager").put_secret_value(SecretId=stack["RoutingKeyArn"], SecretString=KEY)
        aws("s3").put_object(Bucket=self.bucket, Key="config/lineward.toml", Body=text.encode())

    def reports(self):
        listed = self.aws("s3").list_objects_v2(Bucket=self.bucket, Prefix="data/reports/").get("Contents", [])
        bodies = (self.aws("s3").get_object(Bucket=self.bucket, Key=it["Key"])["Body"] for it in listed)
        reports = [json.load(body) for body in bodies]
        return sorted(reports, key=lambda report: report["run"]["id"])

    def wait_for(self, wanted, what, seconds=120):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := wanted():
                return found
            time.sleep(0.5)
        pytest.fail(f"{what} did not come; the last reports: {[it['run'] for it in self.reports()]}")

    def open(self):
        incidents = self.sandbox.admin("pagerduty")["incidents"]
        return {it["dedup_key"] for it in incidents if it["state"] != "resolved"}


def seen(report):
    """The findings that a run saw, as the sandbox tells what is planted."""
    rows = (row for row in report["findings"] if row["status"] in ("new", "ongoing"))
    return sorted((row["rule"], row["verdict"], row["account"], row["region"]) for row in rows)


def planted(sandbox):
    rows = sandbox.admin("expected")
    return sorted((row["rule"], row["verdict"], row["account"], row["region"]) for row in rows)


def created(sandbox, account):
    """The event of a new application with a fault."""
    body = {"account": account, "region": "us-east-1", "fault": "disabled"}
    _, answer = sandbox.post("/_sandbox/create-application", body)
    return json.dumps(
        {
            "version": "0",
            "id": answer["application"],
            "source": "aws.emr-serverless",
            "detail-type": "EMR Serverless Application State Change",
            "account": account,
            "region": "us-east-1",
            "time": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}",
            "resources": [],
            "detail": {"applicationId": answer["application"], "state": "CREATED"},
        }
    )


def test_a_schedule_a_state_machine_and_an_event_bring_reports_and_incidents(deploy, built, tmp_path, aws, sandbox):
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=20)
    code = zipped(built / "bootstrap", tmp_path)
    deployed = Deployed(deploy(code, ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})"), aws, sandbox)
    figures(code, aws)

    def told():
        return [it for it in deployed.reports() if it["notification"] is not None]

    [scheduled] = deployed.wait_for(told, "the report of the schedule")
    assert scheduled["run"]["trigger"] == "schedule"
    assert seen(scheduled) == planted(sandbox)
    opened = deployed.open()
    assert len(opened) == scheduled["notification"]["opened"] > 20
    assert sandbox.admin("pagerduty")["events"][0]["routing_key"] == KEY

    machine = aws("stepfunctions")
    arn = machine.start_execution(stateMachineArn=deployed.stack["StateMachineArn"])["executionArn"]
    deployed.wait_for(lambda: machine.describe_execution(executionArn=arn)["status"] != "RUNNING", "the end", 300)
    execution = machine.describe_execution(executionArn=arn)
    assert execution["status"] == "SUCCEEDED", execution
    parted = told()[-1]
    assert parted["run"]["trigger"] == "fan-out"
    assert parted["run"]["id"] == json.loads(execution["output"])["run"]
    assert seen(parted) == seen(scheduled)
    assert (deployed.open(), parted["notification"]["opened"]) == (opened, 0)

    # A burst: nobody but AWS may put an event whose source is AWS, so they go where the rule would bring them.
    readable = [it["id"] for it in sandbox.admin("organization")["accounts"] if it["readable"]]
    events = [created(sandbox, account) for account in readable[:25]]
    rule = aws("events").describe_rule(Name="lineward-events", EventBusName="lineward")
    assert aws("events").test_event_pattern(EventPattern=rule["EventPattern"], Event=events[0])["Result"]
    sqs = aws("sqs")
    queue = sqs.get_queue_url(QueueName="lineward-events")["QueueUrl"]
    # ministack keeps the template's number as text, and then compares it with a number.
    functions = aws("lambda")
    [mapping] = functions.list_event_source_mappings(FunctionName="lineward-events")["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": 10})
    for event in events * 2:
        sqs.send_message(QueueUrl=queue, MessageBody=event)
    begun = time.monotonic()
    deployed.wait_for(lambda: deployed.open() > opened, "the incident of an event", 60)
    first = time.monotonic() - begun
    deployed.wait_for(lambda: len(deployed.open()) == len(opened) + len(events), "an incident of each event", 120)
    print(f"\nof {len(events)} events, each sent twice, the first was an incident in {first:.1f} s, the last in "
          f"{time.monotonic() - begun:.1f} s")
