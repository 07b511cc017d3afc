//! From which day the data is that a run was judged by.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From which day the data is that a run was judged by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataDates {
    /// The EMR releases and their Spark.
    pub releases: String,
    /// The lineage agents and their faults.
    pub agents: String,
    /// The actions and condition keys of IAM.
    pub iam: String,
}

impl DataDates {
    /// The days of this build's data.
    pub fn of_this_build() -> Self {
        let [releases, agents, iam] = lineward_rules::judge::data().map(|(_, data)| data.read_on);
        Self {
            releases,
            agents,
            iam,
        }
    }
}
