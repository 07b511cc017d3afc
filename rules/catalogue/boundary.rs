//! Rules about ways over the boundary between teams.

use crate::subject::rule::Rule;

pub(in crate::catalogue) mod reachable;
mod removable;
mod shared_pivot;
mod unproven;

/// What tells findings on a role that ways pass through from its others.
const PART: &str = "pivot";

pub(crate) static RULES: &[&Rule] = &[
    &reachable::RULE,
    &removable::RULE,
    &shared_pivot::RULE,
    &unproven::RULE,
];
