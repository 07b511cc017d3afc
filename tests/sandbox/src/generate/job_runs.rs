//! Job runs and sessions of an application, of its own team and within its configuration.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::applications::{Maker, epoch};
use crate::field::set;
use crate::field::text;
use crate::random::Random;

/// A job run of the last 24 hours, with its id, as `GetJobRun` tells it.
pub(super) fn job_run(
    maker: &Maker<'_>,
    application: &Value,
    turn: usize,
    random: &mut Random,
) -> (String, Value) {
    let id = format!("00g{}", random.alphanumeric(13));
    let (account, team) = (&maker.account.id, &maker.account.team);
    let name = format!("{}-{turn}", text(application, "name"));
    let minutes = i64::try_from(20 + random.below(23 * 60)).unwrap_or(20);
    let created = maker.now - SignedDuration::from_mins(minutes);
    let started = created + SignedDuration::from_secs(70);
    let ended = started + SignedDuration::from_mins(minutes / 2);
    let state = if turn % 7 == 6 { "FAILED" } else { "SUCCESS" };
    let mut run = json!({
        "applicationId": text(application, "applicationId"),
        "jobRunId": id,
        "name": name,
        "arn": format!("{}/jobruns/{id}", text(application, "arn")),
        "createdBy": format!("arn:aws:sts::{account}:assumed-role/{team}-emr-role/airflow"),
        "createdAt": epoch(created),
        "updatedAt": epoch(ended),
        "startedAt": epoch(started),
        "endedAt": epoch(ended),
        "executionRole": format!("arn:aws:iam::{account}:role/{team}-execution-role"),
        "state": state,
        "stateDetails": "completed",
        "releaseLabel": text(application, "releaseLabel"),
        "configurationOverrides": overrides(maker),
        "jobDriver": driver(maker, application, &name, turn),
        "tags": { "Team": team, "Owner": format!("{team}-oncall"), "Workflow": name },
        "mode": "BATCH",
        "attempt": 1,
        "attemptCreatedAt": epoch(created),
        "attemptUpdatedAt": epoch(ended),
        "executionTimeoutMinutes": 120,
        "retryPolicy": { "maxAttempts": 2 },
        "totalExecutionDurationSeconds": minutes * 30,
        "totalResourceUtilization": { "vCPUHour": 3.5, "memoryGBHour": 14.0, "storageGBHour": 0.0 },
        "billedResourceUtilization": { "vCPUHour": 3.5, "memoryGBHour": 14.0, "storageGBHour": 0.0 },
    });
    if let Some(network) = application.get("networkConfiguration") {
        set(&mut run, "networkConfiguration", network.clone());
    }
    (id, run)
}

/// Overrides that leave the application's `spark-defaults` alone.
fn overrides(maker: &Maker<'_>) -> Value {
    let logs = format!(
        "s3://example-{}-{}-logs/runs/",
        maker.account.id, maker.region
    );
    let managed = json!({ "enabled": true });
    json!({
        "applicationConfiguration": [
            { "classification": "spark-driver-log4j2", "properties": { "rootLogger.level": "warn" } },
        ],
        "monitoringConfiguration": {
            "s3MonitoringConfiguration": { "logUri": logs },
            "managedPersistenceMonitoringConfiguration": managed,
        },
    })
}

fn driver(maker: &Maker<'_>, application: &Value, job: &str, turn: usize) -> Value {
    let team = &maker.account.team;
    if text(application, "type") == "Hive" {
        let query = format!("s3://example-{team}-artifacts/{job}/1/1.4/1.4.{turn}/query.sql");
        return json!({ "hive": { "query": query, "parameters": "--hiveconf hive.exec.scratchdir=/tmp" } });
    }
    json!({ "sparkSubmit": {
        "entryPoint": format!("s3://example-{team}-artifacts/{job}/1.4.{turn}/app.jar"),
        "entryPointArguments": ["--date", "2026-11-22", "--table", format!("{team}.events")],
        "sparkSubmitParameters": format!(
            "--class com.example.{team}.Main --conf spark.executor.cores=4 --conf spark.executor.memory=16g"
        ),
    } })
}

/// A session, with its id, as `GetSession` tells it.
pub(super) fn session(
    maker: &Maker<'_>,
    application: &Value,
    turn: usize,
    random: &mut Random,
) -> (String, Value) {
    let id = format!("00h{}", random.alphanumeric(13));
    let (account, team) = (&maker.account.id, &maker.account.team);
    let created =
        maker.now - SignedDuration::from_mins(i64::try_from(random.below(240)).unwrap_or(0));
    let state = if turn.is_multiple_of(2) {
        "IDLE"
    } else {
        "TERMINATED"
    };
    let mut session = json!({
        "applicationId": text(application, "applicationId"),
        "sessionId": id,
        "arn": format!("{}/sessions/{id}", text(application, "arn")),
        "name": format!("{team}-notebook-{turn}"),
        "state": state,
        "stateDetails": "completed",
        "releaseLabel": text(application, "releaseLabel"),
        "executionRoleArn": format!("arn:aws:iam::{account}:role/{team}-execution-role"),
        "createdBy": format!("arn:aws:sts::{account}:assumed-role/{team}-emr-role/analyst"),
        "createdAt": epoch(created),
        "updatedAt": epoch(created),
        "startedAt": epoch(created),
        "configurationOverrides": { "runtimeConfiguration": [] },
        "idleTimeoutMinutes": 60,
        "tags": { "Team": team, "Owner": format!("{team}-oncall") },
    });
    let when = if state == "IDLE" {
        "idleSince"
    } else {
        "endedAt"
    };
    set(&mut session, when, epoch(created).into());
    (id, session)
}
