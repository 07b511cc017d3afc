//! IAM roles and managed policies of an account.

use jiff::Timestamp;

use super::Account;

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
    /// Tags: key and value. `GetAccountAuthorizationDetails` doesn't tell them.
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

impl Role {
    /// Whether it has to do with the boundary between teams, as the generator makes such roles: it names
    /// its team or trusts EMR Serverless, and isn't kept by AWS.
    pub fn is_of_boundary(&self) -> bool {
        let kept_by_aws = ["/aws-service-role/", "/aws-reserved/"]
            .iter()
            .any(|path| self.path.starts_with(path));
        let mut keys = self.tags.iter().map(|(key, _)| key);
        let tagged = keys.any(|key| key.eq_ignore_ascii_case("Team"));
        !kept_by_aws && (tagged || self.trust.contains("\"emr-serverless.amazonaws.com\""))
    }

    fn holds(&self, policy: &str) -> bool {
        self.boundary.as_deref() == Some(policy)
            || self.attached.iter().any(|(_, arn)| arn == policy)
    }
}

impl Account {
    /// The customer managed policies of roles that have to do with the boundary between teams.
    pub fn policies_of_boundary(&self) -> impl Iterator<Item = &ManagedPolicy> {
        let roles = || self.roles.iter().filter(|role| role.is_of_boundary());
        self.policies.iter().filter(move |policy| {
            !policy.is_aws_managed() && roles().any(|role| role.holds(&policy.arn))
        })
    }
}

impl ManagedPolicy {
    /// Whether it is AWS's own.
    pub fn is_aws_managed(&self) -> bool {
        self.arn.starts_with("arn:aws:iam::aws:")
    }

    /// Whether it is nothing but a permissions boundary: `GetAccountAuthorizationDetails` may leave
    /// such a one out, and here does.
    pub fn is_boundary_only(&self) -> bool {
        self.attachments == 0 && self.boundaries > 0
    }
}
