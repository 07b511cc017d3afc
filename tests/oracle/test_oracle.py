"""Lineward's evaluator against an independent one, on random policies and requests."""

import json
import os

import pytest

import compare
import deviations
from grammar import Grammar

CASES = int(os.environ.get("ORACLE_CASES", "20000"))
SEED = int(os.environ.get("ORACLE_SEED", "20261123"))


@pytest.fixture(scope="module")
def evaluators():
    missing = compare.install()
    if missing:
        pytest.skip(missing)
    compare.build()


def test_nothing_differs_but_for_the_listed_deviations(evaluators):
    grammar = Grammar(SEED)
    cases = [grammar.case(number) for number in range(CASES)]
    theirs, ours = compare.oracle(cases), compare.ours(cases)
    by_result, by_operator = compare.count(cases, theirs)
    print(f"{CASES} cases: {dict(by_result)}; {len(by_operator)} forms of operators")
    assert not any(it.startswith("error") for it in ours.values())
    assert all(by_result[it] > CASES / 10 for it in ("Allowed", "ImplicitlyDenied", "ExplicitlyDenied"))

    different = [it for it in cases if ours[it["id"]] != theirs[it["id"]] and not deviations.of(it)]

    def differs(case):
        one, other = compare.ours([case]), compare.oracle([case])
        return one != other and not deviations.of(case) and "error" not in str(other)

    for case in different[:3]:
        print(theirs[case["id"]], "by the oracle,", ours[case["id"]], "by us:")
        print(json.dumps(compare.shrunk(case, differs), indent=1))
    listed = sum(ours[it["id"]] != theirs[it["id"]] for it in cases if deviations.of(it))
    print(f"{listed} differ as listed")
    assert not different, f"{len(different)} differ"
