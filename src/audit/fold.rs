//! The fold of all slices: each is judged, counted and let go.

mod accepted;
mod adopted;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lineward_rules::Context;
use lineward_rules::catalogue;
use lineward_rules::estate::{
    AccountId, Application, Arn, Region, Scope, ScopeState, Service, Slice, UnreadApplication,
};
use lineward_rules::graph::{Edges, Pool};
use lineward_rules::judge::judge_estate;
use lineward_rules::lineage::Standing;
use lineward_rules::{Finding, Fingerprint, Status, judge, sort_findings};

use accepted::Accepted;
use adopted::Adopted;

use crate::ledger::{ByAccount, KnownFinding, Ledger, Looked, SeenApplication, diff};
use crate::report::{self, ApplicationRow, Coverage, FindingRow, Report, Run, ScopeRow, Summary};
use lineward_rules::estate::Organization;

/// What is kept of the slices that have come so far.
pub(super) struct Fold<'a> {
    before: &'a Ledger,
    by_account: ByAccount<'a>,
    cx: &'a Context<'a>,
    findings: Vec<Finding>,
    edges: Vec<Edges>,
    statements: Pool,
    is_organization_whole: bool,
    applications: Vec<ApplicationRow>,
    looked: Looked,
    coverage: Coverage,
    summary: Summary,
    adopted: Adopted,
    accepted: Accepted<'a>,
}

/// What all slices came to.
pub(super) struct Folded {
    pub(super) report: Report,
    pub(super) findings: Vec<Finding>,
    pub(super) applications: Vec<SeenApplication>,
    pub(super) looked: Looked,
    /// Whether the run was over the whole organization.
    pub(super) is_scan: bool,
}

impl<'a> Fold<'a> {
    pub(super) fn new(before: &'a Ledger, cx: &'a Context<'a>) -> Self {
        Self {
            before,
            by_account: ByAccount::of(before),
            cx,
            findings: Vec::new(),
            edges: Vec::new(),
            statements: Pool::default(),
            is_organization_whole: false,
            applications: Vec::new(),
            looked: Looked::default(),
            coverage: Coverage::default(),
            summary: Summary::default(),
            adopted: Adopted::default(),
            accepted: Accepted::new(cx),
        }
    }

    /// Judges a slice and adds what it came to.
    pub(super) fn add(&mut self, slice: &Slice) {
        self.by_account.look(slice, &mut self.looked);
        self.count_account(slice);
        self.summary.job_runs += slice.job_runs.len();
        self.summary.sessions += slice.sessions.len();
        self.summary.roles += slice.roles.len();
        self.summary.roles_excluded.add(slice.excluded_roles);
        self.coverage
            .scopes
            .extend(slice.scopes.iter().filter_map(|scope| row(slice, scope)));
        self.accepted.add(slice);
        let judgement = judge(slice, self.cx);
        if slice.account_state().is_some() {
            let mut edges = judgement.edges;
            edges.share(&mut self.statements);
            self.edges.push(edges);
        }
        self.is_organization_whole |= slice.scopes.iter().any(|scope| {
            scope.service == Service::Organizations && scope.state() == ScopeState::Audited
        });
        let (mut findings, lineage) = (judgement.findings, judgement.lineage);
        findings.retain(|finding| !self.by_account.is_outdated(finding));
        let faulty: BTreeSet<_> = findings
            .iter()
            .filter(|finding| self.accepted.of(finding).is_none())
            .map(|finding| &finding.resource)
            .collect();
        let account = &slice.account.id;
        for (application, lineage) in slice.applications.iter().zip(lineage) {
            let compliant = is_whole(slice, &application.arn) && !faulty.contains(&application.arn);
            let row = ApplicationRow {
                compliant,
                lineage: lineage.standing,
                ..self.read(account, application)
            };
            self.adopted.add(&row, lineage);
            self.applications.push(row);
        }
        for application in &slice.unread_applications {
            let row = self.unread(account, application);
            self.adopted.add_unread(&row);
            self.applications.push(row);
        }
        self.adopted.add_orphans(account, judgement.orphan_runs);
        self.findings.extend(findings);
    }

    fn count_account(&mut self, slice: &Slice) {
        let Some(state) = slice.account_state() else {
            return;
        };
        let accounts = &mut self.coverage.accounts;
        accounts.total += 1;
        match state {
            ScopeState::Audited => accounts.audited += 1,
            ScopeState::Skipped => accounts.skipped += 1,
            ScopeState::Failed => accounts.failed += 1,
        }
    }

    fn read(&self, account: &AccountId, from: &Application) -> ApplicationRow {
        ApplicationRow {
            name: from.name.clone(),
            release_label: from.release_label.clone(),
            team: self.cx.policy.team(&from.tags).map(str::to_owned),
            created_at: from.created_at,
            ..self.listed(account, &from.arn, &from.region, &from.id)
        }
    }

    fn unread(&self, account: &AccountId, from: &UnreadApplication) -> ApplicationRow {
        ApplicationRow {
            name: from.name.clone(),
            release_label: from.release_label.clone(),
            created_at: from.created_at,
            ..self.listed(account, &from.arn, &from.region, &from.id)
        }
    }

    /// An application of which only its existence is known.
    fn listed(&self, account: &AccountId, arn: &Arn, region: &Region, id: &str) -> ApplicationRow {
        let known = self.before.applications.get(arn);
        let now = self.cx.now;
        ApplicationRow {
            arn: arn.clone(),
            account: account.clone(),
            region: region.clone(),
            id: id.to_owned(),
            name: String::new(),
            release_label: String::new(),
            team: None,
            created_at: None,
            first_seen_at: known.map_or(now, |known| known.first_seen_at.min(now)),
            new: known.is_none_or(|known| known.first_seen_at >= now),
            compliant: false,
            lineage: Standing::Unknown,
        }
    }

    /// Compares with what is known, and writes the report. `ledger` may be newer than the one that the fold began
    /// with: a walk takes its time, and events are looked at meanwhile.
    pub(super) fn finish(
        mut self,
        run: Run,
        organization: Organization,
        is_narrowed: bool,
        ledger: &Ledger,
    ) -> Folded {
        self.judge_estate();
        let home = AccountId::from(organization.management_account.as_str());
        self.findings.extend(self.accepted.expired(&home));
        sort_findings(&mut self.findings);
        self.looked.finish(ledger, self.cx.now);
        self.let_go(ledger);
        self.applications.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.coverage.scopes.sort_by(|a, b| {
            let key =
                |row: &ScopeRow| (row.account.clone(), row.region.clone(), row.service.clone());
            key(a).cmp(&key(b))
        });
        let findings = self.rows(ledger);
        self.summary.applications = self.applications.len();
        self.summary.new_applications = self.applications.iter().filter(|row| row.new).count();
        self.summary.count(&findings);
        self.summary.lineage = self.adopted.finish();
        let failed = |row: &ScopeRow| row.outcome == ScopeState::Failed;
        let complete = !self.coverage.scopes.iter().any(failed);
        let seen = self.applications.iter().map(|row| SeenApplication {
            arn: row.arn.clone(),
            account: row.account.clone(),
            region: row.region.clone(),
        });
        Folded {
            applications: seen.collect(),
            looked: self.looked,
            is_scan: self.is_organization_whole && !is_narrowed,
            report: Report {
                schema: report::SCHEMA.into(),
                run: Run { complete, ..run },
                organization,
                coverage: self.coverage,
                summary: self.summary,
                applications: self.applications,
                findings,
                exemptions: self.accepted.rows(&self.findings, is_narrowed || !complete),
                notification: None,
            },
            findings: self.findings,
        }
    }

    /// Adds what needs no look: what a rule found that is switched off now is nothing that anybody wants to know.
    fn let_go(&mut self, ledger: &Ledger) {
        let known = ledger.findings.values().map(|it| &it.finding);
        let gone = known.filter(|it| self.is_off(it));
        let fingerprints: Vec<_> = gone.map(|it| it.fingerprint.clone()).collect();
        self.looked.findings.extend(fingerprints);
    }

    /// Whether the rule of a finding is switched off.
    fn is_off(&self, finding: &Finding) -> bool {
        let rule = catalogue::find(finding.rule.as_str());
        rule.is_none_or(|rule| rule.severity_in(self.cx.policy).is_none())
    }

    /// Adds what the rules over the whole estate find.
    fn judge_estate(&mut self) {
        let edges = std::mem::take(&mut self.edges);
        let estate = judge_estate(&edges, self.is_organization_whole, self.cx);
        let superseded = &estate.superseded;
        self.findings
            .retain(|finding| !superseded.contains(&finding.fingerprint));
        self.findings.extend(estate.findings);
    }

    /// The findings of this run, and those of earlier ones that it didn't see again.
    fn rows(&self, ledger: &Ledger) -> Vec<FindingRow> {
        let before = ledger.findings.keys();
        let now = self.findings.iter().map(|finding| &finding.fingerprint);
        let changes = diff(before, now, |fingerprint| {
            self.looked.findings.contains(*fingerprint)
        });
        let mut rows: Vec<_> = self
            .findings
            .iter()
            .map(|finding| {
                let known = ledger.findings.get(&finding.fingerprint);
                self.seen(finding, known, &changes)
            })
            .collect();
        for (fingerprint, known) in &ledger.findings {
            if self.is_off(&known.finding) {
                continue;
            }
            let status = changes.get(fingerprint).copied();
            if let Some(status @ (Status::Resolved | Status::Unseen)) = status {
                rows.push(self.past(known, status));
            }
        }
        rows.sort_by(|a, b| {
            let key = |row: &FindingRow| {
                let FindingRow {
                    account,
                    resource,
                    rule,
                    fingerprint,
                    ..
                } = row;
                (
                    account.clone(),
                    resource.clone(),
                    rule.clone(),
                    fingerprint.clone(),
                )
            };
            b.severity
                .cmp(&a.severity)
                .then_with(|| key(a).cmp(&key(b)))
        });
        rows
    }

    fn seen(
        &self,
        finding: &Finding,
        known: Option<&KnownFinding>,
        changes: &BTreeMap<&Fingerprint, Status>,
    ) -> FindingRow {
        let now = self.cx.now;
        let acceptance = self.accepted.of(finding);
        let status = match &acceptance {
            Some(_) => Some(Status::Exempt),
            // A run that was cut short after it had saved the ledger is made again: its news is still news.
            None if known.is_some_and(|known| known.first_seen_at >= now) => Some(Status::New),
            None => changes.get(&finding.fingerprint).copied(),
        };
        let first_seen_at = known.map_or(now, |known| known.first_seen_at.min(now));
        FindingRow {
            acceptance,
            ..finding_row(finding, status.unwrap_or(Status::New), first_seen_at, now)
        }
    }

    /// A finding that this run didn't see. What nobody can look at any more may still be accepted.
    fn past(&self, known: &KnownFinding, status: Status) -> FindingRow {
        let acceptance = match status {
            Status::Unseen => self.accepted.of(&known.finding),
            Status::New | Status::Ongoing | Status::Resolved | Status::Exempt => None,
        };
        let status = acceptance.as_ref().map_or(status, |_| Status::Exempt);
        let (first, last) = (known.first_seen_at, known.last_seen_at);
        FindingRow {
            acceptance,
            ..finding_row(&known.finding, status, first, last)
        }
    }
}

/// Whether nothing of an application, its job runs and its sessions was left unread.
fn is_whole(slice: &Slice, application: &Arn) -> bool {
    let mut gaps = slice.scopes.iter().flat_map(|scope| &scope.gaps);
    !gaps.any(|gap| {
        gap.resource
            .as_ref()
            .is_some_and(|arn| arn.is_within(application))
    })
}

fn finding_row(
    finding: &Finding,
    status: Status,
    first_seen_at: Timestamp,
    last_seen_at: Timestamp,
) -> FindingRow {
    FindingRow {
        fingerprint: finding.fingerprint.clone(),
        rule: finding.rule.clone(),
        severity: finding.severity,
        verdict: finding.verdict,
        status,
        account: finding.account.clone(),
        region: finding.region.clone(),
        resource: finding.resource.clone(),
        team: finding.team.clone(),
        title: finding.title.clone(),
        evidence: finding.evidence.clone(),
        read_from: finding.read_from.clone(),
        first_seen_at,
        last_seen_at,
        remediation: finding.remediation.clone(),
        incident: None,
        acceptance: None,
    }
}

/// The row of a scope that was not simply audited.
fn row(slice: &Slice, scope: &Scope) -> Option<ScopeRow> {
    let (code, reason) = match (&scope.skipped, scope.gaps.first()) {
        (Some(skipped), _) => (skipped.code.clone(), skipped.reason.clone()),
        (None, Some(gap)) => {
            let more = scope.gaps.len() - 1;
            let more = if more == 0 {
                String::new()
            } else {
                format!(" (and {more} more)")
            };
            (
                gap.code.clone(),
                format!("{}: {}{more}", gap.operation, gap.reason),
            )
        }
        (None, None) => return None,
    };
    Some(ScopeRow {
        account: slice.account.id.clone(),
        region: scope.region.clone(),
        service: scope.service.to_string(),
        outcome: scope.state(),
        code,
        reason,
    })
}
