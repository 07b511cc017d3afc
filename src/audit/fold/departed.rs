//! Accounts that the organization lists no longer: what is known of them is forgotten after a time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use lineward_rules::Finding;
use lineward_rules::estate::{AccountId, Region, ScopeState, Service};

use crate::ledger::{AuditedScopes, Ledger};
use crate::report::ScopeRow;

/// The accounts that the organization lists no longer.
#[derive(Default)]
pub(super) struct DepartedAccounts {
    /// Since when each is missing that is still waited for.
    pub(super) since: BTreeMap<AccountId, Timestamp>,
    /// Those that are given up.
    forgotten: BTreeSet<AccountId>,
}

impl DepartedAccounts {
    /// Those of which the ledger knows something, and that a whole list doesn't name.
    pub(super) fn of(
        ledger: &Ledger,
        listed: &BTreeSet<AccountId>,
        now: Timestamp,
        forget_after: SignedDuration,
    ) -> Self {
        let applications = ledger.applications.values().map(|known| &known.account);
        let findings = ledger.findings.values().map(|known| &known.finding);
        // What hangs on nothing is of no account: every run sees it.
        let read_from = findings.flat_map(|finding| &finding.read_from);
        let known = applications.chain(read_from.map(|scope| &scope.account));
        let missing = known.filter(|id| AccountId::is_valid(id.as_str()) && !listed.contains(*id));
        let mut departed = Self::default();
        for account in missing.cloned().collect::<BTreeSet<_>>() {
            let since = ledger.departed.get(&account).copied().unwrap_or(now);
            if now.duration_since(since) >= forget_after {
                departed.forgotten.insert(account);
            } else {
                departed.since.insert(account, since);
            }
        }
        departed
    }

    /// All of them.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.since.keys().chain(&self.forgotten)
    }

    /// Whether a finding hangs on an account that is given up, so that no run can ever look again.
    pub(super) fn takes(&self, finding: &Finding) -> bool {
        let mut read_from = finding.read_from.iter();
        read_from.any(|scope| self.forgotten.contains(&scope.account))
    }

    /// Counts what goes with them as looked at.
    pub(super) fn forget(&self, ledger: &Ledger, looked: &mut AuditedScopes) {
        let findings = ledger.findings.iter();
        let findings = findings.filter(|(_, known)| self.takes(&known.finding));
        looked.findings.extend(findings.map(|(it, _)| it.clone()));
        let applications = ledger.applications.iter();
        let applications = applications.filter(|(_, it)| self.forgotten.contains(&it.account));
        looked
            .applications
            .extend(applications.map(|(arn, _)| arn.clone()));
    }

    /// What the report says of them.
    pub(super) fn rows(&self) -> impl Iterator<Item = ScopeRow> {
        let row = |account: &AccountId, reason: String| ScopeRow {
            account: account.clone(),
            region: Region::global(),
            service: Service::Organizations.to_string(),
            outcome: ScopeState::Skipped,
            code: "NOT_LISTED".into(),
            reason,
        };
        let waiting = self.since.iter().map(move |(account, since)| {
            row(
                account,
                format!("no longer listed by the organization since {since}"),
            )
        });
        let forgotten = self.forgotten.iter().map(move |account| {
            row(
                account,
                "no longer listed by the organization; forgotten".into(),
            )
        });
        waiting.chain(forgotten)
    }
}
