//! Tells PagerDuty what changed, and remembers what it took.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{AuditError, paging};
use crate::config::{Config, FirstRun, PagerDuty};
use crate::ledger::{Incident, Ledger, Seen};
use crate::notify::pagerduty::{self, Delivery, DeliveryError};
use crate::notify::{self, Action, Plan, Routing, Situation};
use crate::report::{Notification, NotificationProblem, Report};
use crate::store::{SavedLedger, Store, StoreError};

/// How often a ledger is merged with what another run saved meanwhile.
const MERGES: u32 = 40;

/// All that telling needs.
pub(super) struct Teller<'a> {
    pub(super) store: Store,
    pub(super) config: &'a Config,
    pub(super) pagerduty: PagerDuty,
    pub(super) routing: Routing,
    /// Whether the run looks at a part of what the configuration asks for.
    pub(super) is_narrowed: bool,
    /// When sending must have ended, if that is sooner than the configuration says.
    pub(super) until: Option<Instant>,
}

impl Teller<'_> {
    /// What is to be told of a report. A key that turns out to be of no use sends it another way.
    pub(super) async fn plan(&mut self, report: &Report, ledger: &Ledger) -> Plan {
        let report_url = self.store.link(&report.name());
        loop {
            let plan = notify::plan(&Situation {
                report,
                ledger,
                config: self.config,
                pagerduty: &self.pagerduty,
                routing: &self.routing,
                report_url: report_url.as_deref(),
                is_narrowed: self.is_narrowed,
            });
            if !self.routing.reveal_for(&plan.changes).await {
                return plan;
            }
        }
    }

    /// Why nobody is paged by a run that somebody may begin anew once they have chosen.
    pub(super) fn undecided(&self, report: &Report, plan: &Plan) -> AuditError {
        AuditError::Undecided {
            report: Box::new(report.clone()),
            openings: plan.held,
            most: self.pagerduty.max_events,
        }
    }

    /// Sends the changes, and says what came of it for the report and for the ledger. What was about to be sent is
    /// in the ledger already: a run that is killed before it can say what was taken leaves a ledger by which the
    /// next tells it again, or resolves it.
    pub(super) async fn tell(
        &self,
        plan: Plan,
    ) -> (Notification, BTreeMap<String, Option<Incident>>) {
        let endpoint = &self.pagerduty.endpoint;
        let budget = Duration::try_from(self.pagerduty.send_timeout).unwrap_or_default();
        let until = Instant::now() + budget;
        let until = self.until.map_or(until, |sooner| sooner.min(until));
        let (folded, held) = (plan.folded, plan.held);
        let deliveries = pagerduty::send(endpoint, plan.changes, &self.routing, until).await;
        let mut notification = Notification {
            folded,
            held,
            unroutable: plan.unroutable.len(),
            ..summary(&deliveries)
        };
        notification.problems.extend(plan.unroutable);
        (notification, delivered(deliveries))
    }
}

/// Tells PagerDuty of a report that was saved, as the run that made it would have.
pub async fn notify(config: &Config, report: &Report) -> Result<Notification, AuditError> {
    let (mut teller, saved) = teller(config, report).await?;
    let plan = teller.plan(report, &saved.ledger).await;
    if plan.held > 0 {
        return Err(teller.undecided(report, &plan));
    }
    let seen = Seen {
        settles_paging: teller.pagerduty.first_run == FirstRun::Page,
        ..Seen::told(report.run.started_at, plan.intents())
    };
    let kept = save(&teller.store, saved, &seen).await?;
    let (notification, told) = teller.tell(plan).await;
    if !told.is_empty() {
        save(
            &teller.store,
            kept,
            &Seen::told(report.run.started_at, told),
        )
        .await?;
    }
    Ok(notification)
}

/// What [`notify()`] would tell PagerDuty.
pub async fn preview(config: &Config, report: &Report) -> Result<notify::Plan, AuditError> {
    let (mut teller, saved) = teller(config, report).await?;
    // All of it is shown, so that whoever is to choose can see it.
    teller.pagerduty.first_run = FirstRun::Page;
    Ok(teller.plan(report, &saved.ledger).await)
}

async fn teller<'a>(
    config: &'a Config,
    report: &Report,
) -> Result<(Teller<'a>, SavedLedger), AuditError> {
    if report.run.started_at > super::latest_start() {
        return Err(AuditError::FutureEstate(report.run.started_at));
    }
    let store = Store::open(&config.store.url).await?;
    let saved = store.load().await?;
    match saved.ledger.updated_at.cmp(&Some(report.run.started_at)) {
        Ordering::Greater => return Err(AuditError::StaleReport),
        // What another ledger knows would pass for mended here.
        Ordering::Less => return Err(AuditError::ForeignReport),
        Ordering::Equal => {}
    }
    let (pagerduty, mut routing) = paging(config, &saved.ledger)?;
    routing.reveal_all().await?;
    let teller = Teller {
        store,
        config,
        pagerduty,
        routing,
        is_narrowed: false,
        until: None,
    };
    Ok((teller, saved))
}

/// What the report says of it.
fn summary(deliveries: &[Delivery]) -> Notification {
    let mut summary = Notification::default();
    for (change, delivery) in deliveries {
        let problem = |reason| NotificationProblem {
            dedup_key: change.dedup_key.clone(),
            summary: change.summary().to_owned(),
            reason,
        };
        if let (
            Ok(()),
            Action::Trigger {
                lost_key: Some(key),
                ..
            },
        ) = (delivery, &change.action)
        {
            summary.problems.push(problem(pagerduty::lost(key)));
        }
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
                summary.problems.push(problem(error.to_string()));
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
    mut saved: SavedLedger,
    seen: &Seen<'_>,
) -> Result<SavedLedger, StoreError> {
    for _ in 0..MERGES {
        let generation = saved.generation + 1;
        let ledger = saved.ledger.after(seen);
        match store.save(generation, &ledger).await {
            Ok(()) => {
                return Ok(SavedLedger {
                    generation,
                    ledger,
                    ahead: saved.ahead,
                });
            }
            Err(StoreError::Taken(_)) => {
                // Runs that lost against each other don't meet again at once.
                tokio::time::sleep(Duration::from_millis(fastrand::u64(..256))).await;
                saved = store.load_later().await?;
            }
            Err(error) => return Err(error),
        }
    }
    Err(StoreError::Taken(saved.generation + 1))
}
