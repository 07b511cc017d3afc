//! Faults that job runs and sessions carry.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Fault;
use crate::field::{created_at, set, text};
use crate::generate::job_runs;
use crate::organization::Application;
use crate::random::Random;

/// Makes all runs those of one job, two at least, and breaks each in this way.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each place acts on a few of many faults"
)]
pub(super) fn plant(fault: Fault, application: &mut Application, now: Timestamp) {
    fill(application, now, job_runs::job_run, |it| &mut it.job_runs);
    for run in application.job_runs.values_mut() {
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

/// Makes all sessions those of one name, two at least, with a `spark-defaults` of their own.
pub(super) fn plant_in_sessions(application: &mut Application, now: Timestamp) {
    fill(application, now, job_runs::session, |it| &mut it.sessions);
    for session in application.sessions.values_mut() {
        set(session, "name", "broken-notebook".into());
        let memory = json!({ "spark.executor.memory": "8g" });
        let defaults = json!({ "classification": "spark-defaults", "properties": memory });
        let overrides = json!({ "runtimeConfiguration": [defaults] });
        set(session, "configurationOverrides", overrides);
    }
}

/// Makes up what is missing of two, and leaves no doubt which was created last.
fn fill(
    application: &mut Application,
    now: Timestamp,
    make: fn(&Value, Timestamp, usize, &mut Random) -> (String, Value),
    held: fn(&mut Application) -> &mut BTreeMap<String, Value>,
) {
    let id = application.text("applicationId").bytes();
    let seed = id.fold(0, |seed: u64, byte| seed.rotate_left(5) ^ u64::from(byte));
    let mut random = Random::new(seed);
    for turn in held(application).len()..2 {
        let (id, value) = make(&application.detail, now, turn, &mut random);
        held(application).insert(id, value);
    }
    let mut all: Vec<_> = held(application).values_mut().collect();
    all.sort_by(|a, b| created_at(b).total_cmp(&created_at(a)));
    let mut before = f64::INFINITY;
    for one in all {
        // Created a minute before the next at least.
        before = created_at(one).min(before - 60.0);
        set(one, "createdAt", before.into());
    }
}

fn add(submit: &mut Value, parameters: &str) {
    let before = text(submit, "sparkSubmitParameters");
    let all = format!("{before} {parameters}");
    set(submit, "sparkSubmitParameters", all.into());
}
