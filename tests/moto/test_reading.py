"""What the walk reads from moto beyond the planted faults."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError
from estate import (
    CAPACITY,
    LISTENER,
    LISTENERS,
    REGIONS,
    create_application,
    defaults,
    plant,
    trust,
)
from test_walk import CONFIGURATION, found, stop_and

ADS = {"Team": "ads"}


@pytest.fixture
def alone(lineward):
    """The caller's account without an organization, in two Regions."""
    configuration = '[[team]]\nname = "ads"\n[[image]]\nuri = "*/a:1"\n'
    (lineward.folder / "lineward.toml").write_text(configuration)

    def audit(*arguments):
        regions = [flag for region in REGIONS for flag in ("--region", region)]
        return lineward.audit(*regions, *arguments)

    return audit


def spark(client, **fields):
    answer = client.create_application(
        name="spark", releaseLabel="emr-7.1.0", type="SPARK", tags=ADS, maximumCapacity=CAPACITY, **fields
    )
    return answer["arn"]


def spark_defaults(properties):
    return [{"classification": "spark-defaults", "properties": properties}]


def test_an_image_may_hold_the_agent_so_the_verdict_is_unknown(alone, clients):
    arn = spark(
        clients("emr-serverless"),
        imageConfiguration={"imageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1"},
        runtimeConfiguration=spark_defaults({LISTENERS: LISTENER}),
    )
    code, report = alone()
    [row] = report["findings"]
    assert (row["rule"], row["resource"]) == ("spline-agent-missing", arn)
    assert row["verdict"] == "unknown"
    assert report["summary"]["unknown"] == 1
    assert code == 1


def test_hive_is_passed_over(alone, clients):
    clients("emr-serverless").create_application(
        name="hive", releaseLabel="emr-7.1.0", type="HIVE", tags=ADS, maximumCapacity=CAPACITY
    )
    code, report = alone()
    assert (code, report["findings"], report["summary"]["applications"]) == (0, [], 1)
    assert report["applications"][0]["compliant"]


def test_an_endpoint_that_knows_no_sessions_has_none(alone, clients):
    client = clients("emr-serverless")
    arn = spark(
        client,
        interactiveConfiguration={"sessionEnabled": True},
        runtimeConfiguration=spark_defaults(defaults()),
    )
    # Sessions are asked for only where they are enabled; moto answers 404 and a page of HTML.
    with pytest.raises(ClientError, match="404"):
        client.list_sessions(applicationId=arn.rsplit("/", 1)[1])
    application = client.get_application(applicationId=arn.rsplit("/", 1)[1])["application"]
    assert application["interactiveConfiguration"]["sessionEnabled"]
    code, report = alone()
    assert (code, report["run"]["complete"]) == (0, True)
    assert report["summary"]["sessions"] == 0


def test_more_applications_than_a_page_holds_are_all_read(alone, clients):
    client = clients("emr-serverless", region="eu-west-1")
    names = [f"application-{number}" for number in range(53)]
    arns = {create_application(client, name, "emr-7.1.0", ADS, None) for name in names}
    assert len(client.list_applications(maxResults=50)["applications"]) == 50
    _, report = alone()
    assert {row["resource"] for row in report["findings"]} == arns
    assert len(report["findings"]) == len(arns)


def test_a_faulty_application_has_each_fault_once_and_is_not_compliant(alone, clients):
    properties = {"spark.jars": "s3://b/spline-7.0.0.jar"}
    arn = create_application(clients("emr-serverless"), "three", "emr-7.1.0", {}, properties)
    _, report = alone()
    rules = [row["rule"] for row in report["findings"]]
    assert sorted(rules) == [
        "application-team-missing",
        "spline-agent-wrong-release",
        "spline-listener-missing",
    ]
    assert found(report, "new") == {(rule, arn) for rule in rules}
    assert [row["compliant"] for row in report["applications"]] == [False]
    assert report["summary"]["findings"] == {"critical": 0, "high": 2, "medium": 1, "low": 0}


def test_a_mended_application_is_clean(alone, clients):
    client = clients("emr-serverless")
    arn = create_application(client, "bare", "emr-7.1.0", ADS, None)
    assert alone()[0] == 1
    stop_and(client, arn, lambda **which: client.update_application(
        runtimeConfiguration=spark_defaults(defaults()), **which))
    code, report = alone()
    assert (code, found(report, "resolved")) == (0, {("spline-agent-missing", arn)})


def test_the_own_account_of_an_organization_is_walked_without_a_role(lineward, clients):
    (lineward.folder / "lineward.toml").write_text(CONFIGURATION)
    organization = clients("organizations").create_organization(FeatureSet="ALL")["Organization"]
    arn = create_application(clients("emr-serverless"), "bare", "emr-7.1.0", ADS, None)
    _, report = lineward.audit()
    assert report["organization"] == {
        "id": organization["Id"],
        "management_account": organization["MasterAccountId"],
    }
    assert found(report, "new") == {("spline-agent-missing", arn)}


def test_roles_are_read_with_tags_documents_and_policies(lineward, clients):
    (lineward.folder / "lineward.toml").write_text(CONFIGURATION)
    members, _, _ = plant(clients)
    assert lineward.run("collect", "-o", "estate.jsonl.gz").returncode == 0
    with gzip.open(lineward.folder / "estate.jsonl.gz", "rt") as file:
        slices = [json.loads(line) for line in file][1:-1]
    read = {}
    for piece in slices:
        for role in piece.get("roles", []):
            if role["name"] == "ads-execution-role":
                read[piece["account"]["id"]] = (role, piece["policies"])
    assert read.keys() == set(members)
    for account, (role, policies) in read.items():
        prefix = f"arn:aws:iam::{account}:policy"
        assert role["tags"] == ADS
        assert json.loads(role["trust"]) == json.loads(trust(account))
        [inline] = role["inline_policies"]
        assert json.loads(inline["document"])["Statement"][0]["Action"] == "s3:GetObject"
        assert role["attached_policies"] == [f"{prefix}/ads-managed"]
        assert role["boundary"] == f"{prefix}/ads-boundary"
        assert [policy["arn"] for policy in policies] == [role["boundary"], *role["attached_policies"]]
        boundary, managed = policies
        assert boundary["tags"] == ADS
        assert managed["tags"] == {**ADS, **{f"note-{number}": "+ &" for number in range(9)}}
        for policy in policies:
            assert policy["version"] == "v1"
            assert json.loads(policy["document"])["Statement"][0]["Effect"] == "Allow"
    # moto gives each member account the role of Organizations besides.
    _, report = lineward.audit()
    assert report["run"]["complete"]
    # Its trust names another account, so that it is judged as well.
    assert report["summary"]["roles"] == 2 * len(members)
    assert report["summary"]["roles_excluded"] == {
        "service_linked": 0,
        "identity_center": 0,
        "out_of_scope": 0,
    }
