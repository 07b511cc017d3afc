//! What became of paging.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What PagerDuty was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notification {
    /// Incidents that were opened.
    pub opened: usize,
    /// Open incidents that were told what changed, or told again.
    pub updated: usize,
    /// Incidents that were resolved.
    pub resolved: usize,
    /// Groups of findings that share the one summary incident of their routing key.
    pub folded: usize,
    /// Groups of findings that page nobody for want of a routing key.
    pub unroutable: usize,
    /// Changes that were not sent in time or didn't get through: the next run sends them.
    pub owed: usize,
    /// Changes that were refused, or whose key is gone.
    pub failed: usize,
    /// Each change that is owed or failed.
    pub problems: Vec<NotificationProblem>,
}

/// A change that PagerDuty didn't take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationProblem {
    /// PagerDuty's key for the incident.
    pub dedup_key: String,
    /// What it is about.
    pub summary: String,
    /// Why it wasn't taken.
    pub reason: String,
}
