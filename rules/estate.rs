//! What was seen: one [`Slice`] an account, with the gaps that were met on the way.

mod application;
pub mod glob;
mod job_run;
mod name;
mod organization;
mod read_scope;
mod role;
mod scope;
mod session;

pub use application::{
    Application, AutoStart, AutoStop, Capacity, Configuration, InitialCapacity, Interactive,
    Monitoring, UnreadApplication,
};
pub use job_run::{HiveQuery, JobRun, SparkSubmit};
pub use name::{AccountId, Arn, Region};
pub use organization::Organization;
pub use read_scope::{ReadScope, ReadScopes};
pub use role::{ExcludedRoles, InlinePolicy, ManagedPolicy, Role};
pub use scope::{Cause, Gap, Scope, ScopeState, Service, SkipReason};
pub use session::Session;

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All that a walk saw of one account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// The account itself.
    pub account: Account,
    /// Every scope of this account that was to be read, and what came of it.
    pub scopes: Vec<Scope>,
    /// Since when job runs and sessions were read; nothing where they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_since: Option<Timestamp>,
    /// The applications that were read whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<Application>,
    /// The applications that were listed but whose details could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread_applications: Vec<UnreadApplication>,
    /// The job runs of the window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub job_runs: Vec<JobRun>,
    /// The interactive sessions of the window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<Session>,
    /// The IAM roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// The roles that were seen and left out.
    #[serde(default)]
    pub excluded_roles: ExcludedRoles,
    /// The roles and customer policies that were seen and have nothing to do with a team's boundary.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub out_of_scope: BTreeSet<Arn>,
    /// The managed policies that are attached in this account or belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<ManagedPolicy>,
}

impl Slice {
    /// A slice in which nothing has been read yet.
    pub fn new(account: Account) -> Self {
        Self {
            account,
            scopes: Vec::new(),
            activity_since: None,
            applications: Vec::new(),
            unread_applications: Vec::new(),
            job_runs: Vec::new(),
            sessions: Vec::new(),
            roles: Vec::new(),
            excluded_roles: ExcludedRoles::default(),
            out_of_scope: BTreeSet::new(),
            policies: Vec::new(),
        }
    }

    /// Whether the account as a whole was walked, skipped or failed.
    ///
    /// The scope of its role decides. A slice without one says something of the organization alone.
    pub fn account_state(&self) -> Option<ScopeState> {
        let entered = self
            .scopes
            .iter()
            .find(|scope| scope.service == Service::Sts);
        entered.map(Scope::state)
    }

    /// Whether this slice's walk looked at a resource: only then may its absence mean anything.
    pub fn looked_at(&self, region: &Region, service: Service, resource: &Arn) -> bool {
        let mut scopes = self.scopes.iter();
        scopes.any(|scope| {
            (&scope.region, scope.service) == (region, service) && scope.looked_at(resource)
        })
    }

    /// Whether its roles and their policies were read whole. What tags a policy carries decides nothing but
    /// the policy's own findings.
    pub fn has_all_roles(&self) -> bool {
        let mut scopes = self.scopes.iter();
        scopes.any(|scope| {
            let mut gaps = scope.gaps.iter();
            scope.service == Service::Iam
                && scope.skipped.is_none()
                && gaps.all(|gap| gap.operation == "ListPolicyTags")
        })
    }

    /// Puts everything in the order of its ARN, so that the same account gives the same bytes.
    pub fn sort(&mut self) {
        self.scopes
            .sort_by(|a, b| (a.service, &a.region).cmp(&(b.service, &b.region)));
        self.applications.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.unread_applications.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.job_runs.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.sessions.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.roles.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.policies.sort_by(|a, b| a.arn.cmp(&b.arn));
    }
}

/// An AWS account of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The twelve digits.
    pub id: AccountId,
    /// The ARN of its root user.
    pub arn: Arn,
    /// The account's name, empty where Organizations was not asked.
    #[serde(default)]
    pub name: String,
    /// When it joined the organization, where Organizations was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<Timestamp>,
}

impl Account {
    /// An account of a partition (`aws`).
    ///
    /// The ARN is that of its root user, which can be told without asking Organizations, so that a
    /// finding on the account has the same fingerprint however the account was found.
    pub fn new(partition: &str, id: AccountId, name: &str) -> Self {
        let arn = Arn::from(format!("arn:{partition}:iam::{id}:root"));
        Self {
            id,
            arn,
            name: name.to_owned(),
            joined_at: None,
        }
    }

    /// An account, for tests.
    pub fn example() -> Self {
        Self::new("aws", AccountId::from("111122223333"), "ads-production")
    }
}
