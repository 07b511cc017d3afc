"""Runs that are killed anywhere leave nothing lost and nothing told twice, on a folder and on S3.

Rounds: the organization changes, before runs and under them; runs are killed with SIGKILL at random moments or
right after a step was seen, two at once now and then, while PagerDuty answers 429, 500, not at all, or after it took
the event. Then one run is left alone, and PagerDuty, the ledger and the organization must agree. Once more so where
`max_events` is so low that incidents are folded into a summary.

`CRASH_KILLS` and `CRASH_SEED` make it longer, or the same again.
"""

import collections
import hashlib
import io
import json
import os
import random
import subprocess
import time

import pytest
import zstandard
from credentials import ENVIRONMENT
from stores import Bucket, Folder

KILLS = int(os.environ.get("CRASH_KILLS", "300"))
SEED = int(os.environ.get("CRASH_SEED", "20261123"))
REGIONS = ("us-east-1", "eu-west-1")
FAULTS = ("disabled", "agent-gone", "listener-gone", "team-missing", "capacity-unbounded", "mode-invalid")
PAGERDUTY = ({"status": 429}, {"status": 500}, "drop-before", "drop-after", "hang")
STEPS = ("before the report", "report written", "intents written", "sending", "all sent", "ended by itself")
CONFIGURATION = """
[organization]
regions = ["us-east-1", "eu-west-1"]

[[image]]
uri = "*/platform/spark:*"

[walk]
call_timeout = "10s"

[pagerduty]
endpoint = "{endpoint}"
routing_key = "env:ROUTING_KEY"
grace = "0s"
send_timeout = "20s"
max_events = {max_events}
first_run = "page"
"""


class Bed:
    """An organization, a store and the real binary between them."""

    def __init__(self, sandbox, binary, folder, store, s3, random, max_events):
        self.sandbox, self.store, self.random = sandbox, store, random
        self.folder, self.binary = folder, binary
        self.kills, self.rounds = collections.Counter(), 0
        self.folds, self.folded = max_events < 10, 0
        self.took = 1.0
        self.first_seen = {}
        self.touched = set()
        self.history = []
        teams = sandbox.admin("organization")["teams"]
        text = CONFIGURATION.format(endpoint=sandbox.endpoint, max_events=max_events)
        text += "".join(f'[[team]]\nname = "{name}"\n' for name in teams)
        (folder / "lineward.toml").write_text(text)
        self.environment = {
            **ENVIRONMENT,
            "AWS_ACCESS_KEY_ID": "AKIALINEWARDAUDITOR0",
            "AWS_ENDPOINT_URL": sandbox.endpoint,
            "AWS_ENDPOINT_URL_S3": s3,
            "HOME": str(folder),
            "ROUTING_KEY": "R0123456789012345678901234567890",
        }
        accounts = sandbox.admin("organization")["accounts"]
        self.accounts = [it["id"] for it in accounts]

    # What changes.

    def post(self, name, **body):
        status, answer = self.sandbox.post(f"/_sandbox/{name}", body)
        assert status == 200, answer
        return answer

    def applications(self):
        return self.sandbox.admin("applications")

    def change(self):
        """Breaks, mends, creates and deletes applications."""
        for _ in range(self.random.randint(1, 4)):
            applications = self.applications()
            one = self.random.choice(applications)
            what = self.random.choice(("plant", "plant", "mend", "mend", "create", "delete"))
            if what == "create" and len(applications) < 14:
                account, region = self.random.choice(self.accounts), self.random.choice(REGIONS)
                answer = self.post(f"{what}-application", account=account, region=region, fault=self.fault())
                self.tell(f"create {answer['application']}")
            elif what == "delete" and len(applications) > 4:
                self.post("delete-application", application=one["id"])
                self.tell(f"delete {one['id']}")
            elif what == "plant":
                self.post("mend", application=one["id"])
                self.post("plant", application=one["id"], fault=self.fault())
                self.tell(f"plant {one['id']}")
            elif what == "mend":
                self.post("mend", application=one["id"])
                self.tell(f"mend {one['id']}")

    def fault(self):
        return self.random.choice(FAULTS)

    def tell(self, text):
        self.history.append(f"{self.rounds}: {text}")
        self.touched.add(text.split()[-1])

    # What is run.

    def start(self):
        command = [self.binary, "audit", "--notify", "--format", "json", "--no-progress", "--store", self.store.url]
        with open(self.folder / "stderr.log", "ab") as log:
            return subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL, stderr=log
            )

    def state(self):
        """How far runs have come: reports, the newest ledger, requests to PagerDuty."""
        return tuple(self.look(at) for at in range(3))

    def look(self, at):
        if at == 0:
            return len(self.store.names("reports"))
        if at == 1:
            return max(self.store.names("ledger"), default="")
        return self.pagerduty()["requests"]

    def pagerduty(self):
        return self.sandbox.admin("pagerduty")

    def kill_one(self):
        before = self.state()
        faults = self.random.random()
        if faults < 0.6:
            fault = self.random.choice(PAGERDUTY)
            self.post("pagerduty/faults", fault=fault, next=self.random.randint(1, 3))
        running = [self.start() for _ in range(2 if self.random.random() < 0.15 else 1)]
        if self.random.random() < 0.3:
            time.sleep(self.random.uniform(0, 0.5 * self.took))
            self.change()
        self.wait(before)
        for process in running:
            process.kill()
        ended = [process.wait() for process in running]
        self.post("pagerduty/faults", fault=None)
        self.kills[self.step(before, ended)] += 1

    def wait(self, before):
        """Until a random moment, or until a step is seen."""
        until = time.monotonic() + self.random.uniform(0, 1.15 * self.took)
        watched = self.random.choice((None, None, 0, 0, 1, 2))
        if watched is None:
            time.sleep(max(0, until - time.monotonic()))
            return
        wanted = self.random.randint(1, 3)
        while time.monotonic() < until + self.took:
            now = self.look(watched)
            if watched == 2 and now >= before[2] + wanted or watched < 2 and now != before[watched]:
                return

    def step(self, before, ended):
        """Where a kill hit."""
        now = self.state()
        if all(code >= 0 for code in ended):
            return "ended by itself"
        if now[2] > before[2]:
            newer = int(now[1][11:21]) - int(before[1][11:21])
            return "all sent" if newer > 1 else "sending"
        if now[1] != before[1]:
            return "intents written"
        return "report written" if now[0] > before[0] else "before the report"

    def run_undisturbed(self):
        # What a killed run had sent may still arrive: nothing is undisturbed before it has.
        before = None
        while before != (before := self.state()):
            time.sleep(0.3)
        begun = time.monotonic()
        process = self.start()
        code = process.wait(timeout=120)
        log = (self.folder / "stderr.log").read_text()[-2000:]
        assert code in (0, 1, 3), log
        self.took = 0.7 * self.took + 0.3 * (time.monotonic() - begun)

    # What must hold.

    def ledger(self):
        newest = self.store.names("ledger")[-1]
        data = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(self.store.read(newest))).read()
        return json.loads(data)

    def open_keys(self):
        incidents = self.pagerduty()["incidents"]
        return sorted(it["dedup_key"] for it in incidents if it["state"] != "resolved")

    def expected(self):
        """The resources that are broken, by the key of their incident."""
        rows = (row for row in self.sandbox.admin("expected") if row["verdict"] == "fail")
        resources = {row["resource"].split("/jobruns/")[0].split("/sessions/")[0] for row in rows}
        return {key_of(resource): resource for resource in resources}

    def look_away(self):
        """A run that can't enter an account resolves nothing there that is broken."""
        auditor = self.sandbox.admin("organization")["auditor_account"]
        denied = self.random.choice([it for it in self.accounts if it != auditor])
        theirs = {it["arn"] for it in self.applications() if it["account"] == denied}
        # What an earlier run saw mended, and couldn't tell, may be resolved all the same.
        before = theirs & self.told() & set(self.expected().values())
        self.post("options", deny=[denied])
        self.run_undisturbed()
        resolved = before - self.told()
        assert not resolved, self.explain("resolved unseen", resolved, {})
        self.post("options", open=[denied])

    def told(self):
        """The resources whose faults are part of an open incident, by the ledger."""
        ledger, opened = self.ledger(), set(self.open_keys())
        parts = [fault for key, it in ledger["incidents"].items() if key in opened for fault in it["findings"]]
        known = ledger["findings"]
        return {known[fault]["finding"]["resource"] for fault in parts if fault in known}

    def check(self):
        expected = self.expected()
        opened = self.open_keys()
        assert len(opened) == len(set(opened)), self.explain("opened twice", set(), expected)
        ledger = self.ledger()
        states = collections.defaultdict(set)
        for key, incident in ledger["incidents"].items():
            states[incident["state"]].add(key)
        assert not states["intended"], self.explain("intents are left", states["intended"], expected)
        wrong = states["open"] ^ set(opened)
        assert not wrong, self.explain("the ledger differs from PagerDuty", wrong, expected)
        if self.folds:
            self.check_parts(ledger, set(expected.values()))
        else:
            wrong = set(opened) ^ set(expected)
            assert not wrong, self.explain("PagerDuty differs", wrong, expected)
        self.check_first_seen(ledger)

    def check_parts(self, ledger, broken):
        """Each fault is part of one open incident, and each incident is of faults."""
        known = {key: it["finding"]["resource"] for key, it in ledger["findings"].items()}
        assert set(known.values()) == broken, self.explain("the ledger knows", set(known.values()) ^ broken, {})
        opened = [set(it["findings"]) for it in ledger["incidents"].values() if it["state"] == "open"]
        parts = collections.Counter(fault for parts in opened for fault in parts)
        wrong = {fault for fault, count in parts.items() if count != 1} | (set(parts) ^ set(known))
        assert not wrong, self.explain("part of no incident, or of several", wrong, {})
        self.folded += any(len(parts) > 1 for parts in opened)

    def check_first_seen(self, ledger):
        """A fault that nobody touched was first seen when it was."""
        known = ledger["findings"]
        for fingerprint, finding in known.items():
            application = finding["finding"]["resource"].rsplit("/", 1)[-1]
            first = finding["first_seen_at"]
            if application not in self.touched and fingerprint in self.first_seen:
                assert first == self.first_seen[fingerprint], self.explain("first seen moved", [application], {})
        self.first_seen = {key: finding["first_seen_at"] for key, finding in known.items()}
        self.touched.clear()

    def explain(self, problem, keys, expected):
        told = {it["dedup_key"]: it["summary"] for it in self.pagerduty()["incidents"]}
        names = [(expected.get(key), told.get(key), key) for key in keys]
        return "\n".join([f"seed {SEED}, round {self.rounds}: {problem}: {names}", *self.history[-60:]])


def key_of(resource):
    return "lineward/v1/" + hashlib.sha256(f"resource\0{resource}\0-\0".encode()).hexdigest()


@pytest.mark.parametrize("kind, share, max_events", [(Folder, 0.4, 100), (Bucket, 0.4, 100), (Folder, 0.2, 1)])
def test_whatever_is_killed_the_next_run_makes_good(kind, share, max_events, start_sandbox, built, endpoint, tmp_path, capsys):
    flags = ("--accounts", "4", "--applications", "8", "--job-runs", "0", "--sessions", "0")
    sandbox = start_sandbox(*flags, "--denied", "0", "--suspended", "0", "--pagerduty-rate", "100000")
    store = kind(tmp_path, endpoint)
    bed = Bed(sandbox, built / "lineward", tmp_path, store, endpoint, random.Random(SEED), max_events)
    # A job's fault stays until the job runs again, which none does here.
    for application in bed.applications():
        bed.post("mend", application=application["id"])
    bed.change()
    bed.run_undisturbed()
    bed.check()
    while sum(bed.kills.values()) < KILLS * share:
        bed.rounds += 1
        for _ in range(bed.random.randint(1, 5)):
            bed.change()
            bed.kill_one()
        bed.change()
        if bed.random.random() < 0.25:
            bed.look_away()
        bed.run_undisturbed()
        bed.check()
    with capsys.disabled():
        hits = ", ".join(f"{bed.kills[step]} {step}" for step in STEPS)
        print(f"\n{kind.__name__}, {max_events} events: {sum(bed.kills.values())} kills in {bed.rounds} rounds (seed {SEED}): {hits}")
    assert all(bed.kills[step] for step in STEPS[:4]), bed.kills
    assert bed.folded or not bed.folds
