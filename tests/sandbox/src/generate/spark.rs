//! The Spark configuration of an application: its Spline agent above all.

use serde_json::{Map, Value, json};

use crate::field::set;
use crate::field::text;

pub(crate) const LISTENER_KEY: &str = "spark.sql.queryExecutionListeners";
pub(crate) const LISTENER: &str =
    "za.co.absa.spline.harvester.listener.SplineQueryExecutionListener";
const VERSION: &str = "2.2.3";
const BUCKET: &str = "s3://example-lineage-artifacts";

/// How an application comes by its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agent {
    /// The organization's own build for an EMR release, as a JAR.
    Own(&'static str),
    /// The public bundle for a Spark, as a JAR.
    Bundle(&'static str),
    /// The public bundle for a Spark, of another version than usual.
    BundleOf(&'static str, &'static str),
    /// The public bundle for a Spark, as a Maven coordinate.
    Coordinate(&'static str),
}

/// Release labels with an agent that fits.
pub(crate) const FITTING: [(&str, Agent); 7] = [
    ("emr-7.1.0", Agent::Own("7.1.0")),
    ("emr-7.9.0", Agent::Bundle("3.5")),
    ("emr-6.15.0", Agent::Bundle("3.4")),
    ("emr-7.12.0", Agent::Coordinate("3.5")),
    ("emr-7.1.0", Agent::Bundle("3.5")),
    ("emr-6.15.0", Agent::Coordinate("3.4")),
    ("emr-7.12.0", Agent::Bundle("3.5")),
];

/// A label on which applications may have sessions.
pub(crate) const WITH_SESSIONS: (&str, Agent) = ("emr-7.13.0", Agent::Bundle("3.5"));

impl Agent {
    fn key(self) -> &'static str {
        match self {
            Self::Own(_) | Self::Bundle(_) | Self::BundleOf(..) => "spark.jars",
            Self::Coordinate(_) => "spark.jars.packages",
        }
    }

    fn name(self) -> String {
        match self {
            Self::Own(release) => format!("{BUCKET}/spline/spline-{release}.jar"),
            Self::Bundle(spark) => {
                format!("{BUCKET}/jars/spark-{spark}-spline-agent-bundle_2.12-{VERSION}.jar")
            }
            Self::BundleOf(spark, version) => {
                format!("{BUCKET}/jars/spark-{spark}-spline-agent-bundle_2.12-{version}.jar")
            }
            Self::Coordinate(spark) => format!(
                "za.co.absa.spline.agent.spark:spark-{spark}-spline-agent-bundle_2.12:{VERSION}"
            ),
        }
    }
}

/// `runtimeConfiguration` of a compliant application, in which the agent is not always alone.
pub(crate) fn configuration(team: &str, agent: Agent, alone: bool) -> Value {
    let mut properties = json!({
        LISTENER_KEY: LISTENER,
        "spark.spline.mode": "ENABLED",
        "spark.spline.lineageDispatcher.http.producer.url": "https://lineage.example.internal/producer",
        "spark.plugins": "com.example.platform.logging.LoggerSparkPlugin",
        "spark.platform.logging.vaultAuthRole": format!("{team}-logs"),
        "spark.driver.memory": "8g",
        "spark.executor.memory": "16g",
        "spark.dynamicAllocation.maxExecutors": "40",
    });
    let mut artifacts = vec![agent.name()];
    if !alone {
        artifacts.insert(
            0,
            match agent {
                Agent::Coordinate(spark) => {
                    format!("org.apache.iceberg:iceberg-spark-runtime-{spark}_2.12:1.6.1")
                }
                Agent::Own(_) | Agent::Bundle(_) | Agent::BundleOf(..) => {
                    format!("{BUCKET}/jars/{team}-udfs-2.4.1.jar")
                }
            },
        );
    }
    set(&mut properties, agent.key(), artifacts.join(",").into());
    let log4j = json!({ "rootLogger.level": "info" });
    json!([
        { "classification": "spark-defaults", "properties": properties },
        { "classification": "spark-driver-log4j2", "properties": log4j },
    ])
}

/// The properties of the classification `spark-defaults`.
pub(crate) fn defaults(detail: &mut Value) -> Option<&mut Map<String, Value>> {
    detail
        .get_mut("runtimeConfiguration")?
        .as_array_mut()?
        .iter_mut()
        .find(|it| text(it, "classification") == "spark-defaults")?
        .get_mut("properties")?
        .as_object_mut()
}

/// Takes every agent away, and leaves whatever else is named beside it.
pub(crate) fn remove_agent(properties: &mut Map<String, Value>) {
    for key in ["spark.jars", "spark.jars.packages"] {
        let Some(named) = properties.remove(key) else {
            continue;
        };
        let others: Vec<_> = named
            .as_str()
            .unwrap_or_default()
            .split(',')
            .filter(|it| !it.contains("spline"))
            .collect();
        if !others.is_empty() {
            properties.insert(key.into(), others.join(",").into());
        }
    }
}

/// Moves an application to a release label and puts this agent in the place of any other.
pub(crate) fn set_agent(detail: &mut Value, label: &str, agent: Agent) {
    set(detail, "releaseLabel", label.into());
    if let Some(properties) = defaults(detail) {
        remove_agent(properties);
        let others = properties.get(agent.key()).and_then(Value::as_str);
        let artifacts = [others.unwrap_or_default(), &agent.name()].join(",");
        let artifacts = artifacts.trim_start_matches(',');
        properties.insert(agent.key().into(), artifacts.into());
    }
}

/// The platform group's own image for an application's release, in the application's Region.
pub(crate) fn image(detail: &Value) -> String {
    let arn = text(detail, "arn");
    let mut parts = arn.split(':').skip(3);
    let region = parts.next().unwrap_or_default();
    let account = parts.next().unwrap_or_default();
    let label = text(detail, "releaseLabel");
    format!("{account}.dkr.ecr.{region}.amazonaws.com/platform/spark:{label}-3")
}
