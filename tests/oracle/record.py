"""Writes rules/tests/iam_cases.jsonl: cases of the grammar with the oracle's verdicts, for the tests that need no Node.

Run as `target/venv/bin/python tests/oracle/record.py`.
"""

import collections
import json

import compare
import deviations
from grammar import Grammar

CASES = 30000
MOST_BYTES = 455_000


def spare(case):
    """The case without the keys of its request that no policy speaks of."""
    policies = [it["policy"] for it in case["identityPolicies"]] + [case["resourcePolicy"], case["boundary"]]
    text = json.dumps(policies).lower()
    return {**case, "context": {key: it for key, it in case["context"].items() if key.lower() in text}}


def size(case):
    return len(json.dumps(case, separators=(",", ":")))


def record():
    if missing := compare.install():
        raise SystemExit(missing)
    grammar = Grammar(1)
    cases = [spare(grammar.case(number)) for number in range(CASES)]
    verdicts = compare.oracle(cases)
    # What isn't documented is no expectation.
    sure = sorted((it for it in cases if len(verdicts[it["id"]]) == 1), key=size)
    kept, seen, taken = [], collections.Counter(), 0
    # The smallest case of each form with each verdict, and then a second one while there is room.
    for for_each in (1, 2):
        for case in sure:
            verdict = verdicts[case["id"]][0]
            forms = {(it, verdict) for it in [case["action"], *compare.operators(case), *deviations.of(case)]}
            if any(seen[it] < for_each for it in forms) and taken + size(case) < MOST_BYTES and case not in kept:
                seen.update(forms)
                taken += size(case)
                kept.append(case)
    path = compare.ROOT / "rules" / "tests" / "iam_cases.jsonl"
    with path.open("w") as file:
        for number, case in enumerate(kept):
            recorded = {**case, "id": str(number), "expected": verdicts[case["id"]][0]}
            file.write(json.dumps(recorded, separators=(",", ":")) + "\n")
    results = collections.Counter(verdicts[it["id"]][0] for it in kept)
    print(len(kept), "cases,", path.stat().st_size, "bytes,", dict(results), len({it for it, _ in seen}), "forms")


if __name__ == "__main__":
    record()
