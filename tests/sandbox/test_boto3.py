"""boto3, a client we did not write, reads from the sandbox the very estate that it says it has."""

import pytest
from botocore.exceptions import ClientError

REGIONS = ["us-east-1", "eu-west-1"]


@pytest.fixture
def sandbox(start_sandbox):
    return start_sandbox(
        "--accounts", "25", "--applications", "60", "--page-size", "7", "--seed", "3"
    )


def pages(client, operation, key, **parameters):
    found = client.get_paginator(operation).paginate(**parameters)
    return [item for page in found for item in page[key]]


def accounts(sandbox):
    return pages(sandbox.client("organizations"), "list_accounts", "Accounts")


def test_all_accounts_are_listed_with_both_names_of_their_state(sandbox):
    told = {row["id"]: row["state"] for row in sandbox.admin("organization")["accounts"]}
    listed = accounts(sandbox)
    assert {row["Id"]: row["State"] for row in listed} == told
    assert all(row["State"] == row["Status"] for row in listed)
    organization = sandbox.client("organizations").describe_organization()["Organization"]
    assert organization["Id"] == sandbox.admin("organization")["id"]


def test_the_same_applications_runs_and_sessions_are_read(sandbox):
    told = {row["arn"]: row for row in sandbox.admin("applications") if row["readable"]}
    own = sandbox.client("sts").get_caller_identity()["Account"]
    read = {}
    for account in accounts(sandbox):
        if account["State"] != "ACTIVE":
            continue
        try:
            credentials = None if account["Id"] == own else sandbox.enter(account["Id"])
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied"
            continue
        for region in REGIONS:
            client = sandbox.client("emr-serverless", credentials, region)
            for summary in pages(client, "list_applications", "applications"):
                read[summary["arn"]] = read_application(client, summary)
    columns = ("name", "release_label", "type", "job_runs", "sessions")
    assert read == {arn: tuple(row[column] for column in columns) for arn, row in told.items()}


def read_application(client, summary):
    """What the sandbox tells of an application; each of its runs and sessions is read."""
    which = {"applicationId": summary["id"]}
    application = client.get_application(**which)["application"]
    assert "tags" in application and "tags" not in summary
    runs = pages(client, "list_job_runs", "jobRuns", **which)
    for run in runs:
        detail = client.get_job_run(jobRunId=run["id"], **which)["jobRun"]
        assert detail["jobDriver"].keys() <= {"sparkSubmit", "hive"}
        assert "jobDriver" not in run
    sessions = pages(client, "list_sessions", "sessions", **which)
    for session in sessions:
        detail = client.get_session(sessionId=session["sessionId"], **which)["session"]
        assert detail["executionRoleArn"]
    told = (application[field] for field in ("name", "releaseLabel", "type"))
    return *told, len(runs), len(sessions)


def test_roles_come_in_pages_with_decoded_documents(sandbox):
    client = sandbox.client("iam")
    details = client.get_paginator("get_account_authorization_details").paginate(
        Filter=["Role", "LocalManagedPolicy", "AWSManagedPolicy"], PaginationConfig={"PageSize": 1}
    )
    found = list(details)
    roles = [role for page in found for role in page["RoleDetailList"]]
    policies = [policy for page in found for policy in page["Policies"]]
    assert len(found) > 1 and len(roles) >= 3 and len(policies) >= 1
    for role in roles:
        assert role["AssumeRolePolicyDocument"]["Statement"]
        assert all({"Key", "Value"} == set(tag) for tag in role["Tags"])
        assert all(inline["PolicyDocument"]["Statement"] for inline in role["RolePolicyList"])
    assert any(role["Tags"] for role in roles)
    assert any(role["RolePolicyList"] for role in roles)
    attached = {policy["PolicyArn"] for role in roles for policy in role["AttachedManagedPolicies"]}
    assert attached and attached <= {policy["Arn"] for policy in policies}
    for policy in policies:
        [default] = [one for one in policy["PolicyVersionList"] if one["IsDefaultVersion"]]
        assert default["VersionId"] == policy["DefaultVersionId"]
        assert default["Document"]["Statement"]


def test_a_policy_that_is_only_a_boundary_is_read_by_itself(sandbox):
    own = sandbox.client("sts").get_caller_identity()["Account"]
    readable = {row["account"] for row in sandbox.admin("applications") if row["readable"]}
    read = 0
    for account in readable - {own}:
        client = sandbox.client("iam", sandbox.enter(account))
        roles = pages(client, "get_account_authorization_details", "RoleDetailList")
        policies = pages(client, "get_account_authorization_details", "Policies")
        for role in roles:
            if "PermissionsBoundary" in role:
                boundary = role["PermissionsBoundary"]["PermissionsBoundaryArn"]
                assert boundary not in {policy["Arn"] for policy in policies}
                read_policy(client, boundary)
                read += 1
    assert read


def read_policy(client, arn):
    policy = client.get_policy(PolicyArn=arn)["Policy"]
    assert policy["PermissionsBoundaryUsageCount"] == 1
    assert policy["Tags"] == client.list_policy_tags(PolicyArn=arn)["Tags"]
    version = client.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
    assert version["PolicyVersion"]["Document"]["Statement"]
    with pytest.raises(ClientError, match="NoSuchEntity"):
        client.get_policy_version(PolicyArn=arn, VersionId="v9")


def test_regions_are_listed(sandbox):
    regions = pages(sandbox.client("account"), "list_regions", "Regions")
    enabled = {row["RegionName"] for row in regions if row["RegionOptStatus"] == "ENABLED_BY_DEFAULT"}
    assert set(REGIONS) <= enabled and len(enabled) == 17


def test_what_is_refused_has_the_codes_of_aws(sandbox):
    denied = [row["account"] for row in sandbox.admin("expected") if row["rule"] == "account-unreachable"]
    with pytest.raises(ClientError, match="AccessDenied"):
        sandbox.enter(denied[0])
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        sandbox.client("emr-serverless").get_application(applicationId="00fabsent0000000")
    wrong = {"AccessKeyId": "AKIAWRONG", "SecretAccessKey": "x", "SessionToken": None}
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        sandbox.client("emr-serverless", wrong).list_applications()


def test_a_quota_throttles_as_aws_does(start_sandbox):
    sandbox = start_sandbox("--quotas", "--accounts", "2", "--applications", "2")
    client = sandbox.client("emr-serverless")
    [application, *_] = pages(client, "list_applications", "applications")
    with pytest.raises(ClientError, match="ThrottlingException"):
        for _ in range(40):
            client.list_job_runs(applicationId=application["id"])


def test_pagerduty_enforces_its_limits(sandbox):
    payload = {"summary": "s", "source": "x", "severity": "error"}
    event = {"routing_key": "R" * 32, "event_action": "trigger", "dedup_key": "k", "payload": payload}
    assert sandbox.post("/v2/enqueue", event)[0] == 202
    for wrong in (
        {"routing_key": "short"},
        {"event_action": "shout"},
        {"dedup_key": "k" * 256},
        {"payload": {**payload, "summary": "s" * 1025}},
        {"payload": {**payload, "severity": "bad"}},
        {"payload": {"summary": "s"}},
    ):
        status, answer = sandbox.post("/v2/enqueue", {**event, **wrong})
        assert status == 400 and answer["errors"], wrong
    large = {**payload, "custom_details": {"text": "x" * 600_000}}
    assert sandbox.post("/v2/enqueue", {**event, "payload": large})[0] == 413
    statuses = [sandbox.post("/v2/enqueue", event)[0] for _ in range(130)]
    assert statuses.count(202) <= 120 and statuses[-1] == 429


def test_a_planted_fault_can_be_read(sandbox):
    own = sandbox.client("sts").get_caller_identity()["Account"]
    seen = set()
    for row in sandbox.admin("applications"):
        if not row["readable"] or row["type"] == "Hive":
            continue
        credentials = None if row["account"] == own else sandbox.enter(row["account"])
        client = sandbox.client("emr-serverless", credentials, row["region"])
        application = client.get_application(applicationId=row["id"])["application"]
        assert bool(faults(application)) == (row["fault"] in VISIBLE), (row, application)
        assert row["fault"] not in VISIBLE or row["fault"] in faults(application)
        seen.add(row["fault"])
    assert VISIBLE <= seen


# The faults that show without knowing which agent is built for which release.
VISIBLE = {
    "agent-gone",
    "configuration-gone",
    "custom-image",
    "disabled",
    "disabled-by-hadoop",
    "listener-gone",
    "listener-misspelt",
    "team-missing",
    "team-unknown",
    "unsupported-bare",
}


def faults(application):
    """The names of what is wrong with a Spark application, as its configuration alone shows it."""
    blocks = application.get("runtimeConfiguration", [])
    [properties] = [
        block["properties"] for block in blocks if block["classification"] == "spark-defaults"
    ] or [{}]
    names = properties.get("spark.jars", "") + properties.get("spark.jars.packages", "")
    if "spline" not in names:
        return {"agent-gone", "configuration-gone", "custom-image", "unsupported-bare"}
    if "spark.sql.queryExecutionListeners" not in properties:
        return {"listener-gone", "listener-misspelt"}
    if properties.get("spark.hadoop.spline.mode") == "DISABLED":
        return {"disabled-by-hadoop"}
    if properties.get("spark.spline.mode") == "DISABLED":
        return {"disabled"}
    return {
        None: {"team-missing"},
        "unregistered-team": {"team-unknown"},
    }.get(application["tags"].get("Team"), set())
