//! Many accounts that can't be entered for one reason: one cause is one finding.

use std::collections::{BTreeMap, BTreeSet};

use lineward_rules::estate::{AccountId, Arn, Organization, Region, Service, Slice};
use lineward_rules::{Failing, Finding, Fingerprint};

use crate::ledger::Ledger;

/// How many accounts may have a finding each, whatever their share.
const FEW: usize = 2;

/// Why accounts could not be entered.
#[derive(Default)]
pub(super) struct UnreachableAccounts {
    reasons: BTreeMap<AccountId, String>,
}

/// Whether a finding says that an account could not be entered.
pub(super) fn is_of_entry(finding: &Finding) -> bool {
    let mut read_from = finding.read_from.iter();
    read_from.any(|scope| scope.service == Service::Sts)
}

impl UnreachableAccounts {
    /// Adds the account of a slice, if it could not be entered.
    pub(super) fn add(&mut self, slice: &Slice) {
        let mut scopes = slice.scopes.iter();
        let entered = scopes.find(|scope| scope.service == Service::Sts);
        if let Some(gap) = entered.and_then(|scope| scope.gaps.first()) {
            let reason = format!("{}: {}", gap.operation, gap.code);
            self.reasons.insert(slice.account.id.clone(), reason);
        }
    }

    /// Puts the findings of one reason together, where they are most of the accounts that were `tried`, or have been
    /// together before. What is known of an account alone stays so, that nothing is told twice, and so does what
    /// `is_accepted`.
    pub(super) fn merge(
        &self,
        findings: &mut Vec<Finding>,
        organization: &Organization,
        ledger: &Ledger,
        (tried, is_scan): (usize, bool),
        is_accepted: impl Fn(&Finding) -> bool,
    ) {
        if organization.id.is_empty() {
            return;
        }
        let mut causes: BTreeMap<(&str, bool), Vec<usize>> = BTreeMap::new();
        for (at, finding) in findings
            .iter()
            .enumerate()
            .filter(|(_, it)| is_of_entry(it))
        {
            let is_own = ledger.findings.contains_key(&finding.fingerprint);
            if let Some(reason) = self.reasons.get(&finding.account)
                && !is_own
                && !is_accepted(finding)
            {
                let is_fail = finding.verdict == Failing::Fail;
                causes.entry((reason, is_fail)).or_default().push(at);
            }
        }
        let (mut merged, mut taken) = (Vec::new(), BTreeSet::new());
        for ((reason, _), places) in causes {
            let of_cause: Vec<_> = places.iter().filter_map(|&at| findings.get(at)).collect();
            let Some(one) = together(&of_cause, reason, tried, organization) else {
                continue;
            };
            let known = ledger.findings.get(&one.fingerprint);
            if is_scan {
                let are_most = of_cause.len() > FEW && of_cause.len() * 2 > tried;
                if known.is_some() || are_most {
                    merged.push(one);
                    taken.extend(places);
                }
            } else if let Some(known) = known {
                // A look at a part says nothing of the rest: what is known stays as it is.
                let is_told = |finding: &Finding| {
                    let mut read_from = finding.read_from.iter();
                    read_from.all(|scope| known.finding.read_from.iter().any(|it| it == scope))
                };
                let told = places.into_iter();
                taken.extend(told.filter(|&at| findings.get(at).is_some_and(is_told)));
            }
        }
        let mut at = 0;
        findings.retain(|_| {
            at += 1;
            !taken.contains(&(at - 1))
        });
        findings.extend(merged);
    }
}

/// The finding that stands for those of one reason.
fn together(
    of_cause: &[&Finding],
    reason: &str,
    tried: usize,
    organization: &Organization,
) -> Option<Finding> {
    let first = of_cause.first()?;
    let resource = Arn::from(format!(
        "arn:{}:organizations::{}:organization/{}",
        first.resource.partition(),
        organization.management_account,
        organization.id
    ));
    let accounts: Vec<_> = of_cause.iter().map(|it| it.account.as_str()).collect();
    let read_from = of_cause.iter().flat_map(|it| it.read_from.iter().cloned());
    Some(Finding {
        fingerprint: Fingerprint::new(&first.rule, &resource, reason),
        account: AccountId::from(organization.management_account.as_str()),
        region: Region::global(),
        resource,
        team: None,
        evidence: format!(
            "{} of {tried} accounts can't be entered for one reason, such as: {}: {}",
            of_cause.len(),
            first.evidence,
            accounts.join(", ")
        ),
        read_from: read_from.collect(),
        ..(*first).clone()
    })
}
