//! Rules about trust policies.

use crate::subject::rule::Rule;

pub(in crate::catalogue) mod admits_account;
pub(in crate::catalogue) mod admits_anyone;
pub(in crate::catalogue) mod admits_foreign_account;
pub(in crate::catalogue) mod admits_other_team;
mod principal_dead;
mod provider_other_team;
mod provider_unguarded;
mod rewritable;
mod service_unguarded;
mod source_other_team;

pub(crate) static RULES: &[&Rule] = &[
    &admits_account::RULE,
    &admits_anyone::RULE,
    &admits_foreign_account::RULE,
    &admits_other_team::RULE,
    &principal_dead::RULE,
    &provider_other_team::RULE,
    &provider_unguarded::RULE,
    &rewritable::RULE,
    &service_unguarded::RULE,
    &source_other_team::RULE,
];
