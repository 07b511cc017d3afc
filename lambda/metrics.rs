//! Metrics in CloudWatch's embedded format: lines of the log that CloudWatch reads as numbers.
//!
//! Source: CloudWatch User Guide, "Specification: Embedded metric format".

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lineward::collect::CallCounts;
use lineward::report::{ApplicationRow, Notification, Report};
use serde_json::{Map, Value, json};

const NAMESPACE: &str = "Lineward";

/// How old an application must be that only a scan has found, before it says that its events are missing.
const EVENTS_TAKE: SignedDuration = SignedDuration::from_hours(1);

/// What a run over the whole organization came to.
pub(crate) fn of_run(report: &Report, now: Timestamp) {
    let summary = &report.summary;
    let failed =
        |row: &&lineward::report::ScopeRow| row.outcome == lineward::estate::ScopeState::Failed;
    let gaps = report.coverage.scopes.iter().filter(failed).count();
    let mut values = vec![
        ("Runs", "Count", json!(1)),
        (
            "CompleteRuns",
            "Count",
            json!(u8::from(report.run.complete)),
        ),
        ("Applications", "Count", json!(summary.applications)),
        ("Gaps", "Count", json!(gaps)),
    ];
    if let Some(count) = new_by_scan_only(&report.applications, now) {
        values.push(("NewByScanOnly", "Count", json!(count)));
    }
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

/// How many applications are old enough that events should have told of them, and are new to a scan. To the first
/// scan all are new, which says nothing of events.
fn new_by_scan_only(applications: &[ApplicationRow], now: Timestamp) -> Option<usize> {
    let is_first = applications.iter().all(|row| row.new);
    let is_old = |created: Timestamp| now.duration_since(created) > EVENTS_TAKE;
    let missed = applications
        .iter()
        .filter(|row| row.new && row.created_at.is_some_and(is_old));
    (!is_first).then(|| missed.count())
}

/// How many hours ago the last scan of everything began that an event is compared with.
pub(crate) fn of_ledger(run: &str, scanned_at: Timestamp, now: Timestamp) {
    let hours = now.duration_since(scanned_at).as_secs_f64() / 3600.0;
    emit(run, &[], &[("LedgerHours", "None", json!(hours))]);
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
    // Lambda's JSON format asks for these two in each line.
    fields.insert("timestamp".into(), json!(now));
    fields.insert("level".into(), json!("INFO"));
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

    fn application(new: bool, created_at: Option<&str>) -> ApplicationRow {
        let row = json!({
            "arn": "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1", "account": "111122223333",
            "region": "eu-west-1", "id": "00f1", "name": "", "release_label": "", "team": null, "new": new,
            "created_at": created_at, "first_seen_at": "2026-11-23T12:00:00Z", "compliant": true, "lineage": "unknown",
        });
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn a_scan_misses_events_only_of_what_is_old_and_new_to_it() {
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        let count = |rows: &[ApplicationRow]| new_by_scan_only(rows, now);
        let known = application(false, Some("2026-11-01T00:00:00Z"));
        let missed = application(true, Some("2026-11-23T10:30:00Z"));
        let fresh = application(true, Some("2026-11-23T11:30:00Z"));
        let unread = application(true, None);
        assert_eq!(
            count(&[known.clone(), missed.clone(), fresh, unread]),
            Some(1)
        );
        assert_eq!(count(&[known]), Some(0));
        // To the first scan all are new.
        assert_eq!(count(&[missed]), None);
        assert_eq!(count(&[]), None);
    }

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
        assert_eq!(line["timestamp"], "1970-01-01T00:00:00Z");
        assert_eq!(line["level"], "INFO");
    }
}
