//! How much reports its lineage.

use lineward_rules::estate::{AccountId, Arn};
use lineward_rules::lineage::Standing;
use lineward_rules::lineage::adoption::{Adoption, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much reports its lineage, and what doesn't. Hive applications are counted apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineageSummary {
    /// All of the organization.
    pub organization: Adoption,
    /// Each team, by name; what names no team comes first.
    pub teams: Vec<TeamAdoption>,
    /// Each account.
    pub accounts: Vec<AccountAdoption>,
    /// Applications that are no Spark, and so out of scope.
    pub out_of_scope: usize,
    /// Every application and job that lacks lineage or of which it can't be told, by ARN and job.
    pub lacking: Vec<LackingRow>,
}

/// How much of a team's reports its lineage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamAdoption {
    /// The team that the application's tag names, or none.
    pub team: Option<String>,
    /// How much.
    pub adoption: Adoption,
}

/// How much of an account's reports its lineage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountAdoption {
    /// The account.
    pub account: AccountId,
    /// How much.
    pub adoption: Adoption,
}

/// An application or a job that is not known to report its lineage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LackingRow {
    /// The application.
    pub application: Arn,
    /// Its account.
    pub account: AccountId,
    /// Its team, where a tag names one.
    pub team: Option<String>,
    /// The job, or the application's defaults themselves.
    pub job: Option<String>,
    /// Of an application, what its defaults come to; of a job, the worst of its runs.
    pub lineage: Standing,
    /// Of a job, what its runs of the window came to.
    pub runs: Option<Share>,
}
