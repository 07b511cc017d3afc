//! Tells PagerDuty what changed, and remembers what it took.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::config::{Config, PagerDuty};
use crate::ledger::{Incident, Ledger, Looked, Seen};
use crate::notify::pagerduty::{self, Delivery, DeliveryError};
use crate::notify::{self, Action, Plan, Routing, Situation};
use crate::report::{Notification, NotificationProblem, Report};
use crate::store::{Saved, Store, StoreError};

/// How often a ledger is merged with what another run saved meanwhile.
const MERGES: u32 = 40;

/// All that telling needs.
pub(super) struct Teller<'a> {
    pub(super) store: Store,
    pub(super) config: &'a Config,
    pub(super) pagerduty: PagerDuty,
    pub(super) routing: Routing,
    /// When sending must have ended, if that is sooner than the configuration says.
    pub(super) until: Option<Instant>,
}

impl Teller<'_> {
    /// What is to be told of a report.
    pub(super) fn plan(&self, report: &Report, ledger: &Ledger) -> Plan {
        let report_url = self.store.link(&report.name());
        notify::plan(&Situation {
            report,
            ledger,
            config: self.config,
            pagerduty: &self.pagerduty,
            routing: &self.routing,
            report_url: report_url.as_deref(),
        })
    }

    /// Sends the changes and saves what came of it. What was about to be sent is in the ledger already: a run
    /// that is killed before it can say what was taken leaves a ledger by which the next tells it again, or
    /// resolves it.
    pub(super) async fn tell(
        &self,
        plan: Plan,
        kept: Saved,
        at: Timestamp,
    ) -> Result<(Notification, Saved), StoreError> {
        let endpoint = &self.pagerduty.endpoint;
        let budget = Duration::try_from(self.pagerduty.send_timeout).unwrap_or_default();
        let until = Instant::now() + budget;
        let until = self.until.map_or(until, |sooner| sooner.min(until));
        let (folded, unroutable) = (plan.folded, plan.unroutable);
        let deliveries = pagerduty::send(endpoint, plan.changes, &self.routing, until).await;
        let notification = Notification {
            folded,
            unroutable,
            ..summary(&deliveries)
        };
        let told = Seen {
            at,
            findings: &[],
            applications: &[],
            looked: &Looked::default(),
            incidents: delivered(deliveries),
            baseline: false,
        };
        let kept = if told.incidents.is_empty() {
            kept
        } else {
            save(&self.store, kept, &told).await?
        };
        Ok((notification, kept))
    }
}

/// What the report says of it.
fn summary(deliveries: &[Delivery]) -> Notification {
    let mut summary = Notification::default();
    for (change, delivery) in deliveries {
        match (delivery, &change.action) {
            (Ok(()), Action::Trigger { is_new: true, .. }) => summary.opened += 1,
            (Ok(()), Action::Trigger { is_new: false, .. }) => summary.updated += 1,
            (Ok(()), Action::Resolve { .. }) => summary.resolved += 1,
            (Err(error), _) => {
                if error.is_owed() {
                    summary.owed += 1;
                } else {
                    summary.failed += 1;
                }
                summary.problems.push(NotificationProblem {
                    dedup_key: change.dedup_key.clone(),
                    summary: change.summary().to_owned(),
                    reason: error.to_string(),
                });
            }
        }
    }
    summary
}

/// What the ledger is to remember: what PagerDuty took. What can't be resolved for want of its key is
/// forgotten once it was said: no later run could either.
fn delivered(deliveries: Vec<Delivery>) -> BTreeMap<String, Option<Incident>> {
    let settled = deliveries.into_iter().filter(|(change, delivery)| {
        let lost = matches!(delivery, Err(DeliveryError::LostKey(_)));
        delivery.is_ok() || (lost && matches!(change.action, Action::Resolve { .. }))
    });
    let remembered = settled.map(|(change, _)| {
        let incident = match change.action {
            Action::Trigger { incident, .. } => Some(incident),
            Action::Resolve { remembered, .. } => remembered,
        };
        (change.dedup_key, incident)
    });
    remembered.collect()
}

/// Saves the ledger as the next generation. Where another run was quicker, what this one saw is laid
/// over what that one saved.
pub(super) async fn save(
    store: &Store,
    mut saved: Saved,
    seen: &Seen<'_>,
) -> Result<Saved, StoreError> {
    for _ in 0..MERGES {
        let generation = saved.generation + 1;
        let ledger = saved.ledger.after(seen);
        match store.save(generation, &ledger).await {
            Ok(()) => return Ok(Saved { generation, ledger }),
            Err(StoreError::Taken(_)) => {
                // Runs that lost against each other don't meet again at once.
                tokio::time::sleep(Duration::from_millis(fastrand::u64(..256))).await;
                saved = store.load().await?;
            }
            Err(error) => return Err(error),
        }
    }
    Err(StoreError::Taken(saved.generation + 1))
}
