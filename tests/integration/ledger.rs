//! What changed since the last run.

use std::time::Duration;

use lineward_sandbox::{Fault, IncidentState, Options};
use serde_json::Value;

use crate::harness::{Bed, application_id, count, found, rows, timeless};

fn whole() -> Options {
    Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    }
}

/// The id of an application with this rule's fault.
fn faulty(bed: &Bed, rule: &str) -> String {
    let row = bed
        .planted()
        .into_iter()
        .find(|row| row[0] == rule)
        .unwrap();
    application_id(&row[4]).to_owned()
}

#[test]
fn findings_are_new_then_ongoing_then_resolved() {
    let bed = Bed::new(whole());
    let (_, first) = bed.audit(&[]);
    let all = first["findings"].as_array().unwrap().len();
    assert_eq!(count(&first, "new"), all);
    assert_eq!(
        first["summary"]["new_applications"],
        first["summary"]["applications"]
    );

    let (_, second) = bed.audit(&[]);
    assert_eq!(count(&second, "ongoing"), all);
    assert_eq!(second["summary"]["new_applications"], 0);
    let first_seen = |report: &Value| report["findings"][0]["first_seen_at"].clone();
    assert_eq!(first_seen(&first), first_seen(&second));
    assert_eq!(timeless(&first), timeless(&second));

    let id = faulty(&bed, "spline-disabled");
    bed.sandbox.mend(&id);
    let (_, third) = bed.audit(&[]);
    assert_eq!(
        (count(&third, "ongoing"), count(&third, "resolved")),
        (all - 1, 1)
    );
    let (_, fourth) = bed.audit(&[]);
    assert_eq!(
        (count(&fourth, "ongoing"), count(&fourth, "resolved")),
        (all - 1, 0)
    );

    assert!(bed.sandbox.plant(&id, Fault::Disabled));
    let (_, fifth) = bed.audit(&[]);
    assert_eq!(
        (count(&fifth, "ongoing"), count(&fifth, "new")),
        (all - 1, 1)
    );
}

#[test]
fn a_new_application_is_new_once_and_a_deleted_one_resolves_its_findings() {
    let bed = Bed::new(whole());
    bed.audit(&[]);
    let options = whole();
    let id = bed.sandbox.update(|organization| {
        let account = organization.auditor_account.clone();
        organization
            .create_application(&account, "us-east-1", &options)
            .unwrap()
    });
    assert!(bed.sandbox.plant(&id, Fault::AgentGone));
    let is_new = |report: &Value| {
        let rows = report["applications"].as_array().unwrap().iter();
        let new: Vec<_> = rows
            .filter(|row| row["new"] == true)
            .map(|row| row["id"].clone())
            .collect();
        new
    };
    let (_, second) = bed.audit(&[]);
    assert_eq!(is_new(&second), [Value::from(id.as_str())]);
    let (_, third) = bed.audit(&[]);
    assert_eq!(is_new(&third), Vec::<Value>::new());
    bed.sandbox
        .update(|organization| organization.delete_application(&id));
    let (_, fourth) = bed.audit(&[]);
    assert_eq!(count(&fourth, "resolved"), 1);
    let mentions = |report: &Value| report["applications"].to_string().contains(&id);
    assert!(mentions(&third) && !mentions(&fourth));
}

#[test]
fn what_a_run_did_not_look_at_is_unseen_and_never_resolved() {
    let bed = Bed::new(whole());
    let (_, all) = bed.audit(&[]);
    let total = all["findings"].as_array().unwrap().len();
    let account = rows(&all).next().unwrap()["account"]
        .as_str()
        .unwrap()
        .to_owned();
    let here = rows(&all)
        .filter(|row| row["account"] == account.as_str())
        .count();

    let (_, narrow) = bed.audit(&["--account", &account]);
    assert_eq!(
        (count(&narrow, "ongoing"), count(&narrow, "unseen")),
        (here, 0)
    );
    assert_eq!(narrow["summary"]["outside_selection"], total - here);
    assert_eq!(count(&narrow, "resolved"), 0);

    bed.sandbox.update(|organization| {
        organization.accounts.get_mut(&account).unwrap().access =
            lineward_sandbox::Access::AssumeDenied;
    });
    let (code, denied) = bed.audit(&[]);
    let unseen =
        rows(&denied).filter(|row| row["status"] == "unseen" && row["account"] == account.as_str());
    assert_eq!(
        (code, unseen.count(), count(&denied, "resolved")),
        (3, here, 0)
    );

    bed.sandbox.update(|organization| {
        organization.accounts.get_mut(&account).unwrap().access = lineward_sandbox::Access::Open;
    });
    let (_, again) = bed.audit(&[]);
    assert_eq!(
        (count(&again, "ongoing"), count(&again, "resolved")),
        (total, 1)
    );
    assert_eq!(found(&again), bed.planted());
}

#[test]
fn a_killed_run_may_be_run_again() {
    let bed = Bed::new(Options {
        latency_ms: 20,
        ..whole()
    });
    for after in [50, 120, 250, 400, 600] {
        let mut child = bed.command(&["audit", "--notify"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(after));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (_, report) = bed.audit(&["--notify"]);
    assert_eq!(found(&report), bed.planted());
    let incidents = bed.sandbox.pagerduty().incidents;
    let mut keys: Vec<_> = incidents
        .iter()
        .map(|incident| &incident.dedup_key)
        .collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), incidents.len(), "an incident was opened twice");
}

#[test]
fn a_fault_that_is_mended_after_a_killed_run_has_its_incident_resolved() {
    let bed = Bed::new(whole());
    bed.audit(&["--notify"]);
    // As if the run had been killed after PagerDuty took its events.
    let ledger = bed.path().join("lineward-data/ledger");
    std::fs::remove_dir_all(ledger.join("gen=0000000002")).unwrap();
    let id = faulty(&bed, "spline-disabled");
    bed.sandbox.mend(&id);
    let account = bed.planted().into_iter().next().unwrap()[2].clone();
    bed.audit(&["--notify", "--account", &account]);
    bed.audit(&["--notify"]);
    let incidents = bed.sandbox.pagerduty().incidents;
    let resolved = incidents
        .iter()
        .filter(|incident| incident.state == IncidentState::Resolved);
    assert_eq!(resolved.count(), 1);
    assert!(incidents.iter().all(|incident| incident.triggers <= 2));
}

#[test]
fn a_corrupt_ledger_stops_the_run_before_it_calls_anybody_and_stays() {
    let bed = Bed::new(whole());
    bed.audit(&[]);
    let ledger = bed
        .path()
        .join("lineward-data/ledger/gen=0000000001/ledger.json.zst");
    std::fs::write(&ledger, "rubbish").unwrap();
    bed.sandbox.reset_calls();
    let run = bed.run(&["audit"]);
    assert_eq!((run.code, bed.sandbox.calls().total), (4, 0));
    assert!(run.stderr.contains("can't be read"), "{}", run.stderr);
    assert_eq!(std::fs::read_to_string(&ledger).unwrap(), "rubbish");
}

#[test]
fn runs_at_once_lose_nothing() {
    let bed = Bed::new(whole());
    let children: Vec<_> = (0..4)
        .map(|_| {
            bed.command(&["audit", "--format", "json"])
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert_eq!(child.wait().unwrap().code(), Some(1));
    }
    let (_, report) = bed.audit(&[]);
    assert_eq!(
        count(&report, "ongoing"),
        report["findings"].as_array().unwrap().len()
    );
    assert_eq!(report["summary"]["new_applications"], 0);
}

/// Dates all that a run's own clock has dated in the newest ledger from a year to come.
fn date_from_the_future(bed: &Bed) {
    let folder = bed.path().join("lineward-data/ledger");
    let folders = std::fs::read_dir(folder).unwrap();
    let newest = folders.map(|entry| entry.unwrap().path()).max().unwrap();
    let path = newest.join("ledger.json.zst");
    let text = zstd::decode_all(std::fs::File::open(&path).unwrap()).unwrap();
    let mut ledger: Value = serde_json::from_slice(&text).unwrap();
    for key in ["updated_at", "scanned_at"] {
        ledger[key] = "2999-01-01T00:00:00Z".into();
    }
    for table in ["applications", "findings"] {
        for row in ledger[table].as_object_mut().unwrap().values_mut() {
            for key in ["first_seen_at", "last_seen_at"] {
                row[key] = "2999-01-01T00:00:00Z".into();
            }
        }
    }
    let text = serde_json::to_vec(&ledger).unwrap();
    std::fs::write(&path, zstd::encode_all(&*text, 0).unwrap()).unwrap();
}

#[test]
fn a_ledger_of_the_future_silences_no_run() {
    let bed = Bed::new(whole());
    bed.audit(&[]);
    date_from_the_future(&bed);
    bed.sandbox.mend(&faulty(&bed, "spline-disabled"));
    let run = bed.run(&["audit", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let resolved = rows(&report).filter(|row| row["status"] == "resolved");
    let resolved: Vec<_> = resolved
        .map(|row| (&row["rule"], &row["resource"]))
        .collect();
    assert_eq!((run.code, resolved.len()), (3, 1), "{resolved:?}");
    assert!(run.stderr.contains("yet to come"), "{}", run.stderr);
    // From then on it is dated as it should be.
    let (code, report) = bed.audit(&[]);
    assert_eq!((code, count(&report, "resolved")), (1, 0));
    assert_eq!((count(&report, "new"), found(&report)), (0, bed.planted()));
}
