"""Where iam-simulate is known to differ from what AWS documents.

Nothing is left out of the comparison for them: each puts a case so that iam-simulate reads it as AWS documents it.
Of what AWS doesn't document, iam-simulate is asked both ways, and Lineward may then say `Conditional`.
"""

import copy
import datetime
import re

# What no request holds.
NOTHING = "arn:none:none:none:none:none/none"
VARIABLE = re.compile(r"\$\{([^},]+)(,[^}]*)?\}")


def listed(value):
    return value if isinstance(value, list) else [value]


def documents(case):
    policies = [it["policy"] for it in case["identityPolicies"]]
    return policies + [it for it in (case["resourcePolicy"], case["boundary"]) if it]


def statements(case):
    for document in documents(case):
        for statement in listed(document["Statement"]):
            yield document, statement


def held(case):
    return {key.lower(): value for key, value in case["context"].items()}


def put_values(case, wanted, put):
    """Puts the values of the conditions whose operator and key are wanted."""
    for _, statement in statements(case):
        for operator, keys in statement.get("Condition", {}).items():
            for key in keys:
                if wanted(operator, key.lower()):
                    keys[key] = [new for old in listed(keys[key]) for new in listed(put(old))]


def special_character_without_wildcards(case):
    """The IAM User Guide, "Variables and tags", of `${*}`, `${?}` and `${$}`: they can be used in any string where
    regular variables can. iam-simulate knows them in operators with wildcards alone, and elsewhere takes them as
    they stand."""
    for document, statement in statements(case):
        for operator, keys in statement.get("Condition", {}).items():
            if document.get("Version") == "2012-10-17" and "String" in operator and "Equals" in operator:
                for key in keys:
                    keys[key] = [re.sub(r"\$\{([*?$])\}", r"\1", str(it)) for it in listed(keys[key])]


def variable_before_2012(case):
    """The IAM User Guide, "IAM policy elements: Variables and tags": without Version 2012-10-17 variables are
    treated as literal strings. iam-simulate expands them."""
    def literal(value):
        return value.replace("${", "${$}{") if isinstance(value, str) else value

    for document in documents(case):
        if document.get("Version") == "2012-10-17" or "${" not in str(document):
            continue
        document["Version"] = "2012-10-17"
        for statement in listed(document["Statement"]):
            for name in ("Resource", "NotResource"):
                if name in statement:
                    statement[name] = [literal(it) for it in listed(statement[name])]
            for keys in statement.get("Condition", {}).values():
                for key in keys:
                    keys[key] = [literal(it) for it in listed(keys[key])]


def network_of_everything(case):
    """`0.0.0.0/0` holds every IPv4 address (RFC 4632). iam-simulate's shift by 32 bits makes a mask of ones."""
    halves = ["0.0.0.0/1", "128.0.0.0/1"]
    put_values(case, lambda operator, _: "IpAddress" in operator, lambda it: halves if it == "0.0.0.0/0" else it)


def address_of_another_family(case):
    """An address isn't a single address of the other family, so NotIpAddress holds. iam-simulate can't compare them
    and lets the condition fail; networks of one address it can."""
    def network(value):
        return value if "/" in value else f"{value}/128" if ":" in value else f"{value}/32"

    put_values(case, lambda operator, _: "IpAddress" in operator, network)


def negated_variable_without_value(case):
    """The IAM User Guide, "Policy variables with no value": inverted operators like StringNotEquals do match
    against a null value. iam-simulate lets them fail."""
    known = held(case)

    def unlike_all(value):
        names = VARIABLE.findall(value) if isinstance(value, str) else []
        missing = any(name.strip() not in "*?$" and name.strip().lower() not in known and not default
                      for name, default in names)
        return NOTHING if missing else value

    put_values(case, lambda operator, _: "Not" in operator, unlike_all)


def excepted_variable_without_value(case):
    """The IAM User Guide, "Policy variables with no value": in Resource or NotResource, the resource with the
    variable will not match any resource, so that NotResource excepts nothing. iam-simulate drops the statement."""
    known = held(case)
    for _, statement in statements(case):
        for value in listed(statement.get("NotResource", [])):
            names = VARIABLE.findall(value)
            if any(name.strip() not in "*?$" and name.strip().lower() not in known and not default
                   for name, default in names):
                kept = [it for it in listed(statement["NotResource"]) if it != value]
                statement["NotResource"] = [*kept, NOTHING]


def excepted_short_arn(case):
    """The IAM User Guide, "IAM JSON policy elements: Resource": AWS completes an incomplete ARN with wildcards in all
    missing fields. iam-simulate does, yet drops a statement whose NotResource holds one that doesn't match."""
    def completed(value):
        missing = 5 - value.count(":")
        return value + ":*" * missing if value != "*" and missing > 0 else value

    for _, statement in statements(case):
        if "NotResource" in statement:
            statement["NotResource"] = [completed(it) for it in listed(statement["NotResource"])]


def variable_before_the_fifth_colon(case):
    """The IAM User Guide, "Variables and tags", of the element Condition: a variable may stand in any value of a
    string or ARN operator. iam-simulate parts such an ARN at the colon in the variable's name."""
    known = held(case)

    def value_of(found):
        value = known.get(found[1].strip().lower())
        return value if isinstance(value, str) and not set(value) & set("*?$") else found[0]

    def put(value):
        return VARIABLE.sub(value_of, value) if isinstance(value, str) and "::${" in value else value

    put_values(case, lambda operator, _: "Arn" in operator, put)


def seconds_since_1970(case):
    """The IAM User Guide, "Date condition operators": values are ISO 8601 or seconds since 1970. iam-simulate
    compares the seconds of one with the milliseconds of the other."""
    known = held(case)

    def put_all(keys, key):
        seconds = str(known.get(key.lower(), "")).isdigit()
        keys[key] = [put(str(it), seconds) for it in listed(keys[key])]

    def put(value, seconds):
        if value.isdigit() and not seconds:
            moment = datetime.datetime.fromtimestamp(int(value), datetime.timezone.utc)
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        if seconds and not value.isdigit():
            moment = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
            return str(int((moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()))
        return value

    for _, statement in statements(case):
        for operator, keys in statement.get("Condition", {}).items():
            if "Date" in operator:
                for key in keys:
                    put_all(keys, key)


TRANSLATIONS = [
    special_character_without_wildcards,
    variable_before_2012,
    network_of_everything,
    address_of_another_family,
    negated_variable_without_value,
    excepted_variable_without_value,
    excepted_short_arn,
    variable_before_the_fifth_colon,
    seconds_since_1970,
]


def session_of_the_role(case):
    """Who calls is always a session of a role, of any name. iam-simulate takes the ARN of a role for the caller itself,
    and then finds it in no `Principal` that names a session. So two sessions ask: one that policies name, one other."""
    if "assumed-role/" not in str(case["resourcePolicy"]):
        return [case]
    account, name = case["principal"].split(":")[4], case["principal"].rsplit("/", 1)[-1]
    return [{**case, "principal": f"arn:aws:sts::{account}:assumed-role/{name}/{session}"} for session in ("s", "t")]


def any_value_if_exists(case, holds):
    """The IAM User Guide says of IfExists that a missing key passes, and of ForAnyValue that it doesn't, and
    nothing of both together."""
    known, found = held(case), False
    for _, statement in statements(case):
        for operator, keys in statement.get("Condition", {}).items():
            if not operator.startswith("ForAnyValue") or not operator.endswith("IfExists"):
                continue
            for key in [it for it in keys if it.lower() not in known]:
                found = True
                if holds:
                    del keys[key]
        block = statement.get("Condition", {})
        for operator in [it for it in block if not block[it]]:
            del block[operator]
    return found


def translated(case):
    """The case as iam-simulate must be asked it, and the names of the deviations that it meets."""
    one, met = copy.deepcopy(case), []
    for translate in TRANSLATIONS:
        before = written(one)
        translate(one)
        if written(one) != before:
            met.append(translate.__name__)
    return one, met


def written(case):
    """A list of one is no change."""
    return str(case).replace("[", "").replace("]", "")


def asked(case):
    """What to ask iam-simulate: one or more requests of which one must be allowed; and these once more, otherwise,
    where AWS's documentation leaves it open."""
    one, _ = translated(case)
    other = copy.deepcopy(one)
    # As it stands, iam-simulate lets ForAnyValue with IfExists fail.
    ways = [one, other] if any_value_if_exists(other, True) else [one]
    return [session_of_the_role(it) for it in ways]


def of(case):
    """The deviations that a case meets, by name."""
    _, met = translated(case)
    if any_value_if_exists(case, False):
        met.append(any_value_if_exists.__name__)
    if len(session_of_the_role(case)) > 1:
        met.append(session_of_the_role.__name__)
    return met
