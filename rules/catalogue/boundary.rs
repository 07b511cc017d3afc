//! Rules about ways over the boundary between teams.

use crate::subject::rule::Rule;

mod reachable;
mod removable;
mod shared_pivot;
mod unproven;

pub(crate) static RULES: &[&Rule] = &[
    &reachable::RULE,
    &removable::RULE,
    &shared_pivot::RULE,
    &unproven::RULE,
];
