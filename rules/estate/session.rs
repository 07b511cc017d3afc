//! Interactive sessions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estate::{Arn, Configuration, Region};

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

impl Session {
    /// What the sessions of one kind have in common: the name, or else who started it.
    pub fn kind(&self) -> &str {
        if self.name.is_empty() {
            self.created_by.as_str()
        } else {
            &self.name
        }
    }

    /// A compliant session of [`crate::estate::Application::example`], for tests.
    pub fn example() -> Self {
        let application = crate::estate::Application::example();
        Self {
            arn: Arn::from(format!("{}/sessions/00h1example0c01", application.arn)),
            region: application.region,
            application_id: application.id,
            id: "00h1example0c01".into(),
            name: "ads-notebook".into(),
            release_label: application.release_label,
            state: "IDLE".into(),
            execution_role: Arn::from("arn:aws:iam::111122223333:role/ads-execution-role"),
            created_by: Arn::from("arn:aws:sts::111122223333:assumed-role/ads-emr-role/analyst"),
            created_at: Some(Timestamp::UNIX_EPOCH),
            idle_timeout_minutes: Some(60),
            configuration: Vec::new(),
            tags: BTreeMap::from([("Team".into(), "ads".into())]),
        }
    }
}
