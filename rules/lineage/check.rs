//! What a rule on lineage asks of a configuration.

use super::Setup;
use crate::finding::Verdict;
use crate::settings::Context;

/// What a rule on lineage asks of a configuration, be it an application's, a job run's or a session's.
#[derive(Debug)]
pub struct LineageCheck {
    /// The id of the rule.
    pub rule: &'static str,
    /// Whether lineage is lost, or can't be told to be reported.
    pub check: for<'a> fn(&Setup<'a>, &Context<'_>) -> Verdict,
}
