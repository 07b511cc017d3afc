//! Rules about policies.

use crate::subject::rule::Rule;

mod allows_notaction;
mod allows_notresource;
mod arn_prefix_collision;
mod deny_gap;
mod notprincipal;
mod retaggable;
mod team_missing;
mod team_unknown;
mod variable_default_team;
mod variable_inert;

pub(crate) static RULES: &[&Rule] = &[
    &allows_notaction::RULE,
    &allows_notresource::RULE,
    &arn_prefix_collision::RULE,
    &deny_gap::RULE,
    &notprincipal::RULE,
    &retaggable::RULE,
    &team_missing::RULE,
    &team_unknown::RULE,
    &variable_default_team::RULE,
    &variable_inert::RULE,
];
