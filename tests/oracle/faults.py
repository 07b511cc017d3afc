"""Cases on which Lineward's evaluator is known to be wrong. See test_faults.py."""

import deviations


def name_of_an_unsure_allow(case, own, theirs):
    """A trust policy's sure allow of the account and unsure allow of the caller itself, taken for a sure one."""
    trust = case["resourcePolicy"] and {**case, "identityPolicies": [], "boundary": None}
    return own == "Allowed" and len(theirs) > 1 and bool(trust) and deviations.any_value_if_exists(trust, False)
