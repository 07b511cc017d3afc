"""What the templates say to each other, and what each parameter of the house does."""

import fnmatch
import re

import pytest
from template import ACCOUNT, AUDITOR, EXTERNAL_ID, MEMBER, ORGANIZATION, RULES, Stack, as_list, load, statements

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"


@pytest.fixture
def auditor():
    return Stack("auditor.yaml", AUDITOR)


@pytest.mark.parametrize("mapping, function", [("EventsMapping", "EventAuditor"), ("RoleChangesMapping", "Auditor")])
def test_a_queue_waits_six_times_as_long_as_its_function_may_take(auditor, mapping, function):
    source = auditor.properties(mapping)
    assert source["FunctionName"] == function
    queue = auditor.properties(source["EventSourceArn"].split(".")[0])
    least = 6 * auditor.properties(function)["Timeout"] + source["MaximumBatchingWindowInSeconds"]
    assert queue["VisibilityTimeout"] >= least
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5


def test_both_functions_are_one_program_with_one_configuration(auditor):
    scans, events = auditor.properties("Auditor"), auditor.properties("EventAuditor")
    for key in ("Code", "Environment", "Role", "LoggingConfig", "Architectures"):
        assert scans[key] == events[key]
    # `platform.report` is of the level INFO.
    assert scans["LoggingConfig"]["SystemLogLevel"] == "INFO"
    assert events["ReservedConcurrentExecutions"] == auditor.properties("EventsMapping")["ScalingConfig"]["MaximumConcurrency"]
    unreserved = Stack("auditor.yaml", {**AUDITOR, "ReserveConcurrency": "false"})
    assert "ReservedConcurrentExecutions" not in unreserved.properties("EventAuditor")
    arm = Stack("auditor.yaml", {**AUDITOR, "Architecture": "arm64"})
    assert {*arm.properties("Auditor")["Architectures"], *arm.properties("EventAuditor")["Architectures"]} == {"arm64"}


def test_the_bus_takes_what_the_rules_of_members_send(auditor):
    [statement] = auditor.properties("Bus")["Policy"]["Statement"]
    sources = statement["Condition"]["StringEquals"]["events:source"]
    rules = Stack("member-rules.yaml", RULES).of_type("AWS::Events::Rule").values()
    sent = {source for rule in rules for source in rule["Properties"]["EventPattern"]["source"]}
    assert sent == set(sources)
    taken = auditor.of_type("AWS::Events::Rule").values()
    assert sent == {source for rule in taken for source in rule["Properties"]["EventPattern"]["source"]}


def test_each_rule_of_a_member_forwards_with_the_role_and_keeps_what_fails():
    path = {"RolePath": "security/", "MemberRoleName": "lineward-member"}
    role = Stack("member-role.yaml", {**MEMBER, **path}).properties("ForwardingRole")
    stack = Stack("member-rules.yaml", {**RULES, **path})
    rules = stack.of_type("AWS::Events::Rule").values()
    assert len(rules) == 4
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    [allowed] = [it for it in stack.properties("QueuePolicy")["PolicyDocument"]["Statement"] if it["Effect"] == "Allow"]
    for rule in rules:
        properties = rule["Properties"]
        [target] = properties["Targets"]
        assert target["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role{role['Path']}{role['RoleName']}"
        assert target["DeadLetterConfig"] == {"Arn": "FailedEvents.Arn"}
        arn = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{properties['Name']}"
        for condition in (trust["Condition"], allowed["Condition"]):
            assert fnmatch.fnmatchcase(arn, condition["ArnLike"]["aws:SourceArn"])


def test_changes_of_roles_are_told_in_the_one_region_of_iam():
    def names(region):
        return Stack("member-rules.yaml", RULES, region).of_type("AWS::Events::Rule").keys()

    assert "RoleChanges" in names("us-east-1")
    assert names("us-east-1") - names("eu-west-1") == {"RoleChanges"}
    rule = Stack("member-rules.yaml", RULES).properties("RoleChanges")
    calls = rule["EventPattern"]["detail"]["eventName"]
    assert {"PutRolePolicy", "UpdateAssumeRolePolicy", "TagRole", "AttachRolePolicy"} <= set(calls)
    # What only reads is never forwarded.
    assert not [call for call in calls if re.match("Get|List|Simulate|Generate", call)]


def test_a_member_trusts_the_account_and_the_arn_of_the_auditors_role():
    [trust] = Stack("member-role.yaml", MEMBER).properties("MemberRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert trust["Condition"] == {
        "ArnEquals": {"aws:PrincipalArn": MEMBER["AuditorRoleArn"]},
        "StringEquals": {"aws:PrincipalOrgID": ORGANIZATION, "sts:ExternalId": EXTERNAL_ID},
    }


@pytest.mark.parametrize("resource, template", [("Roles", "member-role.yaml"), ("Rules", "member-rules.yaml")])
def test_a_stack_set_gives_its_template_what_that_asks_for(resource, template):
    body = load("members.yaml")["Resources"][resource]["Properties"]
    asked = load(template)["Parameters"]
    given = {it["ParameterKey"]: it["ParameterValue"] for it in body["Parameters"]}
    # The state of the rules is for who deploys them by hand.
    assert given.keys() | {"RulesState"} == asked.keys() | {"RulesState"}
    assert all(value == {"Ref": key} for key, value in given.items())
    assert body["CallAs"] == "DELEGATED_ADMIN"
    assert (resource == "Rules") == ("DependsOn" in body["AutoDeployment"])
    declared = load("members.yaml")["Parameters"]
    for name in given:
        for key in ("AllowedPattern", "AllowedValues", "Default"):
            if name != "EventBusArn":
                assert declared[name].get(key) == asked[name].get(key), name


def test_path_and_boundary_are_those_of_every_role():
    house = {"RolePath": "security/", "PermissionsBoundary": "house/boundary"}
    stacks = [Stack("auditor.yaml", {**AUDITOR, **house}), Stack("member-role.yaml", {**MEMBER, **house})]
    roles = [role["Properties"] for stack in stacks for role in stack.of_type("AWS::IAM::Role").values()]
    assert len(roles) == 5
    for role in roles:
        assert role["Path"] == "/security/"
        assert role["PermissionsBoundary"] == f"arn:aws:iam::{ACCOUNT}:policy/house/boundary"
    # The auditor finds the members' role below its path.
    auditor = stacks[0]
    variables = auditor.properties("Auditor")["Environment"]["Variables"]
    assert variables["LINEWARD_ORGANIZATION__ROLE"] == "security/lineward-member"
    [enter] = [it for it in statements(auditor.resources["AuditorRole"]) if it["Sid"] == "EnterAccounts"]
    assert enter["Resource"] == "arn:aws:iam::*:role/security/lineward-member"


def test_a_key_encrypts_all_that_is_kept_and_who_uses_it_may():
    stack = Stack("auditor.yaml", {**AUDITOR, "KmsKeyArn": KEY})
    [rule] = stack.properties("Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    for queue in stack.of_type("AWS::SQS::Queue").values():
        assert queue["Properties"]["KmsMasterKeyId"] == KEY
        assert "SqsManagedSseEnabled" not in queue["Properties"]
    kept = [*stack.of_type("AWS::Logs::LogGroup").values(), *stack.of_type("AWS::SecretsManager::Secret").values()]
    assert {it["Properties"]["KmsKeyId"] for it in kept} == {KEY}
    for name, role in stack.of_type("AWS::IAM::Role").items():
        actions = [action for it in statements(role) if it["Resource"] == KEY for action in as_list(it["Action"])]
        assert "kms:Decrypt" in actions, name
    plain = Stack("auditor.yaml", AUDITOR)
    assert not [it for role in plain.of_type("AWS::IAM::Role").values() for it in statements(role) if "Key" in it["Sid"] and "kms" in str(it)]


def test_a_vpc_and_a_lock_are_there_only_where_they_are_asked_for(auditor):
    assert "VpcConfig" not in auditor.properties("Auditor")
    assert "ObjectLockEnabled" not in auditor.properties("Bucket")
    house = {"SubnetIds": "subnet-00000001,subnet-00000002", "SecurityGroupIds": "sg-00000001", "ObjectLockDays": 30}
    stack = Stack("auditor.yaml", {**AUDITOR, **house})
    for function in ("Auditor", "EventAuditor"):
        network = {"SubnetIds": ["subnet-00000001", "subnet-00000002"], "SecurityGroupIds": ["sg-00000001"]}
        assert stack.properties(function)["VpcConfig"] == network
    assert "ec2:CreateNetworkInterface" in str(stack.resources["AuditorRole"])
    retention = stack.properties("Bucket")["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert retention == {"Mode": "GOVERNANCE", "Days": 30}


def test_every_alarm_of_the_dashboard_is_one_and_none_is_left_out():
    stack = Stack("alarms.yaml", {})
    alarms = {it["Properties"]["AlarmName"] for it in stack.of_type("AWS::CloudWatch::Alarm").values()}
    shown = re.findall(r"alarm:([\w-]+)", stack.properties("Dashboard")["DashboardBody"])
    assert set(shown) == alarms and len(shown) == len(alarms)


def test_alarms_watch_functions_and_queues_that_there_are(auditor):
    names = {it["Properties"]["FunctionName"] for it in auditor.of_type("AWS::Lambda::Function").values()}
    names |= {it["Properties"]["QueueName"] for it in auditor.of_type("AWS::SQS::Queue").values()}
    for name, alarm in Stack("alarms.yaml", {}).of_type("AWS::CloudWatch::Alarm").items():
        for dimension in alarm["Properties"].get("Dimensions", []):
            if dimension["Name"] != "StateMachineArn":
                # A Ref to a stack's name is the text that it is compared with.
                assert dimension["Value"] in names, name
