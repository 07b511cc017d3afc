"""The policies, against every call that the real walk makes on two simulated organizations."""

import json
import re
import subprocess
import urllib.request

import pytest
from estate import plant
from permissions import FREE, MEMBER, allowing, granted, of_moto, of_sandbox
from template import ACCOUNT, AUDITOR, EXTERNAL_ID, INFRA, ORGANIZATION
from template import MEMBER as MEMBER_PARAMETERS
from template import RULES, Stack, as_list, statements

# What of the auditor's role the walk has no need of, and who has.
BEYOND_THE_WALK = {
    "s3:DeleteObject": "the store, which keeps twenty generations of the ledger",
    "s3:GetObject": "the configuration, the ledger, plans and shards",
    "s3:ListBucket": "the store, which lists generations",
    "s3:PutObject": "ledgers, reports, plans and shards",
    "secretsmanager:GetSecretValue": "routing keys",
    "ssm:GetParameter": "routing keys",
    "logs:CreateLogStream": "the runtime",
    "logs:PutLogEvents": "the runtime",
    "sqs:DeleteMessage": "the event source mapping",
    "sqs:GetQueueAttributes": "the event source mapping",
    "sqs:ReceiveMessage": "the event source mapping",
    "sqs:SendMessage": "the runtime, for invocations that failed twice",
}
CONTEXT = {"aws:ResourceOrgID": ORGANIZATION}


@pytest.fixture(scope="module")
def auditor():
    return Stack("auditor.yaml", AUDITOR).resources["AuditorRole"]


@pytest.fixture(scope="module")
def member():
    return Stack("member-role.yaml", MEMBER_PARAMETERS, account=MEMBER).resources["MemberRole"]


@pytest.fixture
def on_sandbox(start_sandbox, built, tmp_path):
    """What the walk asks of an organization with faults, sessions and its own account."""
    sandbox = start_sandbox("--external-id", EXTERNAL_ID, "--accounts", "30", "--record")
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIALINEWARDAUDITOR0",
        "AWS_SECRET_ACCESS_KEY": "not-verified",
        "AWS_ENDPOINT_URL": sandbox.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(tmp_path),
        "LINEWARD_ORGANIZATION__EXTERNAL_ID": EXTERNAL_ID,
    }
    run = subprocess.run([built / "lineward", "audit"], cwd=tmp_path, env=environment, capture_output=True)
    assert run.returncode in (1, 3), run.stderr
    asks = of_sandbox(sandbox)
    # The record is whole: as many requests as calls.
    assert len(asks) == sandbox.admin("calls")["total"]
    return asks


@pytest.fixture
def on_moto(clients, lineward, endpoint):
    """What it asks of one with managed policies that are nothing but a boundary."""
    plant(clients)
    recorder = f"{endpoint}/moto-api/recorder"
    urllib.request.urlopen(urllib.request.Request(f"{recorder}/start-recording", b"", method="POST"))
    code, _ = lineward.audit()
    assert code in (1, 3)
    return of_moto(urllib.request.urlopen(f"{recorder}/download-recording").read().decode())


@pytest.fixture
def asks(on_sandbox, on_moto):
    """Each call once: by whom, the action, the resource."""
    return {(who, action, resource) for who, action, resource in on_sandbox + on_moto if action not in FREE}


def of_own(resource, account):
    """The resource as one of `account`, since a simulated organization makes its own ids."""
    parts = resource.split(":")
    if len(parts) > 4 and parts[2] != "sts" and parts[4] not in ("", "aws"):
        parts[4] = account
    return ":".join(parts)


def test_no_permission_is_missing_and_none_is_never_used(asks, auditor, member):
    """The statements that allow each call are printed: `pytest -s`."""
    used = {"auditor": set(), "member": set()}
    roles = {"auditor": (statements(auditor), ACCOUNT), "member": (statements(member), MEMBER)}
    mapping = set()
    for who, action, resource in sorted(asks):
        policy, account = roles[who]
        mine = resource if action == "sts:AssumeRole" else of_own(resource, account)
        [sid] = allowing(policy, action, mine, CONTEXT) or pytest.fail(f"{who}: {action} on {mine} is denied")
        used[who].add(action)
        mapping.add((who, action, sid))
    for row in sorted(mapping):
        print(*row)
    assert granted(statements(member)) == used["member"]
    # The auditor reads its own account as it reads the others.
    walk = granted(statements(auditor)) - BEYOND_THE_WALK.keys()
    assert walk - used["member"] == used["auditor"] - used["member"]
    assert walk & used["member"] == used["member"]


def test_the_own_account_is_read_as_the_others_are(auditor, member):
    [own] = [policy for policy in auditor["Properties"]["Policies"] if policy["PolicyName"] == "read"]
    [theirs] = member["Properties"]["Policies"]
    assert json.dumps(own).replace(ACCOUNT, MEMBER) == json.dumps(theirs)


def test_what_is_read_reads(auditor, member):
    reading = ("Get", "List", "Describe")
    walk = granted(statements(auditor) + statements(member)) - BEYOND_THE_WALK.keys() - {"sts:AssumeRole"}
    assert all(action.split(":")[1].startswith(reading) for action in walk)
    assert not any("*" in action for action in granted(statements(auditor) + statements(member)))


@pytest.mark.parametrize(
    "action, resource, context",
    [
        ("sts:AssumeRole", f"arn:aws:iam::{MEMBER}:role/admin", CONTEXT),
        ("sts:AssumeRole", f"arn:aws:iam::{MEMBER}:role/path/lineward-member", CONTEXT),
        ("sts:AssumeRole", f"arn:aws:iam::{MEMBER}:role/lineward-member", {"aws:ResourceOrgID": "o-another"}),
        ("sts:AssumeRole", f"arn:aws:iam::{MEMBER}:role/lineward-member", {}),
        ("s3:PutObject", "arn:aws:s3:::another/data/x", CONTEXT),
        ("s3:PutObject", "Bucket.Arn/config/lineward.toml", CONTEXT),
        ("s3:DeleteObject", "Bucket.Arn/config/x", CONTEXT),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:other-Ab", CONTEXT),
        ("iam:GetPolicy", f"arn:aws:iam::{MEMBER}:policy/x", CONTEXT),
        ("emr-serverless:UpdateApplication", f"arn:aws:emr-serverless:us-east-1:{ACCOUNT}:/applications/0", CONTEXT),
    ],
)
def test_nothing_else_is_granted(auditor, action, resource, context):
    assert allowing(statements(auditor), action, resource, context) == []


def test_the_state_machine_and_the_schedule_may_do_their_part_and_no_more():
    stack = Stack("auditor.yaml", {**AUDITOR, "ScheduleMode": "fan-out"})
    machine = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:lineward"
    child = f"arn:aws:states:us-east-1:{ACCOUNT}:execution:lineward"
    role = statements(stack.resources["FanOutRole"])
    for action, resource in [
        ("lambda:InvokeFunction", "Auditor.Arn"),
        ("s3:GetObject", "Bucket.Arn/data/fan-out/run=1/plan.json"),
        ("states:StartExecution", machine),
        ("states:DescribeExecution", f"{child}/Scan:1"),
        ("states:StopExecution", f"{child}:1"),
    ]:
        assert allowing(role, action, resource, {}), (action, resource)
    assert not allowing(role, "s3:GetObject", "Bucket.Arn/config/lineward.toml", {})
    assert not allowing(role, "s3:PutObject", "Bucket.Arn/data/fan-out/run=1/plan.json", {})
    assert allowing(statements(stack.resources["ScheduleRole"]), "states:StartExecution", "FanOut", {})
    single = Stack("auditor.yaml", AUDITOR)
    assert allowing(statements(single.resources["ScheduleRole"]), "lambda:InvokeFunction", "Auditor.Arn", {})


def test_the_names_in_both_templates_agree(auditor, member):
    assert f"role/{auditor['Properties']['RoleName']}" in MEMBER_PARAMETERS["AuditorRoleArn"]
    [enter] = [it for it in statements(auditor) if it["Sid"] == "EnterAccounts"]
    assert as_list(enter["Resource"]) == [f"arn:aws:iam::*:role/{member['Properties']['RoleName']}"]


def test_without_a_bus_a_member_has_no_role_that_forwards():
    assert Stack("member-role.yaml", MEMBER_PARAMETERS).resources.keys() == {"MemberRole", "ForwardingRole"}
    silent = Stack("member-role.yaml", {**MEMBER_PARAMETERS, "EventBusArn": ""})
    assert silent.resources.keys() == {"MemberRole"}


def test_events_go_to_one_bus_and_from_there_to_one_queue():
    member = Stack("member-role.yaml", MEMBER_PARAMETERS)
    auditor = Stack("auditor.yaml", AUDITOR)
    role = member.resources["ForwardingRole"]
    assert allowing(statements(role), "events:PutEvents", MEMBER_PARAMETERS["EventBusArn"], {})
    assert granted(statements(role)) == {"events:PutEvents"}
    [bus] = auditor.properties("Bus")["Policy"]["Statement"]
    assert bus["Resource"] == MEMBER_PARAMETERS["EventBusArn"]
    assert bus["Condition"]["StringEquals"]["aws:PrincipalOrgID"] == ORGANIZATION
    # Whatever a member forwards, one of the auditor's rules takes.
    taken = {
        rule["Properties"]["EventPattern"]["source"][0]: rule["Properties"]["EventPattern"]["detail-type"]
        for rule in auditor.of_type("AWS::Events::Rule").values()
    }
    for rule in Stack("member-rules.yaml", RULES).of_type("AWS::Events::Rule").values():
        pattern = rule["Properties"]["EventPattern"]
        [source] = pattern["source"]
        assert set(pattern["detail-type"]) <= set(taken[source])
        [target] = rule["Properties"]["Targets"]
        assert target["Arn"] == MEMBER_PARAMETERS["EventBusArn"]
    mapping = auditor.properties("EventsMapping")
    assert mapping["BatchSize"] == 10 and mapping["MaximumBatchingWindowInSeconds"] == 5
    queue = auditor.properties("Events")
    # An event of a job run is worth a look as long as the queue gives it, and one of a new application comes
    # back once it may page.
    source = (INFRA.parent / "src" / "events.rs").read_text()
    [latest] = re.findall(r"LATEST: SignedDuration = SignedDuration::from_mins\((\d+)\)", source)
    receives = queue["RedrivePolicy"]["maxReceiveCount"]
    assert int(latest) * 60 > receives * queue["VisibilityTimeout"]
    look = (INFRA.parent / "lambda" / "look.rs").read_text()
    [looks] = map(int, re.findall(r"RECEIVED_FOR_NEWBORN: u32 = (\d+)", look))
    assert looks == receives - 1
    # The last look comes when `[pagerduty] grace` has passed.
    assert (looks - 1) * queue["VisibilityTimeout"] > 15 * 60
