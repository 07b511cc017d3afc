"""The state machine: what it says, and that somebody else's Step Functions runs it so."""

import json
import pathlib
import sys
import time

import pytest
from bootstrap import archive, zipped
from template import AUDITOR, Stack, definition

WORTH_A_RETRY = {
    "Lineward.Connection",
    "Lineward.Store",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.SdkClientException",
    "Lambda.AWSLambdaException",
}


@pytest.fixture(scope="module")
def machine():
    return definition(Stack("auditor.yaml", {**AUDITOR, "ScanConcurrency": 40}))


def levels(machine):
    """The machine, and each that is within one of its maps."""
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from levels(state["ItemProcessor"])


def states(machine):
    return [state for level in levels(machine) for state in level["States"].values()]


def test_every_state_is_reached_and_leads_to_an_end(machine):
    for level in levels(machine):
        reached, ahead = set(), [level["StartAt"]]
        while ahead:
            name = ahead.pop()
            if name not in reached:
                reached.add(name)
                state = level["States"][name]
                assert ("Next" in state) != (state.get("End") is True)
                ahead += [state["Next"]] if "Next" in state else []
                ahead += [catch["Next"] for catch in state.get("Catch", [])]
        assert reached == level["States"].keys()
        assert any(state.get("End") for state in level["States"].values())


def test_only_what_may_pass_is_tried_again(machine):
    tasks = [state for state in states(machine) if state["Type"] == "Task"]
    assert len(tasks) == 3
    for task in tasks:
        [busy, retry] = task["Retry"]
        assert set(retry["ErrorEquals"]) == WORTH_A_RETRY
        assert retry["BackoffRate"] > 1 and retry["MaxAttempts"] > 1
        # A scan may take its 15 minutes, and the next waits for it; a jittered wait is half as long on average.
        assert busy["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
        assert busy["MaxAttempts"] * busy["MaxDelaySeconds"] / 2 > 900
        # Longer than the function may take.
        assert task["TimeoutSeconds"] > 900
        # A task that fails for good ends the run, but for a scan.
        assert "Catch" not in task


def test_a_map_reads_the_plan_and_ends_in_finish_whatever_happens(machine):
    scan = machine["States"]["Scan"]
    assert scan["ItemReader"]["ReaderConfig"] == {"InputType": "JSON"}
    assert scan["MaxConcurrency"] == 40
    assert scan["ToleratedFailurePercentage"] == 100
    assert scan["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert not {"ItemBatcher", "ResultWriter", "ItemSelector"} & scan.keys()
    [catch] = scan["Catch"]
    assert catch["ErrorEquals"] == ["States.ALL"]
    # What `finish` needs is still there.
    assert catch["ResultPath"] == "$.failure" and scan["ResultPath"] is None
    assert catch["Next"] == scan["Next"] == "Finish"
    assert machine["States"]["Finish"]["Parameters"]["Payload"] == {
        "task": "finish", "run.$": "$.run", "input.$": "$$.Execution.Input"
    }


@pytest.fixture
def run(deploy, aws):
    """Runs the state machine with a scripted Lambda: how it ended, and what was asked for, in order."""
    program = pathlib.Path(__file__).with_name("scripted.py").read_bytes()
    stack = deploy(archive(b"#!" + sys.executable.encode() + b"\n" + program))
    s3, functions = aws("s3"), aws("stepfunctions")

    def run(**script):
        bucket = stack["BucketName"]
        s3.put_object(Bucket=bucket, Key="script.json", Body=json.dumps(script))
        execution = executed(functions, stack["StateMachineArn"])
        listed = s3.list_objects_v2(Bucket=bucket, Prefix="calls/").get("Contents", [])
        keys = sorted((it["Key"] for it in listed), key=lambda key: key.rsplit("/", 1)[1])
        return execution, [key.removeprefix("calls/").rsplit("/", 1)[0] for key in keys]

    return run


def executed(functions, machine):
    """One execution, at its end."""
    arn = functions.start_execution(stateMachineArn=machine)["executionArn"]
    for _ in range(600):
        execution = functions.describe_execution(executionArn=arn)
        if execution["status"] != "RUNNING":
            break
        time.sleep(0.1)
    return execution


def test_each_batch_is_scanned_between_plan_and_finish(run):
    execution, calls = run(batches=7)
    assert execution["status"] == "SUCCEEDED", execution
    assert calls[0] == "plan" and calls[-1] == "finish"
    assert sorted(calls[1:-1]) == [f"scan/{number}" for number in range(7)]
    assert json.loads(execution["output"])["run"] == "1"


def test_a_batch_that_fails_for_good_keeps_no_other_from_being_scanned(run):
    execution, calls = run(batches=3, **{"scan/1": ["Lineward.Configuration"]})
    assert execution["status"] == "SUCCEEDED", execution
    assert sorted(calls[1:-1]) == ["scan/0", "scan/1", "scan/2"]
    assert calls[-1] == "finish"


def test_finish_runs_though_there_is_no_plan_to_read(run):
    execution, calls = run(batches=3, loses_plan=True)
    assert execution["status"] == "SUCCEEDED", execution
    assert calls == ["plan", "finish"]


def test_what_may_pass_is_tried_again(run):
    execution, calls = run(batches=1, **{"scan/0": ["Lineward.Store", None]})
    assert execution["status"] == "SUCCEEDED", execution
    assert calls == ["plan", "scan/0", "scan/0", "finish"]


def test_a_configuration_that_is_wrong_ends_the_run_at_once(run):
    execution, calls = run(batches=1, plan=["Lineward.Configuration"])
    assert execution["status"] == "FAILED"
    assert calls == ["plan"]


class TestWithTheRealProgram:
    @pytest.fixture
    def sandbox(self, start_sandbox):
        return start_sandbox("--external-id", AUDITOR["ExternalId"], "--accounts", "60")

    def test_the_whole_organization_is_audited(self, deploy, built, tmp_path, aws, sandbox):
        stack = deploy(zipped(built / "bootstrap", tmp_path))
        configuration = b'[organization]\nregions = ["us-east-1", "eu-west-1"]\n'
        aws("s3").put_object(Bucket=stack["BucketName"], Key="config/lineward.toml", Body=configuration)
        execution = executed(aws("stepfunctions"), stack["StateMachineArn"])
        assert execution["status"] == "SUCCEEDED", execution
        output = json.loads(execution["output"])
        accounts = sandbox.admin("organization")["accounts"]
        assert output["accounts"]["total"] == len(accounts)
        assert output["accounts"]["audited"] == sum(account["readable"] for account in accounts)
        listed = aws("s3").list_objects_v2(Bucket=stack["BucketName"], Prefix="data/fan-out/")["Contents"]
        assert len([it for it in listed if "/shard-" in it["Key"]]) > 1
