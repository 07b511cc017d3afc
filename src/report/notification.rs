//! What became of paging.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plain;

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
    /// Incidents that were not opened, since it was the first run and nobody has chosen yet what becomes of them.
    #[serde(default)]
    pub held: usize,
    /// Changes that were not sent in time or didn't get through: the next run sends them.
    pub owed: usize,
    /// Changes that were refused, or whose key is gone.
    pub failed: usize,
    /// Each change that is owed or failed, and each group without a routing key.
    pub problems: Vec<NotificationProblem>,
}

/// How many incidents a warning names.
const NAMED: usize = 3;

impl Notification {
    /// Whether PagerDuty was told everything.
    pub fn is_whole(&self) -> bool {
        self.owed + self.failed + self.unroutable + self.held == 0
    }

    /// What went wrong: a line for each distinct reason, with the incidents that it kept from being told.
    pub fn warnings(&self) -> Vec<String> {
        let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for problem in &self.problems {
            let summaries = by_reason.entry(&problem.reason).or_default();
            summaries.push(&problem.summary);
        }
        let lines = by_reason.into_iter().map(|(reason, summaries)| {
            let count = summaries.len();
            let named: Vec<_> = summaries
                .iter()
                .take(NAMED)
                .map(|it| format!("`{}`", plain(it)))
                .collect();
            let named = named.join(", ");
            let reason = plain(reason);
            match count {
                1 => format!("incident {named}: {reason}"),
                2..=NAMED => format!("{count} incidents, {named}: {reason}"),
                _ => format!(
                    "{count} incidents, {named} and {} more: {reason}",
                    count - NAMED
                ),
            }
        });
        let held = (self.held > 0).then(|| {
            format!(
                "{} incidents are held back: it is the first run that pages; choose by `[pagerduty] first_run = \
                 \"page\"`, or by a run with `baseline`",
                self.held
            )
        });
        lines.chain(held).collect()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_said_once_with_the_incidents_that_it_is_about() {
        let problem = |number: usize, reason: &str| NotificationProblem {
            dedup_key: number.to_string(),
            summary: format!("app {number}"),
            reason: reason.into(),
        };
        let mut problems: Vec<_> = (0..5).map(|number| problem(number, "refused")).collect();
        problems.push(problem(5, "owed"));
        let notification = Notification {
            failed: 5,
            owed: 1,
            problems,
            ..Notification::default()
        };
        let expected = [
            "incident `app 5`: owed",
            "5 incidents, `app 0`, `app 1`, `app 2` and 2 more: refused",
        ];
        assert_eq!(notification.warnings(), expected);
        assert!(!notification.is_whole() && Notification::default().is_whole());
    }
}
