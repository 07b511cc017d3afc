"""The module that teams take their applications from: what it sets passes every rule of the real binary."""

import json
import shutil
import subprocess
import tomllib

import pytest
from hcl import Module, plain
from template import INFRA

ROOT = INFRA.parent
MODULE = INFRA / "terraform" / "modules" / "spark-application"
REQUIRED = {
    "name": "daily",
    "team": "ads",
    "spline_jars": "s3://example-artifacts/spline",
    "spline_producer_url": "https://lineage.example.internal/producer",
    "log_uri": "s3://example-logs/ads/",
}
LOG_PLUGIN = {
    "spark.plugins": "com.example.LoggerSparkPlugin",
    "spark.example.vaultAuthRole": "ads-logs",
}
# Everything that a rule can be asked to look at, is asked for.
STRICT = """
[[team]]
name = "ads"

[rules.application-capacity-unbounded]
vcpu = 400
memory_gb = 3000
disk_gb = 20000

[rules.application-idle-timeout-long]
minutes = 15

[rules.application-log-plugin-missing]
plugin = "com.example.LoggerSparkPlugin"
keys = ["spark.example.vaultAuthRole"]

[rules.spline-agent-outdated]
minimum = "2.2.3"

[rules.spline-dispatcher-unapproved]
destinations = ["https://lineage.example.internal/*"]
"""


def toml(name):
    return tomllib.loads((ROOT / "rules" / "spark" / name).read_text())


def numbers(version):
    return [int(number) for number in version.split(".")]


def module(**variables):
    return Module(MODULE, **{**REQUIRED, "log_plugin": LOG_PLUGIN, **variables})


def request(module):
    """The resource as the `CreateApplication` that the provider makes of it: names in camel case, single
    blocks as objects."""
    wanted = module.resource("aws_emrserverless_application", "this")
    return {**camel(wanted), "type": wanted["type"].upper(), "tags": wanted["tags"]}


def camel(value):
    if isinstance(value, list) and len(value) == 1 and "classification" not in value[0]:
        return camel(value[0])
    if isinstance(value, list):
        return [camel(it) for it in value]
    if not isinstance(value, dict):
        return value
    head = {key: key.split("_")[0] + "".join(it.title() for it in key.split("_")[1:]) for key in value}
    return {head[key]: it if key == "properties" else camel(it) for key, it in value.items()}


@pytest.fixture
def audit(clients, lineward):
    """The findings on applications with these settings."""

    def audit(*requests):
        (lineward.folder / "lineward.toml").write_text(STRICT)
        client = clients("emr-serverless")
        for request in requests:
            # boto3 refuses what the service's model doesn't have.
            client.create_application(**request)
        code, report = lineward.audit("--region", "us-east-1")
        assert report["summary"]["applications"] == len(requests)
        rows = [(row["rule"], row["verdict"], row["evidence"]) for row in report["findings"]]
        return code, rows

    return audit


def test_the_matrix_is_that_of_the_rules():
    local = module().local
    matrix = {name: module().value(local[name]) for name in ("releases", "agents")}
    bundles = {(it["spark"], it["scala"]): it["versions"][-1] for it in toml("agents.toml")["bundle"]}
    releases = {}
    for release in toml("releases.toml")["release"]:
        spark = ".".join(release["spark"].split(".")[:2])
        if release.get("serverless", True) and (spark, release["scala"]) in bundles:
            releases[release["label"]] = {"spark": spark, "scala": release["scala"]}
    assert matrix["releases"] == releases
    used = {(it["spark"], it["scala"]) for it in releases.values()}
    assert matrix["agents"] == {spark: bundles[spark, scala] for spark, scala in used}
    assert len(used) == len(matrix["agents"])
    broken = [fault for fault in toml("agents.toml")["broken"] if "agent" not in fault]
    assert not {fault.get("version") for fault in broken} & set(matrix["agents"].values())
    for fault in (fault for fault in broken if "since" in fault):
        agents = [agent for spark, agent in matrix["agents"].items() if spark.startswith(fault["spark"])]
        assert all(not numbers(fault["since"]) <= numbers(agent) < numbers(fault["mended"]) for agent in agents)


def test_an_application_of_each_release_passes_every_rule(audit):
    releases = module().value(module().local["releases"])
    assert len(releases) > 20
    requests = [request(module(name=label, release_label=label)) for label in releases]
    assert audit(*requests) == (0, [])


def test_what_a_team_adds_leaves_it_compliant(audit):
    added = module(
        jars=["s3://example-artifacts/job/1.2.3/app.jar"],
        query_execution_listeners=["com.example.Listener"],
        spark_defaults={"spark.executor.memory": "8g"},
        tags={"Team": "nobody", "CostCenter": "7"},
    )
    wanted = request(added)
    assert wanted["tags"] == {"Team": "ads", "CostCenter": "7"}
    [defaults] = wanted["runtimeConfiguration"]
    assert defaults["properties"]["spark.executor.memory"] == "8g"
    assert defaults["properties"]["spark.jars"].endswith("2.2.3.jar,s3://example-artifacts/job/1.2.3/app.jar")
    assert audit(wanted) == (0, [])


def silence(wanted):
    """No log of either kind."""
    kept = wanted["monitoringConfiguration"]
    kept["managedPersistenceMonitoringConfiguration"]["enabled"] = False
    del kept["s3MonitoringConfiguration"]


def drop(wanted, key):
    del wanted["runtimeConfiguration"][0]["properties"][key]


@pytest.mark.parametrize(
    "rule, change",
    [
        ("spline-agent-missing", lambda it: drop(it, "spark.jars")),
        ("spline-agent-wrong-release", lambda it: it.update(releaseLabel="emr-6.15.0")),
        ("spline-listener-missing", lambda it: drop(it, "spark.sql.queryExecutionListeners")),
        ("spline-dispatcher-incomplete", lambda it: drop(it, "spark.spline.lineageDispatcher.http.producer.url")),
        ("application-log-plugin-missing", lambda it: drop(it, "spark.plugins")),
        ("application-team-missing", lambda it: it["tags"].clear()),
        ("application-logs-disabled", silence),
        ("application-capacity-unbounded", lambda it: it.pop("maximumCapacity")),
        ("application-auto-stop-disabled", lambda it: it["autoStopConfiguration"].update(enabled=False)),
        ("application-idle-timeout-long", lambda it: it["autoStopConfiguration"].update(idleTimeoutMinutes=600)),
        ("interactive-endpoint-unaudited", lambda it: it["interactiveConfiguration"].update(studioEnabled=True)),
    ],
)
def test_each_setting_is_there_for_a_rule(audit, rule, change):
    wanted = request(module())
    change(wanted)
    code, rows = audit(wanted)
    assert code == 1 and {row[0] for row in rows} == {rule}, rows


terraform = pytest.mark.skipif(
    not shutil.which("terraform"), reason="terraform is not on PATH; it is no package of ours"
)


@pytest.fixture
def evaluated(tmp_path):
    """The module without its resource, evaluated by Terraform itself, which needs no provider for that."""

    def evaluated(**variables):
        for name in ("matrix.tf", "settings.tf", "variables.tf"):
            shutil.copy(MODULE / name, tmp_path)
        output = 'output "all" { value = { defaults = local.spark_defaults, tags = local.tags } }'
        (tmp_path / "output.tf").write_text(output)
        (tmp_path / "given.auto.tfvars.json").write_text(json.dumps({**REQUIRED, **variables}))
        run = ["terraform", f"-chdir={tmp_path}"]
        subprocess.run([*run, "init", "-input=false"], check=True, capture_output=True)
        command = [*run, "apply", "-input=false", "-auto-approve", "-no-color"]
        applied = subprocess.run(command, capture_output=True, text=True)
        if applied.returncode:
            return applied.stderr
        shown = subprocess.run([*run, "output", "-json", "all"], check=True, capture_output=True)
        return json.loads(shown.stdout)

    return evaluated


@terraform
def test_terraform_makes_the_same_of_it(evaluated):
    for variables in (
        {"log_plugin": LOG_PLUGIN},
        {"release_label": "emr-6.15.0", "jars": ["s3://b/x.jar"], "tags": {"A": "b"}, "team_tag": "Owner"},
    ):
        ours = Module(MODULE, **{**REQUIRED, **variables}).resource("aws_emrserverless_application", "this")
        theirs = evaluated(**variables)
        assert theirs["defaults"] == ours["runtime_configuration"][0]["properties"]
        assert theirs["tags"] == ours["tags"]


@terraform
@pytest.mark.parametrize(
    "variables, message",
    [
        ({"release_label": "emr-spark-8.0.0"}, "No Spline agent is known"),
        ({"team": " "}, "names its team"),
        ({"spline_jars": "s3://b/spline/"}, "without a slash"),
        ({"spline_producer_url": "http://x"}, "by TLS"),
        ({"spark_defaults": {"spark.jars": "s3://b/x.jar"}}, "Use `jars`"),
        ({"spark_defaults": {"spark.hadoop.spline.mode": "DISABLED"}}, "Use `jars`"),
    ],
)
def test_terraform_refuses_what_would_break_a_rule(evaluated, variables, message):
    assert message in evaluated(**variables)


def test_every_variable_is_explained():
    for labelled in module().found["variable"]:
        for name, body in labelled.items():
            assert plain(name).startswith("__") or plain(body["description"])
