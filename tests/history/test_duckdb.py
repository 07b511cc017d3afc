"""DuckDB reads the history that runs leave, and the columns of `infra/athena.sql` are those of the rows."""

import gzip
import json
import os
import pathlib
import re
import subprocess

import duckdb
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Runs:
    """Runs of the real binary on one sandbox, into one store."""

    def __init__(self, binary, sandbox, folder):
        self.binary, self.sandbox, self.folder = binary, sandbox, folder

    def audit(self, *arguments):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.sandbox.endpoint,
            "AWS_ACCESS_KEY_ID": "AKIALINEWARDAUDITOR0",
            "AWS_SECRET_ACCESS_KEY": "not-verified",
            "AWS_REGION": "us-east-1",
        }
        command = [self.binary, "audit", "--format", "json", "--no-progress", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, check=False)
        assert done.returncode in (0, 1, 3), done.stderr
        return json.loads(done.stdout)

    def query(self, sql):
        def table(name):
            path = self.folder / "lineward-data" / name / "*" / "*" / "*.jsonl.gz"
            return f"read_json('{path}', hive_partitioning = true)"

        tables = {name: table(name) for name in ("runs", "findings", "applications", "coverage")}
        return duckdb.sql(sql.format(**tables)).fetchall()


@pytest.fixture
def runs(start_sandbox, built, tmp_path):
    return Runs(built / "lineward", start_sandbox("--denied", "1"), tmp_path)


def test_a_trend_over_several_runs_has_the_numbers_of_the_reports(runs):
    reports = [runs.audit()]
    planted = [row for row in runs.sandbox.admin("expected") if "/applications/" in row["resource"]]
    for row in planted[:5]:
        application = row["resource"].split("/")[2]
        runs.sandbox.post("/_sandbox/delete-application", {"application": application})
        reports.append(runs.audit())
    trend = runs.query(
        "SELECT run, count(*) FILTER (status IN ('new', 'ongoing') AND verdict = 'fail'), "
        "count(*) FILTER (status = 'resolved') FROM {findings} GROUP BY run ORDER BY run"
    )
    expected = []
    for report in reports:
        resolved = sum(row["status"] == "resolved" for row in report["findings"])
        opened = sum(report["summary"]["findings"].values())
        expected.append((report["run"]["id"], opened, resolved))
    assert [(str(run), opened, resolved) for run, opened, resolved in trend] == expected
    assert expected[0][1] > expected[-1][1] and expected[-1][2] > 0

    rows = runs.query(
        "SELECT r.run_id, r.applications, count(a.arn) FROM {runs} r JOIN {applications} a USING (run_id) "
        "GROUP BY ALL ORDER BY r.run_id"
    )
    assert [(row[1], row[1]) for row in rows] == [(row[1], row[2]) for row in rows]
    assert [row[1] for row in rows] == [report["summary"]["applications"] for report in reports]
    failed = runs.query("SELECT count(*) FROM {coverage} WHERE outcome = 'failed'")
    assert failed == [(sum(row["outcome"] == "failed" for report in reports for row in report["coverage"]["scopes"]),)]


def test_the_trend_that_is_written_down_is_not_misled_by_a_run_that_looked_at_little(runs):
    """The query in the comment of `infra/athena.sql`, as it stands there."""
    whole = runs.audit()
    ddl = (ROOT / "infra" / "athena.sql").read_text()
    (query,) = re.findall(r"--   (SELECT dt, severity.*?;)", ddl, re.DOTALL)
    query = re.sub(r"lineward_(\w+)", r"{\1}", query.replace("\n--  ", "\n"))
    expected = {severity: count for severity, count in whole["summary"]["findings"].items() if count}
    assert {severity: count for _, severity, count in runs.query(query)} == expected
    untouched = {row["account"] for row in whole["findings"]}
    readable = {row["id"] for row in runs.sandbox.admin("organization")["accounts"] if row["readable"]}
    partial = runs.audit("--account", min(readable - untouched, default=min(readable)))
    assert sum(partial["summary"]["findings"].values()) < sum(expected.values())
    assert {severity: count for _, severity, count in runs.query(query)} == expected


def test_the_tables_of_athena_have_the_columns_of_the_rows(runs):
    runs.audit()
    ddl = (ROOT / "infra" / "athena.sql").read_text()
    tables = re.findall(r"CREATE EXTERNAL TABLE lineward_(\w+) \((.*?)\)\nPARTITIONED", ddl, re.DOTALL)
    assert [name for name, _ in tables] == ["runs", "findings", "applications", "coverage"]
    for name, columns in tables:
        declared = {column.split()[0].strip("`") for column in columns.split(",")}
        (path,) = (runs.folder / "lineward-data" / name).glob("*/*/*.jsonl.gz")
        with gzip.open(path, "rt") as lines:
            written = {key for line in lines for key in json.loads(line)}
        assert declared == written, name
