"""By what a trust policy names its caller: cases that were once wrong."""

import pytest

import compare

ROLE = "arn:aws:iam::111111111111:role/emr/red/red-exec"
SESSION = "arn:aws:sts::111111111111:assumed-role/red-exec/s"
NOTHING = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
MISSING = {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "x"}}


@pytest.fixture(scope="module", autouse=True)
def evaluators():
    missing = compare.install()
    if missing:
        pytest.skip(missing)
    compare.build()


def differs(identity, *trust):
    case = {
        "id": "0",
        "principal": ROLE,
        "action": "sts:AssumeRole",
        "resource": "arn:aws:iam::111111111111:role/emr/blue/blue-data",
        "resourceAccount": "111111111111",
        "context": {},
        "identityPolicies": [{"name": "p", "policy": identity}],
        "resourcePolicy": {"Version": "2012-10-17", "Statement": list(trust)},
        "boundary": None,
    }
    return compare.different([case])


def statement(effect, principal, condition=None):
    plain = {"Effect": effect, "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return {**plain, "Condition": condition} if condition else plain


def test_a_deny_of_one_session_leaves_the_role_its_others():
    """Whoever has a role may call its session as it likes, so such a deny protects nothing."""
    assert not differs(NOTHING, statement("Allow", ROLE), statement("Deny", SESSION))


def test_how_a_sure_allow_names_the_caller_is_not_taken_from_an_unsure_one():
    """The account alone delegates to the caller's own policies, which allow nothing; only the unsure statement names
    the role itself. So access hangs on it, and isn't proven."""
    assert not differs(NOTHING, statement("Allow", ROLE, MISSING), statement("Allow", "111111111111"))
