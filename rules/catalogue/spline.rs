//! Rules about the Spline agent.

use crate::subject::rule::Rule;

mod agent_ambiguous;
mod agent_missing;
mod agent_outdated;
mod agent_unrecognized;
mod agent_wrong_release;
mod disabled;
mod dispatcher_incomplete;
mod dispatcher_unapproved;
mod key_ignored;
mod listener_missing;
mod mode_invalid;
mod release_unsupported;

pub(crate) static RULES: &[&Rule] = &[
    &agent_missing::RULE,
    &agent_unrecognized::RULE,
    &agent_ambiguous::RULE,
    &agent_wrong_release::RULE,
    &agent_outdated::RULE,
    &listener_missing::RULE,
    &disabled::RULE,
    &mode_invalid::RULE,
    &dispatcher_incomplete::RULE,
    &dispatcher_unapproved::RULE,
    &key_ignored::RULE,
    &release_unsupported::RULE,
];
