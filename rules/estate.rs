//! What was seen: one [`Slice`] an account, with the gaps that were met on the way.

mod application;
mod job_run;
mod name;
mod role;
mod scope;
mod session;

pub use application::{
    Application, AutoStart, AutoStop, Capacity, Configuration, InitialCapacity, Interactive,
    Monitoring, UnreadApplication,
};
pub use job_run::{JobRun, SparkSubmit};
pub use name::{AccountId, Arn, Region};
pub use role::{InlinePolicy, ManagedPolicy, Role};
pub use scope::{Cause, Gap, Scope, ScopeState, Service};
pub use session::Session;

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
            applications: Vec::new(),
            unread_applications: Vec::new(),
            job_runs: Vec::new(),
            sessions: Vec::new(),
            roles: Vec::new(),
            policies: Vec::new(),
        }
    }

    /// Whether the account as a whole was skipped, failed or walked.
    ///
    /// The account's own scope decides: it is the role to assume there, or its state.
    pub fn account_state(&self) -> ScopeState {
        self.scopes
            .iter()
            .find(|scope| scope.service == Service::Sts)
            .map_or(ScopeState::Audited, Scope::state)
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
    /// The account's ARN: the one Organizations gives, or its root user's without an organization.
    pub arn: Arn,
    /// The account's name, empty where Organizations was not asked.
    #[serde(default)]
    pub name: String,
}

impl Account {
    /// An active account, for tests.
    pub fn example() -> Self {
        Self {
            id: AccountId::from("111122223333"),
            arn: Arn::from("arn:aws:organizations::999988887777:account/o-example/111122223333"),
            name: "ads-production".into(),
        }
    }
}
