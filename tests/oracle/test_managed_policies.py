"""AWS's own managed policies are read, and printed back unchanged in meaning."""

import json

import compare
from moto.iam.aws_managed_policies import aws_managed_policies_data


def listed(value):
    return value if isinstance(value, list) else [value]


def text(value):
    return json.dumps(value) if isinstance(value, (bool, int, float)) else value


def meaning(document):
    """A document without the choices of writing that mean nothing."""
    statements = []
    for statement in listed(document["Statement"]):
        plain = {key: statement[key] for key in ("Sid", "Effect") if key in statement}
        for key in ("Action", "NotAction", "Resource", "NotResource"):
            if key in statement:
                plain[key] = sorted(listed(statement[key]))
        plain["Condition"] = {
            operator: {key: sorted(map(text, listed(values))) for key, values in keys.items()}
            for operator, keys in statement.get("Condition", {}).items()
        }
        statements.append(plain)
    return {"Version": document.get("Version", "2008-10-17"), "Statement": statements}


def test_all_are_read_and_printed_back():
    policies = {name: it["Document"] for name, it in json.loads(aws_managed_policies_data).items()}
    assert len(policies) > 1000
    lines = [{"id": name, "policy": document} for name, document in policies.items()]
    printed = compare.printed(compare.build(), lines)
    for name, document in policies.items():
        assert meaning(printed[name]) == meaning(document), name
