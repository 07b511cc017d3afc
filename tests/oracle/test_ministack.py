"""Lineward's evaluator against a second voice: ministack's, on what it supports.

It knows no policy variables, validates no keys, and takes the clock, the caller's address and the like from itself
rather than from the request, so that its look-up of keys is replaced by one in the case alone.
"""

import copy
import os

import pytest
from ministack.core import iam_evaluator as ministack

import compare
import deviations
from grammar import Grammar

CASES = int(os.environ.get("MINISTACK_CASES", "5000"))
SEED = int(os.environ.get("ORACLE_SEED", "20261123"))
RESULTS = {"Allow": "Allowed", "Deny": "ExplicitlyDenied", "ImplicitDeny": "ImplicitlyDenied"}


def null_of_several(case):
    """The IAM User Guide, "Conditions with multiple context keys or values": the values of one key are joined by OR.
    ministack looks at the first of Null's values alone."""
    for _, statement in deviations.statements(case):
        null = statement.get("Condition", {}).get("Null", {})
        for key, values in list(null.items()):
            wanted = {str(it).lower() for it in deviations.listed(values)}
            if len(wanted) > 1:
                del null[key]
            else:
                null[key] = wanted.pop()


def anyone_is_the_session(case):
    """The IAM User Guide, "Permissions boundaries for IAM entities": in one account a boundary limits what a resource
    policy grants to a role, not what it grants to a session; of `*` it says nothing. Lineward and iam-simulate take
    that as granted to the session, ministack as granted to the role. Here it names the session."""
    account, name = case["principal"].split(":")[4], case["principal"].rsplit("/", 1)[-1]
    session = f"arn:aws:sts::{account}:assumed-role/{name}/s"
    case["principal"] = session
    for _, statement in deviations.statements(case):
        principal = statement.get("Principal")
        if principal == "*":
            statement["Principal"] = {"AWS": session}
        elif principal and "AWS" in principal:
            principal["AWS"] = [session if it == "*" else it for it in deviations.listed(principal["AWS"])]


def verdict(case):
    context = ministack.EvalContext(
        principal_arn=case["principal"],
        principal_type="AssumedRole",
        principal_account=case["principal"].split(":")[4],
        action=case["action"],
        resource_arn=case["resource"],
        region="eu-west-1",
        service_context={key.lower(): value for key, value in case["context"].items()},
    )
    policies = [ministack.parse_policy_document(it["policy"]) for it in case["identityPolicies"]]
    limits = [[ministack.parse_policy_document(case["boundary"])]] if case["boundary"] else []
    result = ministack.evaluate(context, policies, *limits)
    if case["resourcePolicy"]:
        # As for a key of KMS, the policy of the role itself must allow in its own account too.
        result = ministack.combine_resource_policy(
            result, context, case["resourcePolicy"], case["resourceAccount"], required=True, limits=tuple(limits)
        )
    return RESULTS[result.decision]


def ways(case):
    one = copy.deepcopy(case)
    null_of_several(one)
    anyone_is_the_session(one)
    holds, fails = copy.deepcopy(one), copy.deepcopy(one)
    if not deviations.any_value_if_exists(holds, True):
        return [one]
    # As it stands, ministack lets ForAnyValue with IfExists hold.
    for _, statement in deviations.statements(fails):
        block = statement.get("Condition", {})
        for operator in [it for it in block if it.startswith("ForAnyValue") and it.endswith("IfExists")]:
            keys = block.pop(operator)
            block.setdefault(operator.removesuffix("IfExists"), {}).update(keys)
    return [holds, fails]


def second_voice(cases):
    return {it["id"]: [verdict(way) for way in ways(it)] for it in cases}


def test_nothing_differs_from_a_second_voice(monkeypatch):
    def look_up(key, context):
        return context.service_context.get(key.lower())

    monkeypatch.setattr(ministack, "_resolve_condition_key", look_up)
    compare.build()
    grammar = Grammar(SEED, variables=False, sessions=False)
    compare.check([grammar.case(number) for number in range(CASES)], second_voice)
