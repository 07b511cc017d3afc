//! Rules about lineage agents other than Spline.

use crate::subject::rule::Rule;

mod agent_missing;
mod agent_wrong_release;
mod disabled;
mod listener_misplaced;
mod listener_missing;
mod transport_incomplete;

pub(crate) static RULES: &[&Rule] = &[
    &agent_missing::RULE,
    &agent_wrong_release::RULE,
    &listener_missing::RULE,
    &listener_misplaced::RULE,
    &disabled::RULE,
    &transport_incomplete::RULE,
];
