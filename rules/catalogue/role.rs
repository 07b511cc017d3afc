//! Rules about roles.

use crate::subject::rule::Rule;

mod administrator;
mod creatable_unbounded;
mod policy_other_team;
mod policy_rewritable;
mod retaggable;
mod team_missing;
mod team_unknown;

pub(crate) use team_missing::untagged;

pub(crate) static RULES: &[&Rule] = &[
    &administrator::RULE,
    &creatable_unbounded::RULE,
    &policy_other_team::RULE,
    &policy_rewritable::RULE,
    &retaggable::RULE,
    &team_missing::RULE,
    &team_unknown::RULE,
];
