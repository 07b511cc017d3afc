//! What was to be read, and what could not be.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estate::{Arn, Region};

/// One Region (or `global`) and service of an account that was to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The Region, or `global`.
    pub region: Region,
    /// The service that was to be read there.
    pub service: Service,
    /// Why nothing was tried here; such a scope is neither audited nor failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<SkipReason>,
    /// What could not be read here; empty where all was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// The only resources that were looked at, where the walk was narrowed to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Arn>,
}

/// What came of a scope.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ScopeState {
    /// All of it was read.
    Audited,
    /// Nothing was tried, for a reason that is no fault.
    Skipped,
    /// Some or all of it could not be read.
    Failed,
}

impl Scope {
    /// A scope that was read whole.
    pub fn audited(region: Region, service: Service) -> Self {
        Self {
            region,
            service,
            skipped: None,
            gaps: Vec::new(),
            only: Vec::new(),
        }
    }

    /// A scope where nothing was tried.
    pub fn skipped(region: Region, service: Service, skipped: SkipReason) -> Self {
        Self {
            skipped: Some(skipped),
            ..Self::audited(region, service)
        }
    }

    /// What came of it.
    pub fn state(&self) -> ScopeState {
        if self.skipped.is_some() {
            ScopeState::Skipped
        } else if self.gaps.is_empty() {
            ScopeState::Audited
        } else {
            ScopeState::Failed
        }
    }

    /// Whether all of it was read, and no more left out.
    pub fn is_whole(&self) -> bool {
        self.state() == ScopeState::Audited && self.only.is_empty()
    }

    /// Whether this scope's walk looked at `resource`: only then may its absence mean anything.
    pub fn looked_at(&self, resource: &Arn) -> bool {
        self.skipped.is_none()
            && (self.only.is_empty() || self.only.iter().any(|only| resource.is_within(only)))
            && !self.gaps.iter().any(|gap| gap.hides(resource))
    }
}

/// Why nothing was tried in a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SkipReason {
    /// A word for the reason: the service's error code where there was one.
    pub code: String,
    /// The reason.
    pub reason: String,
}

impl SkipReason {
    /// A reason with its code.
    pub fn new(code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            reason: reason.into(),
        }
    }
}

/// A service that is read. The order is that of the walk.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// The organization and its list of accounts.
    Organizations,
    /// The role to assume in the account.
    Sts,
    /// The Regions that the account has enabled.
    Account,
    /// Applications, job runs and sessions.
    EmrServerless,
    /// Roles and policies.
    Iam,
}

impl Service {
    /// The service's name in an ARN.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organizations => "organizations",
            Self::Sts => "sts",
            Self::Account => "account",
            Self::EmrServerless => "emr-serverless",
            Self::Iam => "iam",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that was to be read and could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// The operation that failed, such as `ListApplications`.
    pub operation: String,
    /// The resource below which nothing was seen, or all of the scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Arn>,
    /// The kind of failure.
    pub cause: Cause,
    /// The service's own error code, or ours where no answer came.
    pub code: String,
    /// The service's own message.
    pub reason: String,
}

impl Gap {
    /// Whether `resource` lies where this gap hides it.
    pub fn hides(&self, resource: &Arn) -> bool {
        self.resource
            .as_ref()
            .is_none_or(|gap| resource.is_within(gap))
    }
}

/// Why something could not be read: each asks for another remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A policy doesn't allow the call.
    Denied,
    /// A service control policy denies the call.
    DeniedByScp,
    /// The Region isn't enabled in the account, or the credentials are not valid there.
    RegionDisabled,
    /// Throttled to the last attempt.
    Throttled,
    /// No answer in time.
    TimedOut,
    /// No connection, or no credentials to sign with.
    Unreachable,
    /// The service failed.
    ServerError,
    /// The walk had to end before it came here.
    Deadline,
    /// The walk was told to read no more than a number, and there was more.
    Limit,
    /// Anything else that the service refused.
    Refused,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(resource: Option<&str>) -> Gap {
        Gap {
            operation: "GetApplication".into(),
            resource: resource.map(Arn::from),
            cause: Cause::Denied,
            code: "AccessDeniedException".into(),
            reason: "no".into(),
        }
    }

    #[test]
    fn a_gap_hides_its_resource_and_nothing_beside_it() {
        let mut scope = Scope::audited(Region::from("eu-west-1"), Service::EmrServerless);
        assert!(scope.looked_at(&Arn::from("arn:app/a")));
        scope.gaps.push(gap(Some("arn:app/a")));
        assert!(!scope.looked_at(&Arn::from("arn:app/a/jobruns/1")));
        assert!(scope.looked_at(&Arn::from("arn:app/b")));
        scope.gaps.push(gap(None));
        assert!(!scope.looked_at(&Arn::from("arn:app/b")));
        assert_eq!(scope.state(), ScopeState::Failed);
    }

    #[test]
    fn a_narrowed_or_skipped_scope_looked_only_where_it_was_told_to() {
        let region = Region::from("eu-west-1");
        let mut scope = Scope::audited(region.clone(), Service::EmrServerless);
        scope.only = vec![Arn::from("arn:app/a")];
        assert!(scope.looked_at(&Arn::from("arn:app/a")));
        assert!(!scope.looked_at(&Arn::from("arn:app/b")));
        let skipped = Scope::skipped(
            region,
            Service::EmrServerless,
            SkipReason::new("SUSPENDED", "is suspended"),
        );
        assert!(!skipped.looked_at(&Arn::from("arn:app/a")));
    }
}
