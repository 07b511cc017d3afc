//! Faults that an application carries itself.

use serde_json::{Value, json};

use super::Fault;
use crate::field::{remove, set};
use crate::generate::spark::{self, Agent, LISTENER, LISTENER_KEY};

/// Where lineage is sent.
const URL_KEY: &str = "spark.spline.lineageDispatcher.http.producer.url";

/// Breaks the application; where its runs or sessions carry the fault, makes it one that can have them.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each place acts on a few of many faults"
)]
pub(super) fn plant(fault: Fault, detail: &mut Value) {
    match fault {
        Fault::AgentGone => agent_gone(detail),
        Fault::ConfigurationGone => remove(detail, "runtimeConfiguration"),
        Fault::OwnJarOfOtherRelease => spark::set_agent(detail, "emr-7.1.0", Agent::Own("7.0.0")),
        Fault::BundleOfOtherSpark => spark::set_agent(detail, "emr-7.9.0", Agent::Bundle("3.4")),
        Fault::CoordinateOfOtherSpark => {
            spark::set_agent(detail, "emr-7.12.0", Agent::Coordinate("3.4"));
        }
        Fault::ListenerGone => drop_property(detail, LISTENER_KEY),
        Fault::ListenerMisspelt => {
            drop_property(detail, LISTENER_KEY);
            set_property(detail, LISTENER_KEY.trim_end_matches('s'), LISTENER);
        }
        Fault::Disabled => set_property(detail, "spark.spline.mode", "DISABLED"),
        Fault::DisabledByHadoop => set_property(detail, "spark.hadoop.spline.mode", "DISABLED"),
        Fault::DisabledByJavaOption => {
            drop_property(detail, "spark.spline.mode");
            let options = "-XX:+UseG1GC -Dspline.mode=DISABLED";
            set_property(detail, "spark.driver.extraJavaOptions", options);
        }
        Fault::UnsupportedWithBundle => {
            spark::set_agent(detail, "emr-spark-8.0.0", Agent::Bundle("3.5"));
        }
        Fault::UnsupportedBare => {
            agent_gone(detail);
            set(detail, "releaseLabel", "emr-spark-8.0.0".into());
        }
        Fault::TwoAgents => {
            spark::set_agent(detail, "emr-7.1.0", Agent::Own("7.1.0"));
            add_jar(
                detail,
                "s3://example-lineage-artifacts/spline/spline-7.0.0.jar",
            );
        }
        Fault::AgentOutdated => {
            spark::set_agent(detail, "emr-6.15.0", Agent::BundleOf("3.4", "2.0.0"));
        }
        Fault::AgentUnrecognized => {
            if let Some(properties) = spark::defaults(detail) {
                spark::remove_agent(properties);
            }
            add_jar(
                detail,
                "s3://example-lineage-artifacts/jars/my-spline-fork.jar",
            );
        }
        Fault::JobReplacesJars => agent_as_jar(detail),
        Fault::SessionReplacesDefaults => open_sessions(detail),
        Fault::ModeInvalid => {
            spark::set_agent(detail, "emr-7.9.0", Agent::Bundle("3.5"));
            set_property(detail, "spark.spline.mode", "enabled");
        }
        Fault::DispatcherIncomplete => drop_property(detail, URL_KEY),
        Fault::DispatcherConsole => {
            set_property(detail, "spark.spline.lineageDispatcher", "console");
        }
        Fault::KeyIgnored => set_property(detail, "spline.sql.failure.capture", "ALL"),
        Fault::PlaintextSecret => {
            // The keys of AWS's own documentation, which open nothing.
            set_property(
                detail,
                "spark.hadoop.fs.s3a.access.key",
                "AKIAIOSFODNN7EXAMPLE",
            );
            let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
            set_property(detail, "spark.hadoop.fs.s3a.secret.key", secret);
        }
        Fault::TeamMissing => {
            if let Some(tags) = detail.get_mut("tags") {
                remove(tags, "Team");
            }
        }
        Fault::TeamUnknown => {
            if let Some(tags) = detail.get_mut("tags") {
                set(tags, "Team", "unregistered-team".into());
            }
        }
        Fault::CustomImage => custom_image(detail),
        other => plant_around_spark(other, detail),
    }
}

/// Faults that are not in Spark's configuration.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each place acts on a few of many faults"
)]
fn plant_around_spark(fault: Fault, detail: &mut Value) {
    match fault {
        Fault::LivyEndpoint => {
            if let Some(interactive) = detail.get_mut("interactiveConfiguration") {
                set(interactive, "livyEndpointEnabled", true.into());
            }
        }
        Fault::ImageUnapproved => {
            let image = spark::image(detail).replace("platform/", "experiments/");
            set(detail, "imageConfiguration", json!({ "imageUri": image }));
        }
        Fault::ImageUnsupported => {
            spark::set_agent(detail, "emr-6.8.0", Agent::Bundle("3.3"));
            let image = spark::image(detail);
            set(detail, "imageConfiguration", json!({ "imageUri": image }));
        }
        Fault::LogsDisabled => {
            let off = json!({ "managedPersistenceMonitoringConfiguration": { "enabled": false } });
            set(detail, "monitoringConfiguration", off);
        }
        Fault::CapacityUnbounded => remove(detail, "maximumCapacity"),
        Fault::AutoStopDisabled => {
            remove(detail, "initialCapacity");
            set(detail, "autoStopConfiguration", json!({ "enabled": false }));
        }
        Fault::IdleTimeoutLong => {
            let long = json!({ "enabled": true, "idleTimeoutMinutes": 720 });
            set(detail, "autoStopConfiguration", long);
        }
        Fault::InitialCapacityIdle => {
            let worker = json!({
                "workerCount": 2,
                "workerConfiguration": { "cpu": "4 vCPU", "memory": "16 GB" },
            });
            set(detail, "initialCapacity", json!({ "Driver": worker }));
            set(detail, "state", "STARTED".into());
            let created = detail.get("createdAt").cloned().unwrap_or_default();
            set(detail, "updatedAt", created);
        }
        _ => {}
    }
}

/// `--jars` takes no agent away that comes as a Maven coordinate.
fn agent_as_jar(detail: &mut Value) {
    let jars = spark::defaults(detail).and_then(|it| it.get("spark.jars")?.as_str());
    if !jars.is_some_and(|jars| jars.contains("spline")) {
        spark::set_agent(detail, "emr-7.12.0", Agent::Bundle("3.5"));
    }
}

/// Not every release has sessions.
fn open_sessions(detail: &mut Value) {
    let enabled = detail.pointer("/interactiveConfiguration/sessionEnabled");
    if enabled != Some(&Value::Bool(true)) {
        let (label, agent) = spark::WITH_SESSIONS;
        spark::set_agent(detail, label, agent);
        if let Some(interactive) = detail.get_mut("interactiveConfiguration") {
            set(interactive, "sessionEnabled", true.into());
        }
    }
}

fn agent_gone(detail: &mut Value) {
    if let Some(properties) = spark::defaults(detail) {
        properties.retain(|key, _| !key.contains("spline") && key != LISTENER_KEY);
        spark::remove_agent(properties);
    }
}

/// The configuration still asks for the listener; only the JAR isn't named any more.
fn custom_image(detail: &mut Value) {
    if let Some(properties) = spark::defaults(detail) {
        spark::remove_agent(properties);
    }
    let image = spark::image(detail);
    set(detail, "imageConfiguration", json!({ "imageUri": image }));
}

fn add_jar(detail: &mut Value, jar: &str) {
    if let Some(properties) = spark::defaults(detail) {
        let jars = properties.get("spark.jars").and_then(Value::as_str);
        let jars = jars.map_or_else(|| jar.to_owned(), |jars| format!("{jars},{jar}"));
        properties.insert("spark.jars".into(), jars.into());
    }
}

fn drop_property(detail: &mut Value, key: &str) {
    if let Some(properties) = spark::defaults(detail) {
        properties.remove(key);
    }
}

fn set_property(detail: &mut Value, key: &str, value: &str) {
    if let Some(properties) = spark::defaults(detail) {
        properties.insert(key.into(), value.into());
    }
}
