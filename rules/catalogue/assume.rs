//! Rules about whom a role may assume.

use crate::subject::rule::Rule;

pub(in crate::catalogue) mod latent_other_team;
pub(in crate::catalogue) mod reaches_other_team;
mod unbounded;

pub(crate) static RULES: &[&Rule] = &[
    &latent_other_team::RULE,
    &reaches_other_team::RULE,
    &unbounded::RULE,
];
