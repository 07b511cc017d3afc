//! What lists tell of each resource: never tags or configuration.

use serde_json::{Map, Value};

/// The fields that a summary shares with the detail.
fn pick(detail: &Value, fields: &[&str]) -> Map<String, Value> {
    fields
        .iter()
        .filter_map(|field| Some(((*field).into(), detail.get(field)?.clone())))
        .collect()
}

fn renamed(mut summary: Map<String, Value>, from: &str) -> Map<String, Value> {
    if let Some(id) = summary.remove(from) {
        summary.insert("id".into(), id);
    }
    summary
}

pub(super) fn of_application(detail: &Value) -> Map<String, Value> {
    let fields = [
        "applicationId",
        "name",
        "arn",
        "releaseLabel",
        "type",
        "state",
        "stateDetails",
        "createdAt",
        "updatedAt",
        "architecture",
    ];
    renamed(pick(detail, &fields), "applicationId")
}

pub(super) fn of_job_run(detail: &Value) -> Map<String, Value> {
    let fields = [
        "applicationId",
        "jobRunId",
        "name",
        "mode",
        "arn",
        "createdBy",
        "createdAt",
        "updatedAt",
        "executionRole",
        "state",
        "stateDetails",
        "releaseLabel",
        "attempt",
        "attemptCreatedAt",
        "attemptUpdatedAt",
        "flexExecution",
    ];
    let mut summary = renamed(pick(detail, &fields), "jobRunId");
    let hive = detail.pointer("/jobDriver/hive").is_some();
    summary.insert("type".into(), if hive { "HIVE" } else { "SPARK" }.into());
    summary
}

pub(super) fn of_session(detail: &Value) -> Map<String, Value> {
    let fields = [
        "applicationId",
        "sessionId",
        "arn",
        "name",
        "state",
        "stateDetails",
        "releaseLabel",
        "executionRoleArn",
        "createdBy",
        "createdAt",
        "updatedAt",
    ];
    pick(detail, &fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_carries_no_configuration() {
        let detail = serde_json::json!({
            "applicationId": "00f1", "name": "a", "tags": { "Team": "ads" },
            "runtimeConfiguration": [],
        });
        let summary = Value::from(of_application(&detail));
        assert_eq!(summary, serde_json::json!({ "id": "00f1", "name": "a" }));
    }
}
