//! IAM roles and policies.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estate::Arn;

/// An IAM role with all that decides what it may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its ARN.
    pub arn: Arn,
    /// Its name, unique in the account.
    pub name: String,
    /// Its stable identifier (`AROA…`), which a recreated role doesn't keep.
    pub id: String,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Its trust policy, decoded to JSON text.
    #[serde(default)]
    pub trust: String,
    /// Its inline policies.
    #[serde(default)]
    pub inline_policies: Vec<InlinePolicy>,
    /// The managed policies attached to it.
    #[serde(default)]
    pub attached_policies: Vec<Arn>,
    /// Its permissions boundary.
    #[serde(default)]
    pub boundary: Option<Arn>,
}

/// A policy that lives in a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InlinePolicy {
    /// Its name, unique in the role.
    pub name: String,
    /// Its document, decoded to JSON text.
    pub document: String,
}

/// A managed policy, of the account or of AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManagedPolicy {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The default version, such as `v3`.
    pub version: String,
    /// The default version's document, decoded to JSON text.
    pub document: String,
    /// Its tags; nothing where they were not read, as those of AWS's own policies and of policies that no
    /// role in scope holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// Roles that were seen and are not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExcludedRoles {
    /// Roles of AWS services, which nobody else may change.
    pub service_linked: usize,
    /// Roles that IAM Identity Center keeps.
    pub identity_center: usize,
    /// Roles that have nothing to do with a team's boundary.
    pub out_of_scope: usize,
}

impl ExcludedRoles {
    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.service_linked += other.service_linked;
        self.identity_center += other.identity_center;
        self.out_of_scope += other.out_of_scope;
    }
}

impl Role {
    /// A role, for tests: it belongs to team `ads`, and EMR Serverless alone may assume it.
    pub fn example() -> Self {
        Self {
            arn: Arn::from("arn:aws:iam::111122223333:role/ads-execution"),
            name: "ads-execution".into(),
            id: "AROAEXAMPLE".into(),
            created_at: None,
            tags: BTreeMap::from([("Team".to_owned(), "ads".to_owned())]),
            trust: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
                "Principal":{"Service":"emr-serverless.amazonaws.com"},"Action":"sts:AssumeRole",
                "Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}]}"#
                .into(),
            inline_policies: Vec::new(),
            attached_policies: Vec::new(),
            boundary: None,
        }
    }
}
