//! EMR Serverless applications.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estate::{Arn, Region};

/// An EMR Serverless application, as `GetApplication` gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its ARN.
    pub arn: Arn,
    /// Its Region.
    pub region: Region,
    /// Its identifier, unique in the Region.
    pub id: String,
    /// Its name, which anybody may have chosen.
    #[serde(default)]
    pub name: String,
    /// The EMR release, such as `emr-7.1.0`.
    pub release_label: String,
    /// `Spark` or `Hive`, in any case.
    pub kind: String,
    /// `CREATED`, `STARTED`, `STOPPED` and the like.
    pub state: String,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// `X86_64` or `ARM64`.
    #[serde(default)]
    pub architecture: Option<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The defaults that its job runs and sessions start from.
    #[serde(default)]
    pub runtime_configuration: Vec<Configuration>,
    /// The custom image of all workers.
    #[serde(default)]
    pub image: Option<String>,
    /// Custom images by worker type (`Driver`, `Executor`).
    #[serde(default)]
    pub worker_images: BTreeMap<String, String>,
    /// The ceiling of what its workers may take together.
    #[serde(default)]
    pub maximum_capacity: Option<Capacity>,
    /// Workers kept warm, by worker type.
    #[serde(default)]
    pub initial_capacity: BTreeMap<String, InitialCapacity>,
    /// Whether it starts when a job comes.
    #[serde(default)]
    pub auto_start: Option<AutoStart>,
    /// Whether it stops when idle.
    #[serde(default)]
    pub auto_stop: Option<AutoStop>,
    /// Where its logs go.
    #[serde(default)]
    pub monitoring: Monitoring,
    /// Which interactive endpoints are open.
    #[serde(default)]
    pub interactive: Interactive,
}

impl Application {
    /// Whether it runs Spark; the service writes the type in several cases.
    pub fn is_spark(&self) -> bool {
        self.kind.eq_ignore_ascii_case("spark")
    }

    /// Every custom image, of the application and of its worker types.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.image
            .iter()
            .chain(self.worker_images.values())
            .map(String::as_str)
    }

    /// The custom image of the driver: that of its worker type, or else that of all workers.
    pub fn driver_image(&self) -> Option<&str> {
        driver_image(self.image.as_deref(), &self.worker_images)
    }

    /// A compliant application, for tests.
    pub fn example() -> Self {
        let properties = [
            (
                "spark.jars",
                "s3://lineage-artifacts/spline/spline-7.1.0.jar",
            ),
            (
                "spark.sql.queryExecutionListeners",
                "za.co.absa.spline.harvester.listener.SplineQueryExecutionListener",
            ),
            ("spark.spline.mode", "ENABLED"),
            (
                "spark.spline.lineageDispatcher.http.producer.url",
                "https://lineage.example.internal/producer",
            ),
        ];
        Self {
            arn: Arn::from(
                "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1example0a01",
            ),
            region: Region::from("eu-west-1"),
            id: "00f1example0a01".into(),
            name: "ads-attribution".into(),
            release_label: "emr-7.1.0".into(),
            kind: "Spark".into(),
            state: "STARTED".into(),
            created_at: Some(Timestamp::UNIX_EPOCH),
            updated_at: Some(Timestamp::UNIX_EPOCH),
            architecture: Some("X86_64".into()),
            tags: BTreeMap::from([("Team".into(), "ads".into())]),
            runtime_configuration: vec![Configuration::new("spark-defaults", &properties)],
            image: None,
            worker_images: BTreeMap::new(),
            maximum_capacity: Some(Capacity {
                cpu: "400 vCPU".into(),
                memory: "3000 GB".into(),
                disk: Some("20000 GB".into()),
            }),
            initial_capacity: BTreeMap::new(),
            auto_start: Some(AutoStart { enabled: true }),
            auto_stop: Some(AutoStop {
                enabled: true,
                idle_timeout_minutes: Some(15),
            }),
            monitoring: Monitoring::default(),
            interactive: Interactive::default(),
        }
    }
}

/// The image of the driver among those of all workers and of each type.
pub(super) fn driver_image<'a>(
    image: Option<&'a str>,
    worker_images: &'a BTreeMap<String, String>,
) -> Option<&'a str> {
    let mut types = worker_images.iter();
    let of_driver = types.find(|(kind, _)| kind.eq_ignore_ascii_case("driver"));
    of_driver.map(|(_, image)| image.as_str()).or(image)
}

/// An application that was listed but could not be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnreadApplication {
    /// Its ARN.
    pub arn: Arn,
    /// Its Region.
    pub region: Region,
    /// Its identifier.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// The EMR release.
    pub release_label: String,
    /// When it was created.
    pub created_at: Option<Timestamp>,
}

/// One classification of configuration, such as `spark-defaults`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Its name.
    pub classification: String,
    /// Its keys and values.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// Classifications within it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub configurations: Vec<Self>,
}

impl Configuration {
    /// A classification of these properties.
    pub fn new(classification: &str, properties: &[(&str, &str)]) -> Self {
        Self {
            classification: classification.into(),
            properties: properties
                .iter()
                .map(|&(key, value)| (key.into(), value.into()))
                .collect(),
            configurations: Vec::new(),
        }
    }
}

/// An amount of vCPU, memory and disk, as the service writes it (`4 vCPU`, `16 GB`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Processors.
    pub cpu: String,
    /// Memory.
    pub memory: String,
    /// Disk.
    #[serde(default)]
    pub disk: Option<String>,
}

/// Workers of one type that are kept warm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InitialCapacity {
    /// How many.
    pub worker_count: i64,
    /// How large each is.
    #[serde(default)]
    pub worker: Option<Capacity>,
}

/// Whether an application starts when a job comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoStart {
    /// On or off.
    pub enabled: bool,
}

/// Whether an application stops when idle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoStop {
    /// On or off.
    pub enabled: bool,
    /// After how many idle minutes.
    #[serde(default)]
    pub idle_timeout_minutes: Option<i32>,
}

/// Where logs and metrics go. What is absent is the service's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Monitoring {
    /// The S3 location of logs.
    #[serde(default)]
    pub s3_log_uri: Option<String>,
    /// Whether the service keeps the logs itself.
    #[serde(default)]
    pub managed_persistence: Option<bool>,
    /// Whether logs go to CloudWatch.
    #[serde(default)]
    pub cloudwatch: Option<bool>,
    /// Where Prometheus metrics are written.
    #[serde(default)]
    pub prometheus_url: Option<String>,
}

/// Interactive endpoints. What is absent is the service's default, off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interactive {
    /// EMR Studio.
    #[serde(default)]
    pub studio: bool,
    /// Apache Livy.
    #[serde(default)]
    pub livy: bool,
    /// Spark Connect sessions.
    #[serde(default)]
    pub session: bool,
}
