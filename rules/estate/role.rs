//! IAM roles and policies.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Arn;

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
}
