//! A snapshot gives the same findings as the accounts themselves.

use lineward_sandbox::Options;
use serde_json::json;

use crate::harness::{Bed, found, timeless};

#[test]
fn a_snapshot_gives_the_same_findings_as_the_live_walk() {
    let options = Options {
        refused_scopes: 4,
        denied: 1,
        ..Options::default()
    };
    let bed = Bed::new(options);
    let (_, live) = bed.audit(&["--store", "file:live"]);
    for name in ["estate.jsonl", "estate.jsonl.zst", "estate.jsonl.gz"] {
        assert_eq!(bed.run(&["collect", "-o", name]).code, 3);
        bed.sandbox.reset_calls();
        let store = format!("file:{name}-store");
        let (code, judged) = bed.audit(&["--estate", name, "--store", &store]);
        assert_eq!((code, bed.sandbox.calls().total), (3, 0));
        assert_eq!(timeless(&judged), timeless(&live));
        assert_eq!(found(&judged), bed.planted());
    }
}

#[test]
fn a_snapshot_holds_no_secret_and_keeps_references() {
    let bed = Bed::new(Options {
        accounts: 2,
        applications: 2,
        denied: 0,
        suspended: 0,
        ..Options::default()
    });
    bed.sandbox.update(|organization| {
        for account in organization.accounts.values_mut() {
            for application in account.applications.values_mut().flat_map(|region| region.values_mut()) {
                application.detail["runtimeConfiguration"][0]["properties"]["spark.db.password"] =
                    json!("hunter2-in-the-clear");
                application.detail["runtimeConfiguration"][0]["properties"]["spark.api.token"] =
                    json!("EMR.secret@kept-reference");
                for run in application.job_runs.values_mut() {
                    run["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"] =
                        json!("--conf spark.x.password=hunter2-in-the-clear --conf spark.y=AKIAIOSFODNN7EXAMPLE");
                    run["jobDriver"]["sparkSubmit"]["entryPointArguments"] =
                        json!(["--token", "hunter2-in-the-clear"]);
                }
            }
        }
    });
    bed.run(&["collect", "-o", "estate.jsonl"]);
    let estate = std::fs::read_to_string(bed.path().join("estate.jsonl")).unwrap();
    assert!(!estate.contains("hunter2") && !estate.contains("AKIAIOSFODNN7EXAMPLE"));
    assert!(estate.contains("[redacted:secret") && estate.contains("EMR.secret@kept-reference"));
    let run = bed.run(&["audit", "-vv", "--notify", "--format", "json"]);
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"));
    let events = format!("{:?}", bed.sandbox.pagerduty().events);
    assert!(!events.contains("hunter2"));
}

#[test]
fn an_old_snapshot_does_not_move_a_newer_ledger_back() {
    let bed = Bed::new(Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    });
    bed.run(&["collect", "-o", "old.jsonl"]);
    bed.audit(&[]);
    let run = bed.run(&["audit", "--estate", "old.jsonl"]);
    assert!(run.stderr.contains("ledger: left alone"), "{}", run.stderr);
    let run = bed.run(&["audit", "--estate", "old.jsonl", "--notify"]);
    assert_eq!((run.code, bed.sandbox.pagerduty().requests), (2, 0));
}
