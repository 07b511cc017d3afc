//! Faults that job runs and sessions carry.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Fault;
use crate::field::set;

/// Makes all runs those of one job, and breaks each in this way.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each place acts on a few of many faults"
)]
pub(super) fn plant(fault: Fault, runs: &mut BTreeMap<String, Value>) {
    for run in runs.values_mut() {
        set(run, "name", "broken-daily".into());
        let submit = run
            .get_mut("jobDriver")
            .and_then(|driver| driver.get_mut("sparkSubmit"));
        let Some(submit) = submit else { continue };
        match fault {
            Fault::JobReplacesJars => add(submit, "--jars s3://example-artifacts/deps-1.2.3.jar"),
            Fault::JobEmptiesListeners => add(submit, "--conf spark.sql.queryExecutionListeners="),
            Fault::JobDisables => add(
                submit,
                "--conf \"spark.driver.extraJavaOptions=-XX:+UseG1GC -Da=b\" \
                 --conf spark.hadoop.spline.mode=DISABLED",
            ),
            Fault::JobArtifactUnversioned => {
                set(
                    submit,
                    "entryPoint",
                    "s3://example-artifacts/jobs/latest/app.jar".into(),
                );
            }
            Fault::JobArtifactUnpinned => {
                set(
                    submit,
                    "entryPoint",
                    "s3://example-artifacts/jobs/1/app.jar".into(),
                );
            }
            Fault::JobSecret => {
                let arguments = json!(["--db-password", "Tr0ub4dor&3horse"]);
                set(submit, "entryPointArguments", arguments);
            }
            _ => {}
        }
        match fault {
            Fault::JobReplacesDefaults => {
                let memory = json!({ "spark.driver.memory": "12g" });
                let defaults = json!({ "classification": "spark-defaults", "properties": memory });
                let overrides = json!({ "applicationConfiguration": [defaults] });
                set(run, "configurationOverrides", overrides);
            }
            Fault::JobArtifactUnpinned => {
                if let Some(tags) = run.get_mut("tags") {
                    set(tags, "production", "true".into());
                }
            }
            Fault::JobTimeoutUnbounded => set(run, "executionTimeoutMinutes", 0.into()),
            _ => {}
        }
    }
}

/// Makes all sessions those of one name, with a `spark-defaults` of their own.
pub(super) fn plant_in_sessions(sessions: &mut BTreeMap<String, Value>) {
    for session in sessions.values_mut() {
        set(session, "name", "broken-notebook".into());
        let memory = json!({ "spark.executor.memory": "8g" });
        let defaults = json!({ "classification": "spark-defaults", "properties": memory });
        let overrides = json!({ "runtimeConfiguration": [defaults] });
        set(session, "configurationOverrides", overrides);
    }
}

fn add(submit: &mut Value, parameters: &str) {
    let before = crate::field::text(submit, "sparkSubmitParameters");
    let all = format!("{before} {parameters}");
    set(submit, "sparkSubmitParameters", all.into());
}
