//! What a judgement says: verdict, severity, evidence, remediation.

mod fault;
mod remedy;
mod rule_id;
mod stored;

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::estate::{AccountId, Arn, ReadScopes, Region};

pub use fault::Fault;
pub use remedy::{Attribute, Edit, Piece, Remedy, ShellParameter, Template};
pub use rule_id::RuleId;
use stored::StoredFinding;

/// What a rule says of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The fault isn't there, or the rule doesn't apply.
    Pass,
    /// The fault is there; the evidence states the fact.
    Fail(String),
    /// It can't be told; the reason says what is missing.
    Unknown(String),
}

/// How bad a fault is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth mending some day.
    Low,
    /// Worth mending this week.
    Medium,
    /// Lineage or a boundary is lost now.
    High,
    /// A boundary is open, or everything is blind.
    Critical,
}

impl Severity {
    /// All severities, worst first.
    pub const WORST_FIRST: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The word in reports and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A verdict that is not a pass.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Failing {
    /// The fault is there.
    Fail,
    /// It can't be told.
    Unknown,
}

impl Failing {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// How a finding stands against what was known before.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not known before.
    New,
    /// Known before and still there.
    Ongoing,
    /// Known before; this run looked and it is gone.
    Resolved,
    /// Known before; this run didn't look there.
    Unseen,
    /// Accepted by an exemption.
    Exempt,
    /// Its rule is switched off: whether it stands is not judged.
    #[serde(rename = "not-judged")]
    NotJudged,
    /// Its account has left the organization for good.
    Gone,
}

impl Status {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ongoing => "ongoing",
            Self::Resolved => "resolved",
            Self::Unseen => "unseen",
            Self::Exempt => "exempt",
            Self::NotJudged => "not-judged",
            Self::Gone => "gone",
        }
    }

    /// Whether the fault was seen in this run and nobody has accepted it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Ongoing)
    }
}

/// A rule's fail or unknown on one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredFinding")]
pub struct Finding {
    /// Its stable identity.
    pub fingerprint: Fingerprint,
    /// The rule that found it.
    pub rule: RuleId,
    /// How bad it is.
    pub severity: Severity,
    /// Fail or unknown.
    pub verdict: Failing,
    /// The account of the resource.
    pub account: AccountId,
    /// The Region of the resource, or `global`.
    pub region: Region,
    /// The resource.
    pub resource: Arn,
    /// What the resource is the latest of: its job, or the name of its sessions. Such a finding may count as
    /// resolved only where another of them was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// When the resource was created, where it is the latest of a group: what is older says nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// What it was read from: it may count as resolved only where a run has read all of it.
    pub read_from: ReadScopes,
    /// The team that the resource's tag names.
    pub team: Option<String>,
    /// The rule's title.
    pub title: String,
    /// The fact that was seen.
    pub evidence: String,
    /// What to do about it.
    pub remediation: Remediation,
}

/// The change that mends a finding, in two languages; empty where no change of the resource does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remediation {
    /// Commands for a POSIX shell.
    pub aws_cli: String,
    /// A Terraform block.
    pub terraform: String,
}

/// The stable identity of a finding: rule, resource and, where a rule can fail twice on one
/// resource, the part. Never its message.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The identity of `rule`'s finding on `part` of `resource`; an empty part is the whole.
    pub fn new(rule: &RuleId, resource: &Arn, part: &str) -> Self {
        Self(short_hash(&[rule.as_str(), resource.as_str(), part]))
    }

    /// The sixteen hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Sixteen hexadecimal digits of the SHA-256 of `parts`, each ended by a NUL so that
/// (`ab`, `c`) and (`a`, `bc`) differ. 64 bits keep a million findings apart.
fn short_hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    let first = digest.first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_depends_on_each_of_its_parts_and_nothing_else() {
        let rule = RuleId::from("spline-agent-missing");
        let other = RuleId::from("spline-disabled");
        let arn = Arn::from("arn:aws:emr-serverless:eu-west-1:1:/applications/a");
        let one = Fingerprint::new(&rule, &arn, "");
        assert_eq!(one, Fingerprint::new(&rule, &arn, ""));
        assert_eq!(one.as_str().len(), 16);
        assert_ne!(one, Fingerprint::new(&other, &arn, ""));
        assert_ne!(one, Fingerprint::new(&rule, &arn, "statement 2"));
    }

    #[test]
    fn severities_are_ordered() {
        assert!(Severity::WORST_FIRST.is_sorted_by(|a, b| a > b));
    }
}
