//! Rules about applications.

use crate::subject::rule::Rule;

mod auto_stop_disabled;
mod capacity_unbounded;
mod idle_timeout_long;
mod image_unapproved;
mod image_unsupported;
mod initial_capacity_idle;
mod log_plugin_missing;
mod logs_disabled;
mod retaggable;
pub(in crate::catalogue) mod rewritable;
mod team_missing;
mod team_unknown;

pub(crate) static RULES: &[&Rule] = &[
    &auto_stop_disabled::RULE,
    &capacity_unbounded::RULE,
    &idle_timeout_long::RULE,
    &image_unapproved::RULE,
    &image_unsupported::RULE,
    &initial_capacity_idle::RULE,
    &log_plugin_missing::RULE,
    &logs_disabled::RULE,
    &retaggable::RULE,
    &rewritable::RULE,
    &team_missing::RULE,
    &team_unknown::RULE,
];
