//! Job runs and sessions of an application, of its own team and within its configuration.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::applications::epoch;
use crate::field::{set, text};
use crate::random::Random;

/// Whose an application is, as it says itself.
struct Owner<'a> {
    region: &'a str,
    account: &'a str,
    team: &'a str,
}

impl<'a> Owner<'a> {
    fn of(application: &'a Value) -> Self {
        let mut parts = text(application, "arn").split(':').skip(3);
        let tags = application.get("tags");
        Self {
            region: parts.next().unwrap_or_default(),
            account: parts.next().unwrap_or_default(),
            team: tags.map_or("", |tags| text(tags, "Team")),
        }
    }
}

/// A job run of the last 24 hours, with its id, as `GetJobRun` tells it.
pub(crate) fn job_run(
    application: &Value,
    now: Timestamp,
    turn: usize,
    random: &mut Random,
) -> (String, Value) {
    let id = format!("00g{}", random.alphanumeric(13));
    let owner = Owner::of(application);
    let Owner { account, team, .. } = owner;
    let name = format!("{}-{turn}", text(application, "name"));
    let minutes = i64::try_from(20 + random.below(23 * 60)).unwrap_or(20);
    let created = now - SignedDuration::from_mins(minutes);
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
        "configurationOverrides": overrides(&owner),
        "jobDriver": driver(&owner, application, &name, turn),
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
fn overrides(owner: &Owner<'_>) -> Value {
    let logs = format!("s3://example-{}-{}-logs/runs/", owner.account, owner.region);
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

fn driver(owner: &Owner<'_>, application: &Value, job: &str, turn: usize) -> Value {
    let team = owner.team;
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
pub(crate) fn session(
    application: &Value,
    now: Timestamp,
    turn: usize,
    random: &mut Random,
) -> (String, Value) {
    let id = format!("00h{}", random.alphanumeric(13));
    let Owner { account, team, .. } = Owner::of(application);
    let created = now - SignedDuration::from_mins(i64::try_from(random.below(240)).unwrap_or(0));
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
