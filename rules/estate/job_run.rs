//! Job runs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estate::application::driver_image;
use crate::estate::{Arn, Configuration, Monitoring, Region};

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
    /// The Hive query, or nothing for a Spark driver.
    #[serde(default)]
    pub hive: Option<HiveQuery>,
    /// The classifications that override the application's.
    #[serde(default)]
    pub configuration: Vec<Configuration>,
    /// The custom image of all its workers: its application's of that day.
    #[serde(default)]
    pub image: Option<String>,
    /// Custom images by worker type (`Driver`, `Executor`), its application's of that day.
    #[serde(default)]
    pub worker_images: BTreeMap<String, String>,
    /// Where its logs go.
    #[serde(default)]
    pub monitoring: Monitoring,
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl JobRun {
    /// The custom image of the driver, where the run tells one.
    pub fn driver_image(&self) -> Option<&str> {
        driver_image(self.image.as_deref(), &self.worker_images)
    }

    /// What the runs of one job have in common: the name without what changes from run to run, or else
    /// the entry point or the query.
    pub fn job(&self) -> Cow<'_, str> {
        match (self.name.as_str(), &self.spark_submit, &self.hive) {
            ("", Some(submit), _) => Cow::Borrowed(&submit.entry_point),
            ("", None, Some(hive)) => Cow::Borrowed(&hive.query),
            (name, _, _) => lasting(name),
        }
    }

    /// A compliant run of [`crate::estate::Application::example`], for tests.
    pub fn example() -> Self {
        let application = crate::estate::Application::example();
        Self {
            arn: Arn::from(format!("{}/jobruns/00g1example0b01", application.arn)),
            region: application.region,
            application_id: application.id,
            id: "00g1example0b01".into(),
            name: "attribution-daily".into(),
            release_label: application.release_label,
            state: "SUCCESS".into(),
            mode: Some("BATCH".into()),
            execution_role: Arn::from("arn:aws:iam::111122223333:role/ads-execution-role"),
            created_by: Arn::from("arn:aws:sts::111122223333:assumed-role/ads-emr-role/airflow"),
            created_at: Some(Timestamp::UNIX_EPOCH),
            execution_timeout_minutes: Some(120),
            spark_submit: Some(SparkSubmit {
                entry_point: "s3://ads-artifacts/attribution/1.4.2/app.jar".into(),
                arguments: vec!["--date".into(), "2026-11-22".into()],
                parameters: Some(
                    "--class com.example.ads.Main --conf spark.executor.cores=4".into(),
                ),
            }),
            hive: None,
            configuration: Vec::new(),
            image: None,
            worker_images: BTreeMap::new(),
            monitoring: Monitoring::default(),
            tags: BTreeMap::from([("Team".into(), "ads".into())]),
        }
    }
}

/// A name with `*` for each part that changes from run to run: a UUID, a date or time of eight digits or
/// more. Airflow's default name ends in a UUID.
fn lasting(name: &str) -> Cow<'_, str> {
    static CHANGING: LazyLock<Regex> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "the pattern is a constant, and a test uses it")]
        Regex::new(concat!(
            r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|",
            r"\d{4}-\d{2}-\d{2}(?:[T_ -]?\d{2}[:_-]?\d{2}(?:[:_-]?\d{2})?)?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?|",
            r"\d{8,}(?:[T_-]?\d{4,6})?",
        ))
        .expect("a constant pattern is well-formed")
    });
    if name.bytes().filter(u8::is_ascii_digit).count() < 8 {
        return Cow::Borrowed(name);
    }
    CHANGING.replace_all(name, "*")
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

/// What a Hive job runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HiveQuery {
    /// The query, or the file that holds it.
    pub query: String,
    /// The file that is run before it.
    #[serde(default)]
    pub init_query_file: Option<String>,
    /// The options, as one string.
    #[serde(default)]
    pub parameters: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_what_its_runs_have_in_common() {
        for (name, expected) in [
            ("attribution-daily", "attribution-daily"),
            ("attribution-28", "attribution-28"),
            ("daily-2026-11-23", "daily-*"),
            ("daily-2026-11-23T04:00:00Z-x", "daily-*-x"),
            ("daily_20261123_0400", "daily_*"),
            (
                "emr_serverless_job_airflow_1b4e2801-2fa1-11d2-883f-0016d3cca427",
                "emr_serverless_job_airflow_*",
            ),
            ("", "s3://ads-artifacts/attribution/1.4.2/app.jar"),
        ] {
            let run = JobRun {
                name: name.into(),
                ..JobRun::example()
            };
            assert_eq!(run.job(), expected);
        }
    }
}
