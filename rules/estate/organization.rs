//! What is known of the organization as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of the organization as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// Its id (`o-…`), empty where there is none or it may not be read.
    pub id: String,
    /// Its management account, likewise.
    pub management_account: String,
}
