//! Job runs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Arn, Configuration, Monitoring, Region};

/// A job run, as `GetJobRun` gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobRun {
    /// Its ARN.
    pub arn: Arn,
    /// Its Region.
    pub region: Region,
    /// The application it ran in.
    pub application_id: String,
    /// Its identifier, unique in the application.
    pub id: String,
    /// Its name, which repeats from run to run.
    #[serde(default)]
    pub name: String,
    /// The EMR release in force for this run.
    pub release_label: String,
    /// `SUCCESS`, `RUNNING` and the like.
    pub state: String,
    /// `BATCH` or `STREAMING`.
    #[serde(default)]
    pub mode: Option<String>,
    /// The role that the job runs as.
    pub execution_role: Arn,
    /// Who started it.
    pub created_by: Arn,
    /// When it was started.
    pub created_at: Option<Timestamp>,
    /// How long it may run; 0 is for ever.
    #[serde(default)]
    pub execution_timeout_minutes: Option<i64>,
    /// The Spark driver, or nothing for a Hive query.
    #[serde(default)]
    pub spark_submit: Option<SparkSubmit>,
    /// The classifications that override the application's.
    #[serde(default)]
    pub configuration: Vec<Configuration>,
    /// Where its logs go.
    #[serde(default)]
    pub monitoring: Monitoring,
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// What `spark-submit` was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SparkSubmit {
    /// The main JAR or script.
    pub entry_point: String,
    /// The job's own arguments.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// The options, as one string.
    #[serde(default)]
    pub parameters: Option<String>,
}
