"""The store: a folder, and a bucket in somebody else's S3, behave alike."""

import concurrent.futures
import json
import subprocess

import pytest
import stores
from credentials import ENVIRONMENT
from stores import BUCKET, PREFIX, Bucket, Folder

CONFIGURATION = """
[organization]
regions = ["us-east-1", "eu-west-1"]

[[image]]
uri = "*/platform/spark:*"

[pagerduty]
endpoint = "{endpoint}"
routing_key = "env:ROUTING_KEY"
grace = "0s"
"""


@pytest.fixture
def s3(endpoint):
    return stores.s3(endpoint)


@pytest.fixture(params=[Folder, Bucket])
def store(request, endpoint, tmp_path):
    return request.param(tmp_path, endpoint)


@pytest.fixture
def sandbox(start_sandbox):
    return start_sandbox("--denied", "0", "--suspended", "0")


class Auditor:
    """The real binary, which finds its accounts in the sandbox and its bucket in moto."""

    def __init__(self, binary, sandbox, s3_endpoint, folder):
        self.binary = binary
        self.folder = folder
        teams = "".join(f'[[team]]\nname = "{name}"\n' for name in sandbox.admin("organization")["teams"])
        (folder / "lineward.toml").write_text(CONFIGURATION.format(endpoint=sandbox.endpoint) + teams)
        self.environment = {
            **ENVIRONMENT,
            "AWS_ACCESS_KEY_ID": "AKIALINEWARDAUDITOR0",
            "AWS_ENDPOINT_URL": sandbox.endpoint,
            "AWS_ENDPOINT_URL_S3": s3_endpoint,
            "HOME": str(folder),
            "ROUTING_KEY": "R0123456789012345678901234567890",
        }

    def run(self, url, *arguments, **environment):
        return subprocess.run(
            [self.binary, "audit", "--notify", "--format", "json", "--store", url, *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=180,
        )

    def audit(self, url, *arguments):
        run = self.run(url, *arguments)
        assert run.stdout, run.stderr
        return run, json.loads(run.stdout)


@pytest.fixture
def auditor(built, sandbox, endpoint, tmp_path):
    return Auditor(built / "lineward", sandbox, endpoint, tmp_path)


def ledger(generation):
    return f"ledger/gen={generation:010}/ledger.json.zst"


def timeless(report):
    """The report without what a clock, a run's id or a former run puts into it."""
    rows = [*report["findings"], *report["applications"]]
    for row in rows:
        for key in ("first_seen_at", "last_seen_at"):
            row.pop(key, None)
    return {**report, "run": None, "previous_sha256": None}


def test_a_bucket_gives_the_same_reports_as_a_folder(auditor, endpoint, tmp_path):
    folder, bucket = Folder(tmp_path, endpoint), Bucket(tmp_path, endpoint)
    reports = {}
    for store in (folder, bucket):
        run, first = auditor.audit(store.url)
        assert run.returncode == 1, run.stderr
        assert store.names("ledger") == [ledger(1), ledger(2)]
        run, second = auditor.audit(store.url)
        # Nothing was to be told, and so nothing was to be remembered of it.
        assert store.names("ledger") == [ledger(1), ledger(2), ledger(3)]
        assert {row["status"] for row in first["findings"]} == {"new"}
        assert {row["status"] for row in second["findings"]} == {"ongoing"}
        [kept] = [name for name in store.names("reports") if second["run"]["id"] in name]
        assert json.loads(store.read(kept)) == second
        assert kept in run.stderr
        reports[store] = [timeless(first), timeless(second)]
    assert f"report: {bucket.url}/reports/dt=" in run.stderr
    assert f"ledger: {bucket.url}/{ledger(3)}" in run.stderr
    assert reports[folder] == reports[bucket]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"rubbish", "can't be read"),
        (b"newer", "is of schema `lineward/ledger/2`, this version reads `lineward/ledger/1`"),
    ],
)
def test_a_ledger_that_is_not_understood_stops_the_run_and_stays(
    auditor, sandbox, store, text, message
):
    auditor.audit(store.url)
    if text == b"newer":
        text = raw_zstd(b'{"schema":"lineward/ledger/2"}')
    [*_, newest] = store.names("ledger")
    store.write(newest, text)
    before = store.names("ledger"), store.names("reports")
    sandbox.post("/_sandbox/reset-calls", {})
    run = auditor.run(store.url)
    assert (run.returncode, run.stdout) == (4, "")
    assert message in run.stderr and newest in run.stderr
    assert store.read(newest) == text
    assert (store.names("ledger"), store.names("reports")) == before
    assert sandbox.admin("calls")["total"] == 0


def raw_zstd(data):
    """A frame of one block that is not compressed."""
    assert len(data) < 256
    header = b"\x28\xb5\x2f\xfd" + b"\x20" + bytes([len(data)])
    return header + (1 | len(data) << 3).to_bytes(3, "little") + data


def test_a_bucket_that_is_not_there_is_said_before_the_walk(auditor, sandbox, endpoint):
    run = auditor.run("s3://nowhere/at-all")
    assert (run.returncode, run.stdout) == (4, "")
    assert "the bucket of `s3://nowhere/at-all` does not exist" in run.stderr
    assert sandbox.admin("calls")["total"] == 0


def test_a_bucket_that_may_not_be_written_is_said_before_the_walk(auditor, sandbox, endpoint, tmp_path):
    bucket = Bucket(tmp_path, endpoint)
    bucket.client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(denial("s3:PutObject")))
    run = auditor.run(bucket.url)
    assert (run.returncode, run.stdout) == (4, "")
    assert f"s3:PutObject is denied on `{bucket.url}`: Server returned non-2xx status code: 403" in run.stderr
    assert sandbox.admin("calls")["total"] == 0


def denial(action):
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_wrong_url_is_wrong_usage(auditor):
    for url in ("gs://bucket", "s3://", "s3://bucket//prefix"):
        run = auditor.run(url)
        assert (run.returncode, run.stdout) == (2, "")
        assert f"`{url}` is not a store, expected `file:PATH` or `s3://BUCKET/PREFIX`" in run.stderr


def test_a_wrong_endpoint_is_wrong_usage(auditor):
    run = auditor.run(Bucket.url, AWS_ENDPOINT_URL_S3="127.0.0.1:9000")
    assert (run.returncode, run.stdout) == (2, "")
    assert "`127.0.0.1:9000`, of AWS_ENDPOINT_URL_S3" in run.stderr


def test_an_endpoint_that_does_not_answer_is_said_before_the_walk(auditor, sandbox):
    run = auditor.run(Bucket.url, AWS_ENDPOINT_URL_S3="http://127.0.0.1:1")
    assert (run.returncode, run.stdout) == (4, "")
    assert f"`{Bucket.url}` can't be reached: Connection refused" in run.stderr
    assert sandbox.admin("calls")["total"] == 0


@pytest.mark.parametrize("prefix", ["", "/", "/of teams/ä 100%25?x#y+z/"])
def test_any_prefix_will_do(auditor, s3, prefix):
    s3.create_bucket(Bucket=BUCKET)
    run, _ = auditor.audit(f"s3://{BUCKET}{prefix}")
    assert run.returncode == 1
    run, report = auditor.audit(f"s3://{BUCKET}{prefix}")
    assert {row["status"] for row in report["findings"]} == {"ongoing"}
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    below = f"{prefix.strip('/')}/".removeprefix("/")
    assert f"{below}{ledger(3)}" in keys
    assert all(key.startswith(below) for key in keys)
    for what in ("report", "ledger"):
        [place] = [line for line in run.stderr.splitlines() if line.startswith(f"{what}: ")]
        assert place.removeprefix(f"{what}: s3://{BUCKET}/") in keys


def test_without_credentials_the_store_says_so(auditor):
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    run = auditor.run(f"s3://{BUCKET}", **none)
    assert (run.returncode, run.stdout) == (4, "")
    assert f"no AWS credentials for the store `s3://{BUCKET}`" in run.stderr


def test_a_report_that_can_not_be_kept_is_still_written(auditor, store):
    """The folder has a file, and the bucket a denial, where reports go."""
    if isinstance(store, Folder):
        store.root.mkdir()
        (store.root / "reports").write_text("in the way")
    else:
        policy = denial("s3:PutObject")
        policy["Statement"][0]["Resource"] = f"arn:aws:s3:::{BUCKET}/{PREFIX}/reports/*"
        store.client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    run, report = auditor.audit(store.url)
    assert run.returncode == 4
    assert report["run"]["complete"] and report["findings"]
    assert "the audit is done but can't be saved: " in run.stderr
    assert store.names("ledger") == []
    run = auditor.run(store.url, "--output", "report.json")
    assert (run.returncode, run.stdout) == (4, "")
    written = json.loads((auditor.folder / "report.json").read_text())
    assert len(written["findings"]) == len(report["findings"])


def test_runs_at_once_lose_nothing(auditor, sandbox, store):
    accounts = [row["id"] for row in sandbox.admin("organization")["accounts"] if row["readable"]]
    at_once = accounts[:8]
    assert len(at_once) == 8
    first_seen = {}
    with concurrent.futures.ThreadPoolExecutor(len(at_once)) as pool:
        for _ in range(4):
            runs = list(pool.map(lambda account: auditor.audit(store.url, "--account", account), at_once))
            for (run, report), account in zip(runs, at_once):
                assert run.returncode in (0, 1), run.stderr
                for row in report["findings"]:
                    if row["account"] == account and row["status"] in ("new", "ongoing"):
                        first = first_seen.setdefault(row["fingerprint"], row["first_seen_at"])
                        first_seen[row["fingerprint"]] = min(first, row["first_seen_at"])
    assert first_seen
    assert len(store.names("ledger")) <= 20
    rest = [flag for account in at_once for flag in ("--account", account)]
    run, report = auditor.audit(store.url, *rest)
    # What the ledger had forgotten would be told again.
    assert "PagerDuty: 0 opened, 0 updated, 0 resolved" in run.stderr
    seen = {row["fingerprint"]: row for row in report["findings"]}
    assert {row["status"] for row in seen.values()} == {"ongoing"}
    assert {key: row["first_seen_at"] for key, row in seen.items()} == first_seen
    assert report["summary"]["new_applications"] == 0

    # Each group has one incident, which every finding of it names.
    incidents = sandbox.admin("pagerduty")["incidents"]
    keys = [incident["dedup_key"] for incident in incidents]
    assert {incident["state"] for incident in incidents} == {"triggered"}
    assert len(keys) == len(set(keys))
    named = {row["incident"]["dedup_key"] for row in seen.values() if row.get("incident")}
    assert named == set(keys)
