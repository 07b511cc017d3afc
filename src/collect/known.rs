//! What earlier runs have seen, against which an answer is held that tells of less.

use std::collections::{BTreeMap, BTreeSet};

use lineward_rules::estate::{AccountId, Region};

use crate::ledger::Ledger;
use lineward_rules::estate::Organization;

/// What earlier runs have seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The organization.
    pub organization: Organization,
    /// The Regions of each account in which there were applications.
    pub regions: BTreeMap<AccountId, BTreeSet<Region>>,
}

impl Known {
    /// What a ledger knows.
    pub fn of(ledger: &Ledger) -> Self {
        let mut regions: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for known in ledger.applications.values() {
            let of_account = regions.entry(known.account.clone()).or_default();
            of_account.insert(known.region.clone());
        }
        Self {
            organization: ledger.organization.clone(),
            regions,
        }
    }

    /// The Regions of an account in which there were applications.
    pub(super) fn regions_of(&self, account: &AccountId) -> BTreeSet<Region> {
        self.regions.get(account).cloned().unwrap_or_default()
    }
}
