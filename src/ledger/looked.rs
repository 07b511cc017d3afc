//! What of a ledger a run looked at.

use std::collections::{BTreeMap, BTreeSet};

use lineward_rules::Fingerprint;
use lineward_rules::estate::{AccountId, Arn, Service, Slice};

use super::{KnownApplication, KnownFinding, Ledger};

/// What of the ledger a run looked at, gathered slice by slice, so that no scope need be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// The known findings whose place was seen.
    pub findings: BTreeSet<Fingerprint>,
    /// The known applications whose place was seen.
    pub applications: BTreeSet<Arn>,
}

/// The known things of each account.
#[derive(Debug)]
pub struct ByAccount<'a> {
    findings: BTreeMap<&'a AccountId, Vec<(&'a Fingerprint, &'a KnownFinding)>>,
    applications: BTreeMap<&'a AccountId, Vec<(&'a Arn, &'a KnownApplication)>>,
}

impl<'a> ByAccount<'a> {
    /// Sorts a ledger by account.
    pub fn of(ledger: &'a Ledger) -> Self {
        let mut by_account = Self {
            findings: BTreeMap::new(),
            applications: BTreeMap::new(),
        };
        for (fingerprint, known) in &ledger.findings {
            let of_account = by_account
                .findings
                .entry(&known.finding.account)
                .or_default();
            of_account.push((fingerprint, known));
        }
        for (arn, known) in &ledger.applications {
            by_account
                .applications
                .entry(&known.account)
                .or_default()
                .push((arn, known));
        }
        by_account
    }

    /// Adds what this slice looked at.
    pub fn look(&self, slice: &Slice, looked: &mut Looked) {
        let account = &slice.account.id;
        for (fingerprint, known) in self.findings.get(account).into_iter().flatten() {
            let finding = &known.finding;
            if slice.looked_at(&finding.region, finding.service, &finding.resource) {
                looked.findings.insert((*fingerprint).clone());
            }
        }
        for (arn, known) in self.applications.get(account).into_iter().flatten() {
            if slice.looked_at(&known.region, Service::EmrServerless, arn) {
                looked.applications.insert((*arn).clone());
            }
        }
    }
}
