//! The fold of all slices: each is judged, counted and let go.

mod accepted;
mod adopted;
mod departed;
mod row;
mod unreachable;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use lineward_rules::Context;
use lineward_rules::estate::{
    AccountId, Application, Arn, Region, ScopeState, Service, Slice, UnreadApplication,
};
use lineward_rules::graph::{Edges, Pool};
use lineward_rules::judge::{judge_estate, judge_until};
use lineward_rules::lineage::Standing;
use lineward_rules::{Finding, Fingerprint, Judgement, Status, sort_findings};

use accepted::Acceptances;
use adopted::AdoptionTotals;
use departed::DepartedAccounts;
use row::{RuleState, finding_row, is_whole, row, rule_state};
use unreachable::{UnreachableAccounts, is_of_entry};

use crate::ledger::{AuditedScopes, ByAccount, KnownFinding, Ledger, SeenApplication, diff};
use crate::report::{
    self, AccountOutcome, AccountRow, ApplicationRow, Coverage, FindingRow, Report, RuleRow, Run,
    ScopeRow, Selection, Summary,
};
use lineward_rules::estate::Organization;

/// What is kept of the slices that have come so far.
pub(super) struct Fold<'a> {
    before: &'a Ledger,
    by_account: ByAccount<'a>,
    cx: &'a Context<'a>,
    /// The rules that are off, as if they were on and the others off; nothing where none is.
    off: Option<&'a Context<'a>>,
    findings: Vec<Finding>,
    /// What the rules find that are off.
    not_judged: Vec<Finding>,
    edges: Vec<Edges>,
    statements: Pool,
    is_organization_whole: bool,
    applications: Vec<ApplicationRow>,
    looked: AuditedScopes,
    coverage: Coverage,
    accounts: Vec<AccountRow>,
    unreachable: UnreachableAccounts,
    summary: Summary,
    adopted: AdoptionTotals,
    accepted: Acceptances<'a>,
}

/// What all slices came to.
pub(super) struct FoldResult {
    pub(super) report: Report,
    pub(super) findings: Vec<Finding>,
    pub(super) applications: Vec<SeenApplication>,
    pub(super) looked: AuditedScopes,
    /// Whether the run was over the whole organization.
    pub(super) is_scan: bool,
    /// The known findings beyond what was asked for: what is owed of them is told, but the report leaves them out.
    pub(super) outside: BTreeSet<Fingerprint>,
    /// The accounts that the organization lists no longer, where the run was over all of it.
    pub(super) departed: Option<BTreeMap<AccountId, Timestamp>>,
}

/// How much the run was to look at, and how long it remembers.
pub(super) struct RunScope {
    pub(super) is_narrowed: bool,
    /// How long what is known of an account is kept that the organization lists no longer.
    pub(super) forget_after: SignedDuration,
}

impl<'a> Fold<'a> {
    pub(super) fn new(
        before: &'a Ledger,
        cx: &'a Context<'a>,
        off: Option<&'a Context<'a>>,
    ) -> Self {
        Self {
            before,
            by_account: ByAccount::of(before),
            cx,
            off,
            findings: Vec::new(),
            not_judged: Vec::new(),
            edges: Vec::new(),
            statements: Pool::default(),
            is_organization_whole: false,
            applications: Vec::new(),
            looked: AuditedScopes::default(),
            coverage: Coverage::default(),
            accounts: Vec::new(),
            unreachable: UnreachableAccounts::default(),
            summary: Summary::default(),
            adopted: AdoptionTotals::default(),
            accepted: Acceptances::new(cx),
        }
    }

    /// Judges a slice and adds what it came to, unless time is over before it is judged; whether it did.
    pub(super) fn add(&mut self, slice: &Slice, is_over: &dyn Fn() -> bool) -> bool {
        let Some(judgement) = judge_until(slice, self.cx, is_over) else {
            return false;
        };
        let off = self.off.map(|off| judge_until(slice, off, is_over));
        let not_judged = match off {
            None => Vec::new(),
            Some(Some(off)) => off.findings,
            Some(None) => return false,
        };
        self.add_judged(slice, judgement, not_judged);
        true
    }

    fn add_judged(&mut self, slice: &Slice, judgement: Judgement, not_judged: Vec<Finding>) {
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
            .chain(&not_judged)
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
        self.not_judged.extend(not_judged);
    }

    fn count_account(&mut self, slice: &Slice) {
        let Some(state) = slice.account_state() else {
            return;
        };
        self.unreachable.add(slice);
        self.accounts.push(AccountRow {
            id: slice.account.id.clone(),
            name: slice.account.name.clone(),
            management: false,
            joined_at: slice.account.joined_at,
            outcome: state.into(),
        });
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
        scope: &RunScope,
        ledger: &Ledger,
    ) -> FoldResult {
        let is_narrowed = scope.is_narrowed;
        let is_scan = self.is_organization_whole && !is_narrowed;
        self.judge_estate();
        self.merge_unreachable(&organization, ledger, is_scan);
        let home = AccountId::from(organization.management_account.as_str());
        self.findings.extend(self.accepted.expired(&home));
        sort_findings(&mut self.findings);
        self.looked.finish(ledger, self.cx.now);
        self.keep_unjudged(ledger);
        let departed = if is_scan {
            self.depart(ledger, scope.forget_after)
        } else {
            DepartedAccounts::default()
        };
        self.list_accounts(&organization, &departed);
        self.applications.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.coverage.scopes.sort_by(|a, b| {
            let key =
                |row: &ScopeRow| (row.account.clone(), row.region.clone(), row.service.clone());
            key(a).cmp(&key(b))
        });
        let selection = is_narrowed.then_some(&run.selection);
        let (findings, outside) = self.rows(ledger, &departed, selection);
        self.summary.outside_selection = outside.len();
        self.summary.applications = self.applications.len();
        self.summary.new_applications = self.applications.iter().filter(|row| row.new).count();
        let inside = findings
            .iter()
            .filter(|row| !outside.contains(&row.fingerprint));
        self.summary.count(inside);
        let complete = self.is_complete();
        self.summary.lineage = self.adopted.finish();
        let seen = self.applications.iter().map(|row| SeenApplication {
            arn: row.arn.clone(),
            account: row.account.clone(),
            region: row.region.clone(),
        });
        FoldResult {
            applications: seen.collect(),
            looked: self.looked,
            is_scan,
            outside,
            departed: is_scan.then_some(departed.since),
            report: Report {
                schema: report::SCHEMA.into(),
                run: Run { complete, ..run },
                organization,
                coverage: self.coverage,
                summary: self.summary,
                accounts: self.accounts,
                applications: self.applications,
                findings,
                rules: RuleRow::all(self.cx.policy),
                exemptions: self.accepted.rows(&self.findings, is_narrowed || !complete),
                notification: None,
                previous_sha256: None,
            },
            findings: self.findings,
        }
    }

    fn merge_unreachable(&mut self, organization: &Organization, ledger: &Ledger, is_scan: bool) {
        let accounts = self.coverage.accounts;
        let scope = (accounts.audited + accounts.failed, is_scan);
        let mut findings = std::mem::take(&mut self.findings);
        let is_accepted = |finding: &Finding| self.accepted.of(finding).is_some();
        self.unreachable
            .merge(&mut findings, organization, ledger, scope, is_accepted);
        self.findings = findings;
    }

    /// Works out which accounts the organization lists no longer, and forgets those that are long gone.
    fn depart(&mut self, ledger: &Ledger, forget_after: SignedDuration) -> DepartedAccounts {
        let listed = self.accounts.iter().map(|row| row.id.clone()).collect();
        let departed = DepartedAccounts::of(ledger, &listed, self.cx.now, forget_after);
        departed.forget(ledger, &mut self.looked);
        self.coverage.scopes.extend(departed.rows());
        departed
    }

    fn list_accounts(&mut self, organization: &Organization, departed: &DepartedAccounts) {
        self.accounts
            .extend(departed.accounts().map(|id| AccountRow {
                id: id.clone(),
                name: String::new(),
                management: false,
                joined_at: None,
                outcome: AccountOutcome::NotListed,
            }));
        for row in &mut self.accounts {
            row.management = row.id.as_str() == organization.management_account;
        }
        self.accounts.sort_by(|a, b| a.id.cmp(&b.id));
    }

    /// Whether everything was read, but for accounts that somebody accepted not to enter.
    fn is_complete(&self) -> bool {
        let findings = self.findings.iter().filter(|finding| is_of_entry(finding));
        let accepted = findings.filter(|finding| self.accepted.of(finding).is_some());
        let accepted: BTreeSet<_> = accepted.map(|finding| &finding.account).collect();
        let sts = Service::Sts.to_string();
        let mut scopes = self.coverage.scopes.iter();
        scopes.all(|row| {
            let is_accepted = row.service == sts && accepted.contains(&row.account);
            row.outcome != ScopeState::Failed || is_accepted
        })
    }

    /// Lets nothing pass for mended whose rule was not asked, unless it went with its application. Of a rule that
    /// exists no more nobody can ever ask.
    fn keep_unjudged(&mut self, ledger: &Ledger) {
        let present: BTreeSet<_> = self.applications.iter().map(|row| &row.arn).collect();
        for (fingerprint, known) in &ledger.findings {
            let application = known.finding.resource.application();
            let is_gone = application.is_some_and(|arn| {
                self.looked.applications.contains(&arn) && !present.contains(&arn)
            });
            match rule_state(&known.finding, self.cx.policy) {
                RuleState::On => {}
                RuleState::Off if is_gone => {}
                RuleState::Off => drop(self.looked.findings.remove(fingerprint)),
                RuleState::Unknown => drop(self.looked.findings.insert(fingerprint.clone())),
            }
        }
    }

    /// Adds what the rules over the whole estate find.
    fn judge_estate(&mut self) {
        let edges = std::mem::take(&mut self.edges);
        let estate = judge_estate(&edges, self.is_organization_whole, self.cx);
        let superseded = &estate.superseded;
        self.findings
            .retain(|finding| !superseded.contains(&finding.fingerprint));
        self.findings.extend(estate.findings);
        if let Some(off) = self.off {
            let estate = judge_estate(&edges, self.is_organization_whole, off);
            self.not_judged.extend(estate.findings);
        }
    }

    /// The findings of this run, and those of earlier ones that it didn't see again.
    fn rows(
        &self,
        ledger: &Ledger,
        departed: &DepartedAccounts,
        selection: Option<&Selection>,
    ) -> (Vec<FindingRow>, BTreeSet<Fingerprint>) {
        let mut outside = BTreeSet::new();
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
        let not_judged = self.not_judged.iter().map(|it| (&it.fingerprint, it));
        let not_judged: BTreeMap<_, _> = not_judged.collect();
        for (fingerprint, finding) in &not_judged {
            let known = ledger.findings.get(*fingerprint);
            let first_seen_at = known.map_or(self.cx.now, |it| it.first_seen_at.min(self.cx.now));
            let status = Status::NotJudged;
            rows.push(finding_row(finding, status, first_seen_at, self.cx.now));
        }
        for (fingerprint, known) in &ledger.findings {
            let status = changes.get(fingerprint).copied();
            let rule = rule_state(&known.finding, self.cx.policy);
            if departed.takes(&known.finding) && status == Some(Status::Resolved) {
                rows.push(self.past(known, Status::Gone));
                continue;
            }
            if status == Some(Status::Unseen)
                && selection.is_some_and(|it| !it.holds(&known.finding))
            {
                outside.insert(fingerprint.clone());
            }
            match (rule, status) {
                (RuleState::Off, Some(Status::Unseen)) if not_judged.contains_key(fingerprint) => {}
                (RuleState::Off, Some(Status::Unseen)) => {
                    rows.push(self.past(known, Status::NotJudged));
                }
                (
                    RuleState::On | RuleState::Off,
                    Some(status @ (Status::Resolved | Status::Unseen)),
                ) => rows.push(self.past(known, status)),
                _ => {}
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
        (rows, outside)
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
            Status::New
            | Status::Ongoing
            | Status::Resolved
            | Status::Exempt
            | Status::NotJudged
            | Status::Gone => None,
        };
        let status = acceptance.as_ref().map_or(status, |_| Status::Exempt);
        let (first, last) = (known.first_seen_at, known.last_seen_at);
        FindingRow {
            acceptance,
            ..finding_row(&known.finding, status, first, last)
        }
    }
}
