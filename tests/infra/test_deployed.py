"""The auditor's stack, deployed in somebody else's AWS with the real program."""

import json

import pytest
from bootstrap import zipped
from conftest import create_stack
from template import AUDITOR, Stack

# What CloudFormation calls a resource, and ministack's answer that it is there.
EXPECTED = {
    "AWS::Events::EventBus": 1,
    "AWS::Events::Rule": 2,
    "AWS::IAM::Role": 3,
    "AWS::Lambda::EventInvokeConfig": 1,
    "AWS::Lambda::EventSourceMapping": 2,
    "AWS::Lambda::Function": 2,
    "AWS::Logs::LogGroup": 2,
    "AWS::S3::Bucket": 1,
    "AWS::S3::BucketPolicy": 1,
    "AWS::SQS::Queue": 4,
    "AWS::SQS::QueuePolicy": 1,
    "AWS::Scheduler::Schedule": 1,
    "AWS::SecretsManager::Secret": 1,
    "AWS::StepFunctions::StateMachine": 1,
}

# What the Lambda may answer in place of a report.
ERRORS = {
    "Lineward.Configuration",
    "Lineward.Connection",
    "Lineward.Plan",
    "Lineward.Store",
    "Lineward.UnknownEvent",
    "Lineward.Unread",
}


@pytest.fixture
def stack(deploy, built, tmp_path):
    return deploy(zipped(built / "bootstrap", tmp_path))


def test_every_resource_is_really_there(stack, aws):
    listed = aws("cloudformation").describe_stack_resources(StackName="lineward")["StackResources"]
    kinds = [resource["ResourceType"] for resource in listed]
    assert {kind: kinds.count(kind) for kind in kinds} == EXPECTED
    template = Stack("auditor.yaml", AUDITOR)
    assert {it["LogicalResourceId"] for it in listed} == template.resources.keys()

    bucket = stack["BucketName"]
    s3 = aws("s3")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    function = aws("lambda").get_function_configuration(FunctionName="lineward")
    assert function["Timeout"] == 900
    assert function["Environment"]["Variables"] == {
        "LINEWARD_CONFIG": f"s3://{bucket}/config/lineward.toml",
        "LINEWARD_STORE__URL": f"s3://{bucket}/data",
        "LINEWARD_ORGANIZATION__ROLE": "lineward-member",
        "LINEWARD_ORGANIZATION__EXTERNAL_ID": AUDITOR["ExternalId"],
    }
    schedule = aws("scheduler").get_schedule(Name="lineward")
    assert schedule["Target"]["Arn"] == function["FunctionArn"]
    assert json.loads(schedule["Target"]["Input"]) == {"task": "audit"}
    events = aws("lambda").get_function_configuration(FunctionName="lineward-events")
    assert (events["Timeout"], events["MemorySize"], events["CodeSha256"]) == (60, 256, function["CodeSha256"])
    assert events["Environment"] == function["Environment"]
    for name, queue in (("lineward", "role-changes"), ("lineward-events", "events")):
        [mapping] = aws("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        assert mapping["EventSourceArn"].endswith(f":lineward-{queue}")
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        [target] = aws("events").list_targets_by_rule(Rule=f"lineward-{queue}", EventBusName="lineward")["Targets"]
        assert target["Arn"].endswith(f":lineward-{queue}")
    machine = aws("stepfunctions").describe_state_machine(stateMachineArn=stack["StateMachineArn"])
    assert json.loads(machine["definition"])["StartAt"] == "Plan"


def test_alarms_and_dashboard_are_really_there(aws):
    # ministack has no metric math, which one alarm takes.
    parameters = {"WatchesEvents": "false"}
    create_stack(aws("cloudformation"), "lineward-alarms", "alarms.yaml", parameters)
    template = Stack("alarms.yaml", parameters)
    expected = {it["Properties"]["AlarmName"] for it in template.of_type("AWS::CloudWatch::Alarm").values()}
    assert {it["AlarmName"] for it in aws("cloudwatch").describe_alarms()["MetricAlarms"]} == expected
    body = json.loads(aws("cloudwatch").get_dashboard(DashboardName="lineward")["DashboardBody"])
    assert body["widgets"][0]["type"] == "alarm"


def test_the_real_program_answers(stack, aws):
    answer = aws("lambda").invoke(FunctionName="lineward", Payload=b"{}")
    body = json.load(answer["Payload"])
    if answer.get("FunctionError"):
        assert body["errorType"] in ERRORS, body
    else:
        assert body["run"], body


def test_an_audit_leaves_its_report_and_ledger_in_the_bucket(stack, aws, sandbox):
    s3, bucket = aws("s3"), stack["BucketName"]
    configuration = b'[organization]\nregions = ["us-east-1", "eu-west-1"]\n'
    s3.put_object(Bucket=bucket, Key="config/lineward.toml", Body=configuration)
    for generation in (1, 2):
        answer = aws("lambda").invoke(FunctionName="lineward", Payload=b'{"task":"audit"}')
        body = json.load(answer["Payload"])
        assert "FunctionError" not in answer, body
        keys = [it["Key"] for it in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        assert f"data/ledger/gen={generation:010}/ledger.json.zst" in keys
        assert len([key for key in keys if key.startswith("data/reports/")]) == generation
        # The role may write nowhere else.
        assert {key.split("/")[0] for key in keys} == {"config", "data"}
    accounts = sandbox.admin("organization")["accounts"]
    assert body["accounts"]["audited"] == sum(account["readable"] for account in accounts)


def test_the_schedule_of_a_large_organization_starts_the_state_machine(deploy, built, tmp_path, aws):
    stack = deploy(zipped(built / "bootstrap", tmp_path), ScheduleMode="fan-out")
    schedule = aws("scheduler").get_schedule(Name="lineward")
    assert schedule["Target"]["Arn"] == stack["StateMachineArn"]
    assert json.loads(schedule["Target"]["Input"]) == {}
