//! What is done once everything was judged: report, notify, save.

use std::collections::BTreeMap;

use lineward_rules::Status;

use super::fold::Folded;
use super::tell::{self, Teller};
use super::{AuditError, Outcome};
use crate::collect::CallCounts;
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
        name_incidents(&mut report, &plan, &saved.ledger.incidents);
        let newborn = std::mem::take(&mut plan.newborn);
        if is_old_news(&report, &plan) {
            return Ok(Outcome {
                newborn,
                report,
                report_at: None,
                ledger_at: None,
                calls: CallCounts::default(),
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
        };
        let kept = self.save(&mut report, plan, saved, &seen).await;
        let kept = kept.map_err(|source| AuditError::Unsaved {
            report: Box::new(report.clone()),
            source,
        })?;
        Ok(Outcome {
            report_at: (!self.stale).then(|| self.store.locate(&report.name())),
            ledger_at: (!self.stale).then(|| self.store.locate_ledger(kept.generation)),
            calls: CallCounts::default(),
            newborn,
            report,
        })
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
