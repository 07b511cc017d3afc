//! What a rule finds, before it is somebody's finding.

use serde::{Deserialize, Serialize};

use crate::estate::{Arn, ReadScope, ReadScopes};
use crate::finding::{Remediation, Severity, Verdict};

/// A fault of a role, a policy or a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What is to be mended.
    pub resource: Arn,
    /// The team that it belongs to.
    pub team: Option<String>,
    /// Which part of it, where it can have the fault twice.
    pub part: String,
    /// Another severity than the rule's.
    pub severity: Option<Severity>,
    /// What was seen.
    pub verdict: Verdict,
    /// The change.
    pub remediation: Remediation,
    /// Whether the statement that is blamed allows everything: one finding says it all.
    pub is_everything: bool,
    /// What it was read from, besides the resource itself.
    pub read_from: ReadScopes,
}

impl Fault {
    /// A fault of a whole resource.
    pub fn of(resource: &Arn, team: Option<&str>, evidence: String) -> Self {
        Self {
            resource: resource.clone(),
            team: team.map(str::to_owned),
            part: String::new(),
            severity: None,
            verdict: Verdict::Fail(evidence),
            remediation: Remediation::default(),
            is_everything: false,
            read_from: ReadScopes::none(),
        }
    }

    /// With the change that mends it.
    #[must_use]
    pub fn mended_by(self, remediation: Remediation) -> Self {
        Self {
            remediation,
            ..self
        }
    }

    /// Read from more than the resource itself.
    #[must_use]
    pub fn read_from(self, more: impl IntoIterator<Item = ReadScope>) -> Self {
        Self {
            read_from: self.read_from.and(more),
            ..self
        }
    }

    /// Of another severity than the rule's.
    #[must_use]
    pub fn of_severity(self, severity: Severity) -> Self {
        Self {
            severity: Some(severity),
            ..self
        }
    }
}
