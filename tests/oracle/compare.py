"""Runs cases through two evaluators and tells where they differ."""

import collections
import concurrent.futures
import copy
import json
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = ROOT / "target" / "oracle"


def install():
    """Installs the oracle, and says why it can't be."""
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
    return ROOT / "target" / "debug" / "examples" / "evaluate"


def answers(command, cases, **kwargs):
    lines = "".join(json.dumps(it) + "\n" for it in cases)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True, **kwargs)
    found = (json.loads(line) for line in done.stdout.splitlines())
    return {it["id"]: it.get("result") or "error: " + it["error"] for it in found}


def oracle(cases):
    """What iam-simulate says, asked by two processes at once."""
    halves = [cases[::2], cases[1::2]]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda half: answers(["node", "simulate.mjs"], half, cwd=PACKAGES), halves)
        return {key: value for half in found for key, value in half.items()}


def ours(cases):
    return answers([str(ROOT / "target" / "debug" / "examples" / "evaluate")], cases)


def printed(binary, policies):
    """Policies as our parser prints them."""
    lines = "".join(json.dumps(it) + "\n" for it in policies)
    done = subprocess.run([str(binary), "--print"], input=lines, capture_output=True, text=True, check=True)
    found = (json.loads(line) for line in done.stdout.splitlines())
    return {it["id"]: it.get("policy") or {"Statement": [], "error": it["error"]} for it in found}


def operators(case):
    text = [it["policy"] for it in case["identityPolicies"]] + [case["resourcePolicy"], case["boundary"]]
    for document in filter(None, text):
        statements = document["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
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
                yield from paths(value[key], path + [key])
                if key in ("Condition", "Sid") or path[-1:] == ["Condition"] or path[-2:-1] == ["Condition"] \
                        or path == ["context"]:
                    yield path + [key]
        elif isinstance(value, list) and len(value) > 1:
            for index in range(len(value)):
                yield from paths(value[index], path + [index])
                yield path + [index]
        elif isinstance(value, list):
            yield from paths(value[0], path + [0])

    for path in paths(case, []):
        yield without(path)
    if case["boundary"]:
        yield {**case, "boundary": None}


def shrunk(case, differs):
    """The smallest case that still differs."""
    for candidate in smaller(case):
        if differs(candidate):
            return shrunk(candidate, differs)
    return case


def count(cases, results):
    by_result = collections.Counter(results[it["id"]].split(":")[0] for it in cases)
    by_operator = collections.Counter(name for it in cases for name in operators(it))
    return by_result, by_operator
