//! IAM roles and managed policies of an account.

use jiff::Timestamp;

/// An IAM role.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its path, `/` at least.
    pub path: String,
    /// `AROA` and more.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// The trust policy, as JSON text.
    pub trust: String,
    /// Inline policies: name and JSON text.
    pub inline: Vec<(String, String)>,
    /// Attached managed policies: name and ARN.
    pub attached: Vec<(String, String)>,
    /// ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// Tags: key and value.
    pub tags: Vec<(String, String)>,
}

/// A managed policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ManagedPolicy {
    /// Its name.
    pub name: String,
    /// Its path, `/` at least.
    pub path: String,
    /// `ANPA` and more.
    pub id: String,
    /// Its ARN; one of account `aws` is AWS's own.
    pub arn: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// How many identities it is attached to.
    pub attachments: u32,
    /// How many identities have it for a permissions boundary.
    pub boundaries: u32,
    /// Its versions.
    pub versions: Vec<PolicyVersion>,
    /// Tags: key and value. Only `ListPolicyTags` tells them.
    pub tags: Vec<(String, String)>,
}

/// A version of a managed policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyVersion {
    /// `v1` and so on.
    pub id: String,
    /// Whether it is the one in force.
    pub default: bool,
    /// The document, as JSON text.
    pub document: String,
}

impl ManagedPolicy {
    /// Whether it is AWS's own.
    pub fn is_aws_managed(&self) -> bool {
        self.arn.starts_with("arn:aws:iam::aws:")
    }
}
