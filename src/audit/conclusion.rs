//! What is done once everything was judged: report, notify, save.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use lineward_rules::Status;

use super::fold::Folded;
use super::tell::{self, Teller};
use super::{AuditError, Outcome};
use crate::collect::CallCounts;
use crate::config::FirstRun;
use crate::history;
use crate::ledger::{Incident, Seen};
use crate::notify;
use crate::report::{FindingRow, Format, IncidentRow, Report, Trigger};
use crate::store::{Saved, Store, StoreError};

/// What is done once everything was judged: report, notify, save.
pub(super) struct Conclusion<'a> {
    pub(super) store: Store,
    pub(super) teller: Option<Teller<'a>>,
    /// Whether a later run has written the ledger.
    pub(super) stale: bool,
    /// Whether the run looks at a part of what the configuration asks for.
    pub(super) is_narrowed: bool,
    /// How long reports are kept.
    pub(super) keep: Option<SignedDuration>,
    pub(super) baseline: bool,
}

impl Conclusion<'_> {
    pub(super) async fn draw(
        mut self,
        saved: Saved,
        folded: Folded,
    ) -> Result<Outcome, AuditError> {
        let mut report = folded.report;
        let mut plan = match &mut self.teller {
            Some(teller) => teller.plan(&report, &saved.ledger).await,
            None => notify::Plan::default(),
        };
        if let Some(teller) = &self.teller
            && plan.held > 0
            && report.run.trigger == Trigger::Cli
        {
            return Err(teller.undecided(&report, &plan));
        }
        name_incidents(&mut report, &plan, &saved.ledger.incidents);
        let newborn = std::mem::take(&mut plan.newborn);
        if is_old_news(&report, &plan) {
            return Ok(Outcome {
                newborn,
                report,
                report_at: None,
                ledger_at: None,
                ahead: None,
                calls: CallCounts::default(),
                scanned_at: None,
            });
        }
        let organization = report.organization.clone();
        let seen = Seen {
            at: report.run.started_at,
            findings: &folded.findings,
            applications: &folded.applications,
            looked: &folded.looked,
            incidents: plan.intents(),
            baseline: self.baseline,
            organization: Some(&organization),
            is_scan: folded.is_scan,
            settles_paging: self.settles_paging(&report, &plan),
        };
        let kept = self.save(&mut report, plan, saved, &seen).await;
        let kept = kept.map_err(|source| AuditError::Unsaved {
            report: Box::new(report.clone()),
            source,
        })?;
        self.forget(&report, &kept).await;
        Ok(Outcome {
            report_at: (!self.stale).then(|| self.store.locate(&report.name())),
            ledger_at: (!self.stale).then(|| self.store.locate_ledger(kept.generation)),
            ahead: None,
            calls: CallCounts::default(),
            scanned_at: None,
            newborn,
            report,
        })
    }

    /// Deletes what is too old; of events there are too many to look each time.
    async fn forget(&self, report: &Report, kept: &Saved) {
        let Some(keep) = self.keep else {
            return;
        };
        if self.stale || report.run.trigger == Trigger::Event {
            return;
        }
        let forgotten = self.store.forget(keep, report.run.started_at, &kept.ledger);
        if let Err(error) = forgotten.await {
            tracing::warn!("what is too old stays: {error}");
        }
    }

    /// Whether this run settles what becomes of old faults. Those of accounts that it did not enter may be many.
    fn settles_paging(&self, report: &Report, plan: &notify::Plan) -> bool {
        let accounts = report.coverage.accounts;
        let pages =
            |teller: &Teller<'_>| teller.pagerduty.first_run == FirstRun::Page || plan.held == 0;
        !self.is_narrowed
            && accounts.failed <= accounts.audited
            && (self.baseline || self.teller.as_ref().is_some_and(pages))
    }

    async fn save(
        &self,
        report: &mut Report,
        plan: notify::Plan,
        saved: Saved,
        seen: &Seen<'_>,
    ) -> Result<Saved, StoreError> {
        // What a later run knows better was kept by its own run, if at all.
        if self.stale {
            return Ok(saved);
        }
        let json = |report: &Report| report.render(Format::Json, None, false);
        self.store.put(&report.name(), json(report)).await?;
        for (name, bytes) in history::objects(report) {
            self.store.put(&name, bytes).await?;
        }
        let mut kept = tell::save(&self.store, saved, seen).await?;
        if let Some(teller) = &self.teller {
            let (notification, told) = teller.tell(plan, kept, seen.at).await?;
            kept = told;
            report.notification = Some(notification);
            self.store.put(&report.name(), json(report)).await?;
        }
        Ok(kept)
    }
}

/// Whether an event's look found only what was known: there are too many events to write each down.
fn is_old_news(report: &Report, plan: &notify::Plan) -> bool {
    let is_news = |row: &FindingRow| matches!(row.status, Status::New | Status::Resolved);
    report.run.trigger == Trigger::Event
        && report.summary.new_applications == 0
        && plan.changes.is_empty()
        && plan.shrunk.is_empty()
        && !report.findings.iter().any(is_news)
}

/// Writes into each finding which incident it is part of.
fn name_incidents(report: &mut Report, plan: &notify::Plan, known: &BTreeMap<String, Incident>) {
    let told = known.iter().flat_map(|(key, incident)| {
        incident
            .findings
            .iter()
            .map(move |fingerprint| (fingerprint, key))
    });
    let told: BTreeMap<_, _> = told.collect();
    for (index, finding) in report.findings.iter_mut().enumerate() {
        let key = plan
            .incident_of
            .get(&index)
            .or_else(|| told.get(&finding.fingerprint).copied());
        finding.incident = key.map(|key| IncidentRow {
            dedup_key: key.clone(),
        });
    }
}
