//! Metrics in CloudWatch's embedded format: lines of the log that CloudWatch reads as numbers.
//!
//! Source: CloudWatch User Guide, "Specification: Embedded metric format".

use std::time::Duration;

use jiff::Timestamp;
use lineward::collect::CallCounts;
use lineward::report::{Notification, Report};
use serde_json::{Map, Value, json};

const NAMESPACE: &str = "Lineward";

/// What a run over the whole organization came to.
pub(crate) fn of_run(report: &Report) {
    let summary = &report.summary;
    let failed =
        |row: &&lineward::report::ScopeRow| row.outcome == lineward::estate::ScopeState::Failed;
    let gaps = report.coverage.scopes.iter().filter(failed).count();
    let mut values = vec![
        ("Runs", "Count", json!(1)),
        ("Applications", "Count", json!(summary.applications)),
        ("Gaps", "Count", json!(gaps)),
    ];
    // Without applications there is no share of them.
    if let Some(percent) = summary.lineage.organization.applications.percent {
        values.push(("LineageAdoptionPercent", "Percent", json!(percent)));
    }
    emit(&report.run.id, &[], &values);
    let findings = &summary.findings;
    for (severity, count) in [
        ("critical", findings.critical),
        ("high", findings.high),
        ("medium", findings.medium),
        ("low", findings.low),
    ] {
        let dimension = [("Severity", severity)];
        emit(
            &report.run.id,
            &dimension,
            &[("Findings", "Count", json!(count))],
        );
    }
}

/// What PagerDuty was told by a run of any kind.
pub(crate) fn of_notification(run: &str, notification: &Notification) {
    let told = notification.opened + notification.updated + notification.resolved;
    let values = [
        ("Told", "Count", json!(told)),
        ("Owed", "Count", json!(notification.owed)),
        ("Refused", "Count", json!(notification.failed)),
        ("Unroutable", "Count", json!(notification.unroutable)),
    ];
    emit(run, &[], &values);
}

/// What an invocation cost, whatever it was asked for.
pub(crate) fn of_invocation(run: &str, calls: CallCounts, took: Duration) {
    let values = [
        ("Calls", "Count", json!(calls.made)),
        ("Throttles", "Count", json!(calls.throttled)),
        ("Seconds", "Seconds", json!(took.as_secs_f64())),
    ];
    emit(run, &[], &values);
}

/// How many events came too late to be looked at.
pub(crate) fn of_events(late: usize) {
    if late > 0 {
        emit("", &[], &[("LateEvents", "Count", json!(late))]);
    }
}

fn emit(run: &str, dimensions: &[(&str, &str)], values: &[(&str, &str, Value)]) {
    let line = line(Timestamp::now(), run, dimensions, values);
    #[expect(
        clippy::print_stdout,
        reason = "CloudWatch reads metrics from standard output"
    )]
    {
        println!("{line}");
    }
}

fn line(
    now: Timestamp,
    run: &str,
    dimensions: &[(&str, &str)],
    values: &[(&str, &str, Value)],
) -> Value {
    // Of several functions in an account, each has its own numbers.
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    let dimensions = [&[("FunctionName", function.as_str())], dimensions].concat();
    let metrics: Vec<_> = values
        .iter()
        .map(|(name, unit, _)| json!({ "Name": name, "Unit": unit }))
        .collect();
    let names: Vec<_> = dimensions.iter().map(|(name, _)| name).collect();
    let mut fields = Map::new();
    fields.insert(
        "_aws".into(),
        json!({
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [names], "Metrics": metrics }],
        }),
    );
    fields.insert("run".into(), json!(run));
    for (name, value) in dimensions {
        fields.insert((*name).into(), json!(value));
    }
    for (name, _, value) in values {
        fields.insert((*name).into(), value.clone());
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_what_its_head_names() {
        let values = [("Findings", "Count", json!(3))];
        let line = line(Timestamp::UNIX_EPOCH, "r", &[("Severity", "high")], &values);
        let head = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(head["Namespace"], "Lineward");
        assert_eq!(head["Dimensions"], json!([["FunctionName", "Severity"]]));
        assert_eq!(
            head["Metrics"],
            json!([{ "Name": "Findings", "Unit": "Count" }])
        );
        assert_eq!(
            (&line["Severity"], &line["Findings"]),
            (&json!("high"), &json!(3))
        );
        assert_eq!(line["_aws"]["Timestamp"], 0);
    }
}
