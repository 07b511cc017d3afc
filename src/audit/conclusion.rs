//! What is done once everything was judged: report, notify, save.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use lineward_rules::Status;
use uuid::Uuid;

use super::fold::FoldResult;
use super::tell::{self, Teller};
use super::{AuditError, Outcome};
use crate::collect::CallCounts;
use crate::config::FirstRun;
use crate::digest::sha256;
use crate::history;
use crate::ledger::{Incident, Seen, StoredReport};
use crate::notify;
use crate::report::{FindingRow, Format, IncidentRow, Report, Trigger};
use crate::store::{SavedLedger, Store, StoreError};

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
        saved: SavedLedger,
        folded: FoldResult,
    ) -> Result<Outcome, AuditError> {
        let mut report = folded.report;
        let mut plan = match &mut self.teller {
            Some(teller) => teller.plan(&report, &saved.ledger).await,
            None => notify::Plan::default(),
        };
        let is_inside = |row: &FindingRow| !folded.outside.contains(&row.fingerprint);
        if let Some(teller) = &self.teller
            && plan.held > 0
            && report.run.trigger == Trigger::Cli
        {
            report.findings.retain(is_inside);
            return Err(teller.undecided(&report, &plan));
        }
        name_incidents(&mut report, &plan, &saved.ledger.incidents);
        report.findings.retain(is_inside);
        let newborn = std::mem::take(&mut plan.newborn);
        if is_old_news(&report, &plan) {
            return Ok(Outcome {
                newborn,
                ..Outcome::unstored(report)
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
            departed: folded.departed.as_ref(),
            settles_paging: self.settles_paging(&report, &plan),
            report: None,
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
    async fn forget(&self, report: &Report, kept: &SavedLedger) {
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
        saved: SavedLedger,
        seen: &Seen<'_>,
    ) -> Result<SavedLedger, StoreError> {
        // What a later run knows better was kept by its own run, if at all.
        if self.stale {
            return Ok(saved);
        }
        let before = saved.ledger.report.as_ref();
        report.previous_sha256 = before.map(|before| before.sha256.clone());
        let teller = self.teller.as_ref();
        let is_quiet = plan.changes.is_empty();
        let mut telling = Some(plan);
        // Where there is nothing to send, all that there is to say is known.
        if let Some(teller) = teller.filter(|_| is_quiet) {
            let (notification, _) = teller.tell(telling.take().unwrap_or_default()).await;
            report.notification = Some(notification);
        }
        let first = self.store_first(report).await?;
        let seen = Seen {
            report: Some(first),
            ..seen.clone()
        };
        let mut kept = tell::save(&self.store, saved, &seen).await?;
        if let (Some(teller), Some(plan)) = (teller, telling) {
            let (notification, told) = teller.tell(plan).await;
            report.notification = Some(notification);
            let (stored, bytes) = stored(report);
            let told = Seen {
                report: Some(stored),
                ..Seen::told(seen.at, told)
            };
            kept = tell::save(&self.store, kept, &told).await?;
            self.store.put(&report.name(), bytes).await?;
        }
        Ok(kept)
    }

    /// Stores a report and its rows. What another evaluation of the run has stored stays as it is.
    async fn store_first(&self, report: &mut Report) -> Result<StoredReport, StoreError> {
        let (mut of_report, bytes) = stored(report);
        if !self.store.create(&of_report.name, bytes).await? {
            report.run.evaluation = Uuid::now_v7().to_string();
            let bytes;
            (of_report, bytes) = stored(report);
            self.store.put(&of_report.name, bytes).await?;
        }
        for (name, bytes) in history::objects(report) {
            self.store.create(&name, bytes).await?;
        }
        Ok(of_report)
    }
}

/// A report as it is stored.
fn stored(report: &Report) -> (StoredReport, Vec<u8>) {
    let bytes = report.render(Format::Json, None, false).into_bytes();
    let stored = StoredReport {
        name: report.name(),
        sha256: sha256([bytes.as_slice()]),
    };
    (stored, bytes)
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
