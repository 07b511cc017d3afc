//! What somebody accepted.

use jiff::civil::Date;
use lineward_rules::RuleId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who accepted a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day it holds, in UTC.
    #[schemars(with = "String")]
    pub expires: Date,
}

/// An exemption, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExemptionRow {
    /// `configuration` or `tag`.
    pub source: ExemptionSource,
    /// What became of it.
    pub state: ExemptionState,
    /// The resources, in which `*` and `?` are wildcards.
    pub resource: String,
    /// The rule, where it can be told.
    pub rule: Option<RuleId>,
    /// Who accepted what; nothing of a tag that can't be read.
    pub acceptance: Option<Acceptance>,
    /// How many findings of this run it covers: none means that it matched nothing.
    pub findings: usize,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// Where an exemption stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ExemptionSource {
    /// `[[exemption]]` of the configuration.
    Configuration,
    /// A tag of the resource.
    Tag,
}

/// What became of an exemption.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ExemptionState {
    /// It holds.
    Active,
    /// It holds, and there is nothing for it to accept: everything was read.
    Unmatched,
    /// Its last day is over.
    Expired,
    /// It exempts nothing: it can't be read, or tags may not exempt here.
    Ignored,
}
