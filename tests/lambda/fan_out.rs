//! Plan, scan and finish come to what one process comes to.

use std::path::Path;
use std::time::Duration;

use lineward_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::bed::{configuration, invoke, report, start};
use crate::runtime_api::{Answer, RuntimeApi};

/// An organization of several batches.
fn sandbox() -> Sandbox {
    Sandbox::start(Options {
        accounts: 60,
        applications: 90,
        ..Options::default()
    })
    .unwrap()
}

/// The plan of a fan-out: its run and its items.
fn plan(sandbox: &Sandbox, folder: &Path) -> (Value, Vec<Value>) {
    let configuration = configuration(sandbox, folder);
    let planned = invoke(sandbox, folder, &configuration, &json!({ "task": "plan" }));
    let text = std::fs::read_to_string(planned["key"].as_str().unwrap()).unwrap();
    let items: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(planned["batches"].as_u64(), Some(items.len() as u64));
    assert!(items.len() > 1);
    (planned["run"].clone(), items)
}

/// A report without what a clock, a run's id or the way of the run puts into it.
fn timeless(mut report: Value) -> Value {
    for key in ["run", "notification"] {
        report[key] = Value::Null;
    }
    for list in ["findings", "applications"] {
        for row in report[list].as_array_mut().unwrap() {
            for key in ["first_seen_at", "last_seen_at"] {
                row.as_object_mut().unwrap().remove(key);
            }
        }
    }
    report
}

#[test]
fn a_fan_out_finds_what_one_process_finds() {
    let sandbox = sandbox();
    let (one, many) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let alone = configuration(&sandbox, one.path());
    let alone = report(&invoke(&sandbox, one.path(), &alone, &json!({})));
    let incidents = |sandbox: &Sandbox| {
        let incidents = sandbox.pagerduty().incidents.into_iter();
        let mut keys: Vec<_> = incidents.map(|it| (it.dedup_key, it.summary)).collect();
        keys.sort_unstable();
        keys
    };
    let alone_told = incidents(&sandbox);
    sandbox.reset_pagerduty();

    let configuration = configuration(&sandbox, many.path());
    let (run, items) = plan(&sandbox, many.path());
    let scan = |item: &Value| invoke(&sandbox, many.path(), &configuration, item);
    for item in items.iter().rev() {
        assert_eq!(scan(item)["written"], true);
    }
    // One that is invoked twice does no harm.
    assert_eq!(scan(&items[0])["written"], false);
    let finish = json!({ "task": "finish", "run": run });
    let answer = invoke(&sandbox, many.path(), &configuration, &finish);
    let parted = report(&answer);
    assert_eq!(parted["run"]["trigger"], "fan-out");
    assert_eq!(timeless(parted.clone()), timeless(alone));
    assert_eq!(incidents(&sandbox), alone_told);

    // Nor does a finish.
    let events = sandbox.pagerduty().events.len();
    let again = invoke(&sandbox, many.path(), &configuration, &finish);
    assert_eq!(report(&again), parted);
    assert_eq!(sandbox.pagerduty().events.len(), events);
}

#[test]
fn a_shard_that_is_missing_is_a_gap_of_each_of_its_accounts() {
    let sandbox = sandbox();
    let folder = tempfile::tempdir().unwrap();
    let configuration = configuration(&sandbox, folder.path());
    let whole = report(&invoke(&sandbox, folder.path(), &configuration, &json!({})));
    let (run, items) = plan(&sandbox, folder.path());
    for item in &items[1..] {
        invoke(&sandbox, folder.path(), &configuration, item);
    }
    let finish = json!({ "task": "finish", "run": run });
    let answer = invoke(&sandbox, folder.path(), &configuration, &finish);
    assert_eq!(answer["complete"], false);
    let report = report(&answer);
    let lost = items[0]["accounts"].as_array().unwrap();
    let scopes = report["coverage"]["scopes"].as_array().unwrap();
    let missing = scopes.iter().filter(|it| it["code"] == "ShardMissing");
    assert_eq!(missing.count(), lost.len());
    // An account that was denied before is now as unknown as the others.
    let of_lost =
        |row: &&Value| lost.contains(&row["account"]) && row["rule"] != "account-unreachable";
    let rows = |report: &Value, status: &str| {
        let rows = report["findings"].as_array().unwrap().iter();
        rows.filter(of_lost)
            .filter(|row| row["status"] == status)
            .count()
    };
    assert!(rows(&whole, "new") > 0);
    assert_eq!(
        (rows(&report, "unseen"), rows(&report, "resolved")),
        (rows(&whole, "new"), 0)
    );
    assert_eq!(answer["notification"]["resolved"], 0);
}

/// The error type of a finish that fails.
fn refused(sandbox: &Sandbox, folder: &Path, configuration: &str, run: &Value) -> Value {
    let api = RuntimeApi::start();
    let _bootstrap = start(&api, sandbox, folder, configuration);
    let event = json!({ "task": "finish", "run": run });
    match api.invoke(&event, Duration::from_secs(30)) {
        Answer::Error(error) => error["errorType"].clone(),
        Answer::Response(answer) => panic!("{answer}"),
    }
}

#[test]
fn what_names_no_run_is_refused() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let configuration = configuration(&sandbox, folder.path());
    for run in ["../../etc", "01a20974-a0c8-72fd-b990-61d5c04e11c4"] {
        let error = refused(&sandbox, folder.path(), &configuration, &json!(run));
        assert_eq!(error, "Lineward.Plan");
    }
}

#[test]
fn without_the_list_of_accounts_nothing_is_finished() {
    let sandbox = sandbox();
    let folder = tempfile::tempdir().unwrap();
    let configuration = configuration(&sandbox, folder.path());
    let (run, _) = plan(&sandbox, folder.path());
    let of_run = format!("data/fan-out/run={}", run.as_str().unwrap());
    std::fs::remove_file(folder.path().join(of_run).join("accounts.jsonl.zst")).unwrap();
    let error = refused(&sandbox, folder.path(), &configuration, &run);
    assert_eq!(error, "Lineward.Plan");
}

#[test]
fn a_finish_that_could_not_save_the_ledger_is_made_again_and_one_of_old_shards_is_not() {
    let sandbox = sandbox();
    let folder = tempfile::tempdir().unwrap();
    let paging = configuration(&sandbox, folder.path());
    let (silent, _) = paging.split_once("[pagerduty]").unwrap();
    let (run, items) = plan(&sandbox, folder.path());
    for item in &items {
        invoke(&sandbox, folder.path(), silent, item);
    }
    let finish = json!({ "task": "finish", "run": run });
    invoke(&sandbox, folder.path(), silent, &finish);
    // As if the report had been saved, and then the store had failed.
    let ledger = folder.path().join("data/ledger");
    std::fs::remove_dir_all(&ledger).unwrap();
    invoke(&sandbox, folder.path(), silent, &finish);
    assert!(ledger.join("gen=0000000001").exists());

    let answer = invoke(&sandbox, folder.path(), silent, &json!({}));
    assert_eq!(answer["new_applications"], 0);
    // Somebody else has looked since. What that run knows to be mended is not to page anybody.
    let error = refused(&sandbox, folder.path(), &paging, &run);
    assert_eq!(error, "Lineward.Snapshot");
    assert_eq!(sandbox.pagerduty().requests, 0);
}
