//! What a run leaves behind, for those who come later: PagerDuty told of a saved report, and rows of history.

use std::io::Read as _;

use lineward_sandbox::{Options, PagerDutyFault};
use serde_json::Value;

use crate::harness::Bed;

fn whole() -> Options {
    Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    }
}

/// The one object of a table.
fn rows(bed: &Bed, table: &str, run: &Value) -> Vec<Value> {
    let day = &run["started_at"].as_str().unwrap()[..10];
    let id = run["id"].as_str().unwrap();
    let path = format!("lineward-data/{table}/dt={day}/run={id}/part-0.jsonl.gz");
    let file = std::fs::File::open(bed.path().join(path)).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_saved_report_is_told_as_its_run_would_have() {
    let bed = Bed::new(whole());
    let run = bed.run(&["audit", "--format", "json", "--output", "report.json"]);
    assert_eq!((run.code, bed.sandbox.pagerduty().requests), (1, 0));
    let dry = bed.run(&["notify", "--report", "report.json", "--dry-run"]);
    let events: Vec<Value> = dry
        .stdout
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!((dry.code, bed.sandbox.pagerduty().requests), (0, 0));
    assert!(events.len() > 10 && events[0]["routing_key"] == "env:KEY");
    assert!(!dry.stdout.contains(crate::harness::KEY));

    bed.sandbox.fail_pagerduty(PagerDutyFault::Status(400), 1);
    let sent = bed.run(&["notify", "--report", "report.json"]);
    assert_eq!(sent.code, 3, "{}", sent.stderr);
    let sent = bed.run(&["notify", "--report", "report.json"]);
    assert!(
        sent.stderr.contains("1 updated") || sent.stderr.contains("1 opened"),
        "{}",
        sent.stderr
    );
    let keys = |values: Vec<String>| {
        values
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
    };
    let told = bed
        .sandbox
        .pagerduty()
        .incidents
        .into_iter()
        .map(|it| it.dedup_key)
        .collect();
    let planned = events
        .iter()
        .map(|it| it["dedup_key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(keys(told), keys(planned));

    // The run itself has nothing left to tell, and the report is old news then.
    let before = bed.sandbox.pagerduty().events.len();
    bed.audit(&["--notify"]);
    assert_eq!(bed.sandbox.pagerduty().events.len(), before);
    let stale = bed.run(&["notify", "--report", "report.json"]);
    assert_eq!(stale.code, 2);
    assert!(
        stale.stderr.contains("a run after this report"),
        "{}",
        stale.stderr
    );
}

#[test]
fn what_is_no_report_is_refused() {
    let bed = Bed::new(whole());
    for (text, expected) in [
        ("", "EOF"),
        ("{\"schema\":\"x\"}", "missing field"),
        ("[]", "expected"),
    ] {
        std::fs::write(bed.path().join("report.json"), text).unwrap();
        let run = bed.run(&["notify", "--report", "report.json"]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}

#[test]
fn history_has_the_rows_of_the_report() {
    let bed = Bed::new(Options {
        denied: 1,
        ..whole()
    });
    let (_, report) = bed.audit(&["--notify"]);
    let run = &report["run"];
    for (table, list) in [("findings", "findings"), ("applications", "applications")] {
        assert_eq!(
            rows(&bed, table, run).len(),
            report[list].as_array().unwrap().len()
        );
    }
    let scopes = report["coverage"]["scopes"].as_array().unwrap().len();
    assert_eq!(rows(&bed, "coverage", run).len(), scopes);
    let runs = rows(&bed, "runs", run);
    assert_eq!(runs[0]["applications"], report["summary"]["applications"]);
    assert_eq!(runs[0]["accounts_failed"], 1);
    // The stored report says what was told.
    let day = &run["started_at"].as_str().unwrap()[..10];
    let path = format!(
        "lineward-data/reports/dt={day}/run={}.json",
        run["id"].as_str().unwrap()
    );
    let stored = std::fs::read_to_string(bed.path().join(path)).unwrap();
    let stored: Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(stored["notification"], report["notification"]);
    assert!(stored["notification"]["opened"].as_u64().unwrap() > 0);
}
