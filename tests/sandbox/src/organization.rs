//! The organization as plain data, which tests may change at will.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::fault::Planted;
use crate::field::text;

mod iam;

pub use iam::{ManagedPolicy, PolicyVersion, Role};

/// An AWS organization.
#[derive(Clone, Debug, PartialEq)]
pub struct Organization {
    /// `o-` and ten letters or digits.
    pub id: String,
    /// The management account.
    pub management_account: String,
    /// The account that the auditor runs in: a delegated administrator.
    pub auditor_account: String,
    /// All accounts, by id.
    pub accounts: BTreeMap<String, Account>,
}

/// An account of the organization.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// Twelve digits, the key it is held under.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The address of its root user.
    pub email: String,
    /// The team it belongs to.
    pub team: String,
    /// Its state.
    pub state: AccountState,
    /// Where it is in the tree of organizational units.
    pub paths: Vec<String>,
    /// When it joined.
    pub joined_at: Timestamp,
    /// The opt-in Regions that are enabled; all others of them are not.
    pub opt_in_regions: BTreeSet<String>,
    /// How it meets an attempt to assume its role.
    pub access: Access,
    /// What is refused in it.
    pub blocks: Vec<Block>,
    /// Its applications by Region and id.
    pub applications: BTreeMap<String, BTreeMap<String, Application>>,
    /// Its IAM roles.
    pub roles: Vec<Role>,
    /// Its managed policies.
    pub policies: Vec<ManagedPolicy>,
}

/// The state of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountState {
    /// In use.
    #[default]
    Active,
    /// Closed by AWS.
    Suspended,
    /// Being closed by its owner.
    PendingClosure,
}

impl AccountState {
    /// As Organizations writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::PendingClosure => "PENDING_CLOSURE",
        }
    }
}

/// How an account meets `AssumeRole`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// It gives credentials.
    #[default]
    Open,
    /// `AccessDenied`: no such role, or a trust policy that doesn't admit the auditor.
    AssumeDenied,
    /// No answer at all.
    AssumeHangs,
    /// `AccessDenied`, since the trust policy demands another external id.
    WrongExternalId,
}

/// Something that is refused in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The Region, or all of them.
    pub region: Option<String>,
    /// `emr-serverless` or `iam`.
    pub service: String,
    /// One operation, such as `ListJobRuns`, or all of them.
    pub operation: Option<String>,
    /// What the refusal says.
    pub cause: Cause,
}

/// What a refusal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No identity-based policy allows it.
    AccessDenied,
    /// An explicit deny in a service control policy.
    ServiceControlPolicy,
    /// The security token is invalid, as in a Region that isn't enabled.
    UnrecognizedClient,
}

/// An EMR Serverless application with what belongs to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Application {
    /// `application` as `GetApplication` answers it; anything may stand here.
    pub detail: Value,
    /// Its job runs by id, each as `jobRun` of `GetJobRun`.
    pub job_runs: BTreeMap<String, Value>,
    /// Its sessions by id, each as `session` of `GetSession`.
    pub sessions: BTreeMap<String, Value>,
    /// The fault planted in it.
    pub planted: Option<Planted>,
}

impl Organization {
    /// An organization without accounts, to be filled by hand.
    pub fn empty(management_account: &str, auditor_account: &str) -> Self {
        Self {
            id: "o-exampleorg1".into(),
            management_account: management_account.into(),
            auditor_account: auditor_account.into(),
            accounts: BTreeMap::new(),
        }
    }

    /// An account's ARN.
    pub fn account_arn(&self, account: &str) -> String {
        let (management, id) = (&self.management_account, &self.id);
        format!("arn:aws:organizations::{management}:account/{id}/{account}")
    }

    /// An application anywhere in the organization.
    pub fn application_mut(&mut self, id: &str) -> Option<&mut Application> {
        self.accounts
            .values_mut()
            .flat_map(|account| account.applications.values_mut())
            .find_map(|applications| applications.get_mut(id))
    }

    /// Removes an application, and says whether there was one.
    pub fn delete_application(&mut self, id: &str) -> bool {
        self.accounts
            .values_mut()
            .flat_map(|account| account.applications.values_mut())
            .any(|applications| applications.remove(id).is_some())
    }
}

impl Account {
    /// Whether the auditor can come in.
    pub fn is_readable(&self) -> bool {
        self.state == AccountState::Active && self.access == Access::Open
    }

    /// Whether a Region is enabled: always, unless it is an opt-in one that wasn't opted into.
    pub fn is_enabled(&self, region: &str) -> bool {
        !crate::services::is_opt_in(region) || self.opt_in_regions.contains(region)
    }

    /// What is refused of an operation in a Region (`global` for IAM).
    pub fn blocked(&self, region: &str, service: &str, operation: &str) -> Option<&Block> {
        self.blocks.iter().find(|block| {
            block.service == service
                && block.region.as_deref().is_none_or(|it| it == region)
                && block.operation.as_deref().is_none_or(|it| it == operation)
        })
    }
}

impl Application {
    /// A field of `GetApplication` that is text, or nothing.
    pub fn text(&self, field: &str) -> &str {
        text(&self.detail, field)
    }

    /// Whether interactive sessions are enabled.
    pub fn has_sessions(&self) -> bool {
        self.detail
            .pointer("/interactiveConfiguration/sessionEnabled")
            == Some(&Value::Bool(true))
    }
}
