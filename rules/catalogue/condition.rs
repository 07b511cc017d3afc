//! Rules about conditions of policies.

use crate::subject::rule::Rule;

mod admits_other_teams;
mod fails_open;
mod key_ineffective;
mod wildcard_team;

pub(crate) static RULES: &[&Rule] = &[
    &admits_other_teams::RULE,
    &fails_open::RULE,
    &key_ineffective::RULE,
    &wildcard_team::RULE,
];
