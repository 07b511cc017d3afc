//! A run over a part says nothing of the rest, and a run over what isn't there is none.

use lineward_sandbox::Options;
use serde_json::json;

use crate::harness::{Bed, application_id, count, rows};

fn bed() -> Bed {
    Bed::new(Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    })
}

/// The account and the Region of a planted fault.
fn place(bed: &Bed) -> [String; 2] {
    let row = bed.planted().into_iter().next().unwrap();
    [row[2].clone(), row[3].clone()]
}

#[test]
fn what_lies_outside_is_counted_and_left_out() {
    let bed = bed();
    let (_, whole) = bed.audit(&["--notify"]);
    let events = bed.sandbox.pagerduty().events.len();
    let [account, region] = place(&bed);
    let application = rows(&whole)
        .map(|row| row["resource"].as_str().unwrap())
        .find(|arn| arn.contains("/applications/"));
    let id = application_id(application.unwrap());
    for (flag, value, key) in [
        ("--account", account.as_str(), "account"),
        ("--region", region.as_str(), "region"),
        ("--application", id, "resource"),
    ] {
        let (_, narrow) = bed.audit(&["--notify", flag, value]);
        assert_eq!(count(&narrow, "unseen"), 0, "{flag}");
        let all = rows(&narrow).count();
        assert!(all > 0, "{flag}");
        let is_inside = |row: &serde_json::Value| {
            let place = row[key].as_str().unwrap();
            place.contains(value) || place == "global"
        };
        assert!(rows(&narrow).all(is_inside), "{flag}");
        let outside = rows(&whole).count() - all;
        assert_eq!(narrow["summary"]["outside_selection"], outside, "{flag}");
        let listed = &narrow["run"]["selection"][format!("{}s", flag.trim_start_matches('-'))];
        assert_eq!(*listed, json!([value]));
        let table = bed.run(&["audit", flag, value]).stdout;
        let line = format!("left out: {outside} known findings beyond what was asked for");
        assert!(table.contains(&line), "{table}");
    }
    // Nothing of it is news to anybody.
    assert_eq!(bed.sandbox.pagerduty().events.len(), events);
    let (_, again) = bed.audit(&["--notify"]);
    assert_eq!(count(&again, "ongoing"), rows(&whole).count());
    assert_eq!(again["summary"]["outside_selection"], 0);
    assert_eq!(bed.sandbox.pagerduty().events.len(), events);
}

#[test]
fn what_is_not_there_is_a_mistake_and_leaves_no_trace() {
    let bed = bed();
    let [account, _] = place(&bed);
    // The last digit is another.
    let mut typo = account.clone();
    typo.pop();
    let typo = ('0'..='9')
        .map(|digit| format!("{typo}{digit}"))
        .find(|it| {
            bed.sandbox
                .view(|organization| !organization.accounts.contains_key(it))
        });
    let typo = typo.unwrap();
    for (flag, value, told) in [
        (
            "--account",
            typo.as_str(),
            format!("account {typo} is not in the organization; did you mean `"),
        ),
        (
            "--account",
            "999999999999",
            "account 999999999999 is not in the organization".into(),
        ),
        (
            "--region",
            "eu-wset-1",
            "there is no Region `eu-wset-1`; did you mean `eu-west-1`?".into(),
        ),
    ] {
        for command in [&["audit", "--notify"][..], &["collect", "-o", "x.jsonl"]] {
            let run = bed.run(&[command, &[flag, value]].concat());
            assert_eq!(run.code, 2, "{value}: {}", run.stderr);
            assert!(run.stderr.contains(&told), "{}", run.stderr);
            assert_eq!(run.stdout, "");
        }
    }
    let ledgers = bed.path().join("lineward-data/state");
    assert!(!ledgers.exists() || std::fs::read_dir(ledgers).unwrap().next().is_none());
    assert!(!bed.path().join("x.jsonl").exists());
    assert_eq!(bed.sandbox.pagerduty().requests, 0);
}

#[test]
fn a_snapshot_remembers_what_it_was_narrowed_to() {
    let bed = bed();
    bed.audit(&[]);
    let [account, _] = place(&bed);
    assert!(
        bed.run(&["collect", "-o", "x.jsonl.zst", "--account", &account])
            .code
            < 2
    );
    let (_, report) = bed.audit(&["--estate", "x.jsonl.zst"]);
    assert_eq!(count(&report, "unseen"), 0);
    assert_eq!(report["run"]["selection"]["accounts"], json!([account]));
}
