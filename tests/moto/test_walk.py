"""The walk on an AWS that somebody else simulates."""

import gzip
import json

import jsonschema
import pytest
from estate import REGIONS, create_application, defaults, expected, plant

CONFIGURATION = """
[organization]
role = "lineward-member"
regions = ["us-east-1", "eu-west-1"]

# moto says that everything was created at midnight.
[walk]
job_run_window = "72h"

[[team]]
name = "ads"
"""


@pytest.fixture
def estate(clients, lineward):
    (lineward.folder / "lineward.toml").write_text(CONFIGURATION)
    return plant(clients)


def found(report, *statuses):
    rows = report["findings"]
    return {(row["rule"], row["resource"]) for row in rows if row["status"] in statuses}


def stop_and(client, arn, change):
    application = arn.rsplit("/", 1)[1]
    client.stop_application(applicationId=application)
    change(applicationId=application)


def place_of(arn):
    _, _, _, region, account, _ = arn.split(":", 5)
    return account, region


def test_exactly_what_was_planted_is_found(lineward, estate):
    members, suspended, arns = estate
    code, report = lineward.audit()
    assert found(report, "new") == expected(arns)
    assert {row["verdict"] for row in report["findings"]} == {"fail"}
    assert code == 1
    assert report["run"]["complete"]
    accounts = report["coverage"]["accounts"]
    assert accounts == {"total": len(members) + 2, "audited": len(members) + 1, "skipped": 1, "failed": 0}
    [scope] = report["coverage"]["scopes"]
    assert (scope["account"], scope["outcome"], scope["code"]) == (suspended, "skipped", "SUSPENDED")
    assert report["organization"]["id"].startswith("o-")
    assert report["summary"]["applications"] == len(arns)
    assert report["summary"]["job_runs"] == 3
    # moto gives each member account `OrganizationAccountAccessRole`.
    # The role of Organizations is judged as well: its trust names another account.
    assert report["summary"]["roles"] == 2 * len(members)
    assert report["summary"]["roles_excluded"]["out_of_scope"] == 0


def test_findings_are_followed_over_runs(lineward, clients, estate):
    _, _, arns = estate
    lineward.audit()
    code, second = lineward.audit()
    assert found(second, "ongoing") == expected(arns)
    assert second["summary"]["new_applications"] == 0

    mended = arns["no-agent"]
    client = clients("emr-serverless", *place_of(mended))
    configuration = [{"classification": "spark-defaults", "properties": defaults()}]
    stop_and(client, mended, lambda **which: client.update_application(
        runtimeConfiguration=configuration, **which))
    deleted = arns["disabled"]
    client = clients("emr-serverless", *place_of(deleted))
    stop_and(client, deleted, client.delete_application)

    code, third = lineward.audit()
    resolved = {("spline-agent-missing", mended), ("spline-disabled", deleted)}
    assert found(third, "resolved") == resolved
    assert found(third, "ongoing") == expected(arns) - resolved
    assert code == 1
    listed = {row["arn"] for row in third["applications"]}
    assert mended in listed and deleted not in listed


def test_a_snapshot_gives_the_same_findings(lineward, estate):
    _, live = lineward.audit("--store", "file:live")
    assert lineward.run("collect", "-o", "estate.jsonl.gz").returncode == 0
    header = json.loads(gzip.open(lineward.folder / "estate.jsonl.gz", "rt").readline())
    assert header["schema"] == "lineward/estate/1"
    _, judged = lineward.audit("--estate", "estate.jsonl.gz", "--store", "file:judged")

    def evidence(report):
        return [(row["fingerprint"], row["evidence"]) for row in report["findings"]]

    assert evidence(judged) == evidence(live)


def test_reports_are_valid_by_their_schema(lineward, clients, estate):
    _, _, arns = estate
    schema = json.loads(lineward.run("schema", "report").stdout)
    _, first = lineward.audit()
    client = clients("emr-serverless", *place_of(arns["disabled"]))
    stop_and(client, arns["disabled"], client.delete_application)
    _, second = lineward.audit()
    for report in (first, second):
        jsonschema.validate(report, schema)
    first["findings"][0]["verdict"] = "perhaps"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(first, schema)


def test_a_snapshot_is_valid_by_its_schema(lineward, estate):
    schema = json.loads(lineward.run("schema", "estate").stdout)
    lineward.run("collect", "-o", "estate.jsonl")
    lines = (lineward.folder / "estate.jsonl").read_text().splitlines()
    assert len(lines) > 3
    for line in lines[1:-1]:
        jsonschema.validate(json.loads(line), schema)


def test_without_an_organization_the_callers_account_is_audited(lineward, clients):
    arns = {}
    for region in REGIONS:
        client = clients("emr-serverless", region=region)
        arns[region] = create_application(client, "bare", "emr-7.1.0", {"Team": "ads"}, None)
    code, report = lineward.audit("--region", "us-east-1", "--region", "eu-west-1")
    assert found(report, "new") == {("spline-agent-missing", arn) for arn in arns.values()}
    assert code == 1
    [scope] = report["coverage"]["scopes"]
    assert (scope["service"], scope["outcome"]) == ("organizations", "skipped")
    # AWS says AWSOrganizationsNotInUseException where moto lists no account.
    assert scope["code"] == "NoAccountsListed"
    assert report["coverage"]["accounts"]["total"] == 1


def test_regions_that_can_not_be_listed_are_the_default_ones_with_a_note(lineward, clients):
    """moto has no `account:ListRegions`, as an account may deny it."""
    client = clients("emr-serverless", region="eu-north-1")
    arn = create_application(client, "bare", "emr-7.1.0", {"Team": "ads"}, None)
    code, report = lineward.audit()
    assert found(report, "new") == {("spline-agent-missing", arn)}
    assert code == 1
    notes = {scope["service"]: scope["outcome"] for scope in report["coverage"]["scopes"]}
    assert notes == {"organizations": "skipped", "account": "skipped"}
