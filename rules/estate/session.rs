//! Interactive sessions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Arn, Configuration, Region};

/// A Spark Connect session, as `GetSession` gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Its ARN.
    pub arn: Arn,
    /// Its Region.
    pub region: Region,
    /// The application it runs in.
    pub application_id: String,
    /// Its identifier, unique in the application.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// The EMR release in force for this session.
    pub release_label: String,
    /// `STARTED`, `IDLE`, `TERMINATED` and the like.
    pub state: String,
    /// The role that it runs as.
    pub execution_role: Arn,
    /// Who started it.
    pub created_by: Arn,
    /// When it was started.
    pub created_at: Option<Timestamp>,
    /// After how many idle minutes it ends.
    #[serde(default)]
    pub idle_timeout_minutes: Option<i64>,
    /// The classifications that override the application's.
    #[serde(default)]
    pub configuration: Vec<Configuration>,
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}
