//! The fold of who reports lineage.

use std::collections::BTreeMap;

use lineward_rules::estate::AccountId;
use lineward_rules::lineage::Standing;
use lineward_rules::lineage::adoption::{Adoption, OfApplication};

use crate::report::{AccountAdoption, ApplicationRow, LackingRow, LineageSummary, TeamAdoption};

/// Who reports lineage, of the slices that have come so far.
#[derive(Default)]
pub(super) struct AdoptionTotals {
    organization: Adoption,
    teams: BTreeMap<Option<String>, Adoption>,
    accounts: BTreeMap<AccountId, Adoption>,
    out_of_scope: usize,
    lacking: Vec<LackingRow>,
}

impl AdoptionTotals {
    /// Adds an application that was read.
    pub(super) fn add(&mut self, row: &ApplicationRow, lineage: OfApplication) {
        self.count(row, lineage.adoption);
        self.out_of_scope += usize::from(lineage.standing == Standing::OutOfScope);
        self.lack(row, lineage.standing);
        for lacking in lineage.lacking {
            let standing = if lacking.runs.without > 0 {
                Standing::Without
            } else {
                Standing::Unknown
            };
            self.lacking.push(LackingRow {
                job: Some(lacking.job),
                lineage: standing,
                runs: Some(lacking.runs),
                ..lacking_row(row)
            });
        }
    }

    /// Adds an application that could not be read: that it has lineage is not known.
    pub(super) fn add_unread(&mut self, row: &ApplicationRow) {
        let mut adoption = Adoption::default();
        adoption.applications.count(Standing::Unknown);
        self.count(row, adoption);
        self.lack(row, Standing::Unknown);
    }

    /// Adds job runs of applications that could not be read.
    pub(super) fn add_orphans(&mut self, account: &AccountId, runs: usize) {
        let mut adoption = Adoption::default();
        for _ in 0..runs {
            adoption.job_runs.count(Standing::Unknown);
        }
        if runs > 0 {
            self.organization.add(adoption);
            self.teams.entry(None).or_default().add(adoption);
            self.accounts
                .entry(account.clone())
                .or_default()
                .add(adoption);
        }
    }

    fn count(&mut self, row: &ApplicationRow, adoption: Adoption) {
        if adoption == Adoption::default() {
            return;
        }
        self.organization.add(adoption);
        self.teams
            .entry(row.team.clone())
            .or_default()
            .add(adoption);
        self.accounts
            .entry(row.account.clone())
            .or_default()
            .add(adoption);
    }

    fn lack(&mut self, row: &ApplicationRow, lineage: Standing) {
        if matches!(lineage, Standing::Without | Standing::Unknown) {
            self.lacking.push(LackingRow {
                lineage,
                ..lacking_row(row)
            });
        }
    }

    /// What all came to.
    pub(super) fn finish(self) -> LineageSummary {
        let mut lacking = self.lacking;
        lacking.sort_by(|a, b| (&a.application, &a.job).cmp(&(&b.application, &b.job)));
        let teams = self.teams.into_iter();
        let accounts = self.accounts.into_iter();
        LineageSummary {
            organization: self.organization,
            teams: teams
                .map(|(team, adoption)| TeamAdoption { team, adoption })
                .collect(),
            accounts: accounts
                .map(|(account, adoption)| AccountAdoption { account, adoption })
                .collect(),
            out_of_scope: self.out_of_scope,
            lacking,
        }
    }
}

fn lacking_row(row: &ApplicationRow) -> LackingRow {
    LackingRow {
        application: row.arn.clone(),
        account: row.account.clone(),
        team: row.team.clone(),
        job: None,
        lineage: Standing::Unknown,
        runs: None,
    }
}
