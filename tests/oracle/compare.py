"""Runs cases through two evaluators and tells where they differ."""

import collections
import concurrent.futures
import copy
import json
import os
import pathlib
import shutil
import subprocess

import deviations

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PACKAGES = ROOT / "target" / "oracle"
EVALUATE = TARGET / "debug" / "examples" / "evaluate"
RESULTS = ("Allowed", "ImplicitlyDenied", "ExplicitlyDenied")


def install():
    """Installs the oracle, or says why it can't be."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "Node and npm are not there"
    PACKAGES.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package.json").read_text()
    stamp = PACKAGES / "installed.json"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.copy(HERE / "package.json", PACKAGES / "package.json")
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
        subprocess.run(command, cwd=PACKAGES, check=True)
        stamp.write_text(wanted)
    shutil.copy(HERE / "simulate.mjs", PACKAGES / "simulate.mjs")
    return None


def build():
    """Builds Lineward's evaluator as a filter."""
    command = ["cargo", "build", "--quiet", "--workspace", "--example", "evaluate"]
    subprocess.run(command, cwd=ROOT, check=True)
    return EVALUATE


def answers(command, cases, **kwargs):
    lines = "".join(json.dumps(it) + "\n" for it in cases)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True, **kwargs)
    found = (json.loads(line) for line in done.stdout.splitlines())
    return {it["id"]: it.get("result") or "error: " + it["error"] for it in found}


def oracle(cases):
    """What iam-simulate says of each case, asked by two processes at once: one answer for each way to ask."""
    questions = [
        {**put, "id": f"{case['id']} {way} {session}"}
        for case in cases
        for way, sessions in enumerate(deviations.asked(case)) for session, put in enumerate(sessions)
    ]
    said = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        halves = [questions[::2], questions[1::2]]
        for half in pool.map(lambda half: answers(["node", "simulate.mjs"], half, cwd=PACKAGES), halves):
            said.update(half)
    ways = collections.defaultdict(dict)
    for question in questions:
        key, way, _ = question["id"].rsplit(" ", 2)
        ways[key].setdefault(way, []).append(said[question["id"]])
    # The caller may choose its session.
    return {key: [min(it, key=order) for it in by_way.values()] for key, by_way in ways.items()}


def order(verdict):
    return RESULTS.index(verdict) if verdict in RESULTS else -1


def ours(cases):
    return answers([str(EVALUATE)], cases)


def agree(own, theirs):
    """Whether a verdict is theirs in whichever way they were asked.

    `Conditional` is right wherever there are two ways to ask, and so is no access in either way, be it for a deny."""
    if len(theirs) > 1 and own == "Conditional":
        return True
    return set(theirs) == {own} or (own == "ImplicitlyDenied" and len(set(theirs)) > 1 and "Allowed" not in theirs)


def different(cases, ask=oracle):
    """The cases that they differ on, with what we and they say."""
    own, theirs = ours(cases), ask(cases)
    return [
        (it, own[it["id"]], theirs[it["id"]])
        for it in cases if not agree(own[it["id"]], theirs[it["id"]])
    ]


def printed(binary, policies):
    """Policies as our parser prints them."""
    lines = "".join(json.dumps(it) + "\n" for it in policies)
    done = subprocess.run([str(binary), "--print"], input=lines, capture_output=True, text=True, check=True)
    found = (json.loads(line) for line in done.stdout.splitlines())
    return {it["id"]: it.get("policy") or {"Statement": [], "error": it["error"]} for it in found}


def operators(case):
    for _, statement in deviations.statements(case):
        yield from statement.get("Condition", {})


def smaller(case):
    """Cases with one thing less."""
    def without(path):
        copied = copy.deepcopy(case)
        at = copied
        for step in path[:-1]:
            at = at[step]
        del at[path[-1]]
        return copied

    def paths(value, path):
        if isinstance(value, dict):
            for key in value:
                if key in ("Condition", "Sid", "Id") or "Condition" in path[-2:] or path == ["context"]:
                    yield path + [key]
                yield from paths(value[key], path + [key])
        elif isinstance(value, list):
            for index in range(len(value)):
                if len(value) > 1:
                    yield path + [index]
                yield from paths(value[index], path + [index])

    if case["boundary"]:
        yield {**case, "boundary": None}
    yield from map(without, paths(case, []))


def shrunk(case, ask=oracle):
    """A case as small as can be that they still differ on, other than by an error, and what we and they say."""
    smallest = different([case], ask)[0]
    while True:
        candidates = [{**it, "id": str(index)} for index, it in enumerate(smaller(smallest[0]))]
        found = [it for it in different(candidates, ask) if "error" not in f"{it[1]} {it[2]}"]
        if not found:
            return smallest
        smallest = min(found, key=lambda it: len(json.dumps(it[0])))


def check(cases, ask=oracle):
    """Compares, tells the counts, and fails with the first few cases that differ, as small as can be."""
    own, theirs = ours(cases), ask(cases)
    by_result = collections.Counter(name for it in theirs.values() for name in set(it))
    forms = collections.Counter(name for it in cases for name in set(operators(it)))
    print(f"{len(cases)} cases: {dict(by_result)}")
    print(f"{len(forms)} forms of operators, the rarest in {min(forms.values())} cases")
    if ask is oracle:
        met = collections.Counter(name for it in cases for name in deviations.of(it))
        print(f"deviations met, each asked as AWS documents it: {dict(met)}")
    print(f"conditional: {sum(it == 'Conditional' for it in own.values())}")
    errors = [it for it in [*own.values(), *(it for many in theirs.values() for it in many)] if it.startswith("error")]
    assert not errors, errors[:3]
    found = [it for it in cases if not agree(own[it["id"]], theirs[it["id"]])]
    for case in found[:3]:
        small, our_word, their_words = shrunk(case, ask)
        print(f"{our_word} by us, {their_words} by them:\n{json.dumps(small, indent=1)}")
    assert not found, f"{len(found)} differ"
    return by_result, forms
