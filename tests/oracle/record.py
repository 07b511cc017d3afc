"""Writes rules/tests/iam_cases.jsonl: cases of the grammar with the oracle's verdicts, for the tests that need no Node.

Run as `target/venv/bin/python tests/oracle/record.py`.
"""

import collections
import json

import compare
import deviations
from grammar import Grammar

CASES = 30000
FOR_EACH = 1


def record():
    if missing := compare.install():
        raise SystemExit(missing)
    grammar = Grammar(1)
    cases = [it for it in map(grammar.case, range(CASES)) if not deviations.of(it)]
    verdicts = compare.oracle(cases)
    kept, seen = [], collections.Counter()
    for case in sorted(cases, key=lambda it: len(json.dumps(it))):
        forms = {(it, verdicts[case["id"]]) for it in compare.operators(case)}
        forms.add((case["action"], verdicts[case["id"]]))
        if any(seen[it] < FOR_EACH for it in forms):
            seen.update(forms)
            kept.append({**case, "id": str(len(kept)), "expected": verdicts[case["id"]]})
    path = compare.ROOT / "rules" / "tests" / "iam_cases.jsonl"
    path.write_text("".join(json.dumps(it, separators=(",", ":")) + "\n" for it in kept))
    print(len(kept), "cases,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    record()
