//! What a run was asked for, and what it met of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lineward_rules::Finding;
use lineward_rules::estate::{AccountId, Region, ScopeState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::collect::Plan;

/// What a run was asked for. An empty list asks for all that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// The accounts.
    pub accounts: Vec<AccountId>,
    /// The Regions.
    pub regions: Vec<Region>,
    /// The applications, by their ids.
    pub applications: Vec<String>,
    /// From when on job runs and sessions were asked for, if they were.
    pub since: Option<Timestamp>,
}

impl Selection {
    /// What a plan asks for.
    pub(crate) fn of(plan: &Plan) -> Self {
        let applications: BTreeSet<_> = plan.only.iter().map(|it| it.application.clone()).collect();
        Self {
            accounts: plan.accounts.clone(),
            regions: plan.regions.clone(),
            applications: applications.into_iter().collect(),
            since: plan.job_runs_since,
        }
    }

    /// Whether a finding lies in it.
    pub(crate) fn holds(&self, finding: &Finding) -> bool {
        let application = || finding.resource.application();
        let is_asked_for = || {
            application().is_some_and(|arn| {
                let id = arn.as_str().rsplit('/').next().unwrap_or_default();
                self.applications.iter().any(|asked| asked == id)
            })
        };
        let is_global = finding.region == Region::global();
        (self.accounts.is_empty() || self.accounts.contains(&finding.account))
            && (self.regions.is_empty() || is_global || self.regions.contains(&finding.region))
            && (self.applications.is_empty() || is_asked_for())
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// Its name, empty where the organization was not asked.
    pub name: String,
    /// Whether it is the management account.
    pub management: bool,
    /// When it joined the organization, where that is known.
    pub joined_at: Option<Timestamp>,
    /// What came of it.
    pub outcome: AccountOutcome,
}

/// What came of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountOutcome {
    /// It was entered.
    Audited,
    /// It was left out for a reason that is no fault.
    Skipped,
    /// It could not be entered.
    Failed,
    /// The organization lists it no longer.
    NotListed,
}

impl From<ScopeState> for AccountOutcome {
    fn from(state: ScopeState) -> Self {
        match state {
            ScopeState::Audited => Self::Audited,
            ScopeState::Skipped => Self::Skipped,
            ScopeState::Failed => Self::Failed,
        }
    }
}
