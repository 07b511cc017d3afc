"""Where iam-simulate is known to differ from what AWS documents, and why."""

import json
import re


def documents(case):
    policies = [it["policy"] for it in case["identityPolicies"]]
    return policies + [it for it in (case["resourcePolicy"], case["boundary"]) if it]


def variable_before_2012(case):
    """The IAM User Guide, "IAM policy elements: Variables and tags": without Version 2012-10-17 variables are
    treated as literal strings. iam-simulate expands them."""
    return any(it.get("Version") != "2012-10-17" and "${" in json.dumps(it) for it in documents(case))


def network_of_everything(case):
    """`0.0.0.0/0` holds every IPv4 address (RFC 4632). iam-simulate's shift by 32 bits makes a mask of ones."""
    return "0.0.0.0/0" in json.dumps(documents(case)) and ":" not in case["context"].get("aws:SourceIp", ":")


def conditions(case):
    for document in documents(case):
        statements = document["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            for operator, keys in statement.get("Condition", {}).items():
                for key, values in keys.items():
                    yield operator, key, values if isinstance(values, list) else [values]


def negated_variable_without_value(case):
    """The IAM User Guide, "Policy variables with no value": inverted operators like StringNotEquals do match
    against a null value. iam-simulate lets them fail."""
    held = {key.lower() for key in case["context"]}
    for operator, _, values in conditions(case):
        names = re.findall(r"\$\{([^},]+)\}", " ".join(map(str, values)))
        if "Not" in operator and any(it not in "*?$" and it.lower() not in held for it in names):
            return True
    return False


def any_value_if_exists(case):
    """The IAM User Guide says of IfExists that a missing key passes, and of ForAnyValue that it doesn't, and
    nothing of both together. Lineward takes it as unknown, iam-simulate as failed."""
    held = {key.lower() for key in case["context"]}
    return any(
        operator.startswith("ForAnyValue") and operator.endswith("IfExists") and key.lower() not in held
        for operator, key, _ in conditions(case)
    )


def address_of_another_family(case):
    """An IPv6 address isn't a single IPv4 address, so NotIpAddress holds. iam-simulate can't compare them and lets
    the condition fail."""
    singles = (value for operator, _, values in conditions(case) if "NotIpAddress" in operator for value in values)
    return ":" in case["context"].get("aws:SourceIp", "") and any("/" not in it and ":" not in it for it in singles)


ALL = [
    variable_before_2012,
    network_of_everything,
    negated_variable_without_value,
    any_value_if_exists,
    address_of_another_family,
]


def of(case):
    return next((it.__name__ for it in ALL if it(case)), None)
