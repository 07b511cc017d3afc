//! Accounts join the organization, leave it, are left out, or can't be entered.

use lineward_sandbox::{IncidentState, Options};
use serde_json::Value;

use crate::harness::{Bed, count, rows};

fn options() -> Options {
    Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    }
}

fn of_account<'a>(report: &'a Value, list: &str, account: &str) -> Vec<&'a Value> {
    let key = if list == "accounts" { "id" } else { "account" };
    let rows = report[list].as_array().unwrap().iter();
    rows.filter(|row| row[key] == account).collect()
}

fn resolved(bed: &Bed) -> usize {
    let incidents = bed.sandbox.pagerduty().incidents;
    let resolved = incidents
        .iter()
        .filter(|it| it.state == IncidentState::Resolved);
    resolved.count()
}

fn scope_codes(report: &Value) -> Vec<&str> {
    let scopes = report["coverage"]["scopes"].as_array().unwrap().iter();
    scopes.map(|row| row["code"].as_str().unwrap()).collect()
}

/// A member account in which something is planted.
fn faulty(bed: &Bed) -> String {
    let own = bed.audit(&[]).1["run"]["caller"]
        .as_str()
        .unwrap()
        .to_owned();
    let rows = bed.planted().into_iter();
    let mut accounts = rows.map(|row| row[2].clone());
    accounts.find(|id| !own.contains(id.as_str())).unwrap()
}

#[test]
fn an_account_that_leaves_is_waited_for_and_then_gone() {
    let bed = Bed::new(options());
    let account = faulty(&bed);
    bed.audit(&["--notify"]);
    let lost = bed
        .sandbox
        .update(|it| it.accounts.remove(&account))
        .unwrap();

    let (code, waiting) = bed.audit(&["--notify"]);
    let past = of_account(&waiting, "findings", &account).len();
    assert!(past > 0);
    assert_eq!(
        (code, count(&waiting, "unseen"), resolved(&bed)),
        (1, past, 0)
    );
    assert_eq!(
        of_account(&waiting, "accounts", &account)[0]["outcome"],
        "not-listed"
    );
    assert_eq!(scope_codes(&waiting), ["NOT_LISTED"]);

    bed.configure("");
    let text = std::fs::read_to_string(bed.path().join("lineward.toml")).unwrap();
    let forgetful = text.replace("[organization]\n", "[organization]\nforget_after = '0s'\n");
    std::fs::write(bed.path().join("lineward.toml"), forgetful).unwrap();
    // A look at a part doesn't tell who has left.
    let other = bed
        .sandbox
        .view(|it| it.accounts.keys().next().unwrap().clone());
    let (_, narrow) = bed.audit(&["--notify", "--account", &other]);
    assert_eq!((count(&narrow, "gone"), resolved(&bed)), (0, 0));
    let (_, gone) = bed.audit(&["--notify"]);
    assert_eq!((count(&gone, "gone"), count(&gone, "unseen")), (past, 0));
    assert!(resolved(&bed) > 0);
    let events = bed.sandbox.pagerduty().events;
    let told = events.iter().filter(|it| it.action == "resolve");
    for event in told {
        let summary = event.body["payload"]["summary"].as_str().unwrap();
        assert!(
            summary.starts_with("gone: the organization lists "),
            "{summary}"
        );
    }
    let (_, after) = bed.audit(&["--notify"]);
    assert!(of_account(&after, "findings", &account).is_empty());
    assert!(of_account(&after, "accounts", &account).is_empty());

    // What comes back is new.
    bed.sandbox
        .update(|it| it.accounts.insert(account.clone(), lost));
    let (_, back) = bed.audit(&[]);
    assert_eq!(count(&back, "new"), past);
}

#[test]
fn an_account_that_has_just_joined_is_left_in_peace_for_the_grace() {
    let bed = Bed::new(options());
    let account = faulty(&bed);
    let now = jiff::Timestamp::now();
    bed.sandbox
        .update(|it| it.accounts.get_mut(&account).unwrap().joined_at = now);
    let text = std::fs::read_to_string(bed.path().join("lineward.toml")).unwrap();
    let graceful = text.replace("grace = '0s'", "grace = '15m'");
    std::fs::write(bed.path().join("lineward.toml"), graceful).unwrap();
    let (_, young) = bed.audit(&["--notify"]);
    let found = of_account(&young, "findings", &account);
    assert!(!found.is_empty());
    assert!(found.iter().all(|row| row["incident"].is_null()));
    let opened = bed.sandbox.pagerduty().incidents.len();
    assert!(opened > 0);
    let long_ago = now - jiff::SignedDuration::from_hours(1);
    bed.sandbox
        .update(|it| it.accounts.get_mut(&account).unwrap().joined_at = long_ago);
    bed.audit(&["--notify"]);
    assert!(bed.sandbox.pagerduty().incidents.len() > opened);
}

fn unreachable(report: &Value) -> Vec<&Value> {
    rows(report)
        .filter(|row| row["rule"] == "account-unreachable")
        .collect()
}

#[test]
fn most_accounts_that_are_closed_for_one_reason_are_one_incident() {
    let closed = |denied| Options {
        accounts: 10,
        denied,
        ..options()
    };
    let bed = Bed::new(closed(7));
    let (code, first) = bed.audit(&["--notify"]);
    let found = unreachable(&first);
    assert_eq!((code, found.len()), (3, 1), "{found:?}");
    let evidence = found[0]["evidence"].as_str().unwrap();
    assert!(evidence.starts_with("7 of 10 accounts"), "{evidence}");
    let failed = first["accounts"].as_array().unwrap().iter();
    let mut failed = failed.filter(|row| row["outcome"] == "failed");
    assert!(failed.all(|row| evidence.contains(row["id"].as_str().unwrap())));
    let key = &found[0]["incident"]["dedup_key"];
    assert!(key.is_string());
    let events = bed.sandbox.pagerduty().events.len();

    // A look at one of them opens no second incident, and no other word.
    let account = evidence.rsplit(", ").next().unwrap().to_owned();
    let (_, narrow) = bed.audit(&["--notify", "--account", &account]);
    assert!(unreachable(&narrow).is_empty());
    let (_, again) = bed.audit(&["--notify"]);
    assert_eq!(unreachable(&again)[0]["status"], "ongoing");
    assert_eq!(bed.sandbox.pagerduty().events.len(), events);
}

#[test]
fn a_few_closed_accounts_are_a_finding_each() {
    let bed = Bed::new(Options {
        accounts: 10,
        denied: 4,
        ..options()
    });
    assert_eq!(unreachable(&bed.audit(&[]).1).len(), 4);
}

#[test]
fn an_account_that_somebody_accepted_not_to_enter_leaves_the_run_complete() {
    let bed = Bed::new(Options {
        denied: 1,
        ..options()
    });
    bed.configure(
        "[[exemption]]\nrule = 'account-unreachable'\nresource = 'arn:aws:iam::*:root'\n\
         owner = 'ads'\nreason = 'closes soon'\nexpires = '2999-01-01'\n",
    );
    let (code, report) = bed.audit(&[]);
    assert_eq!((code, &report["run"]["complete"]), (1, &Value::Bool(true)));
    assert_eq!(unreachable(&report)[0]["status"], "exempt");
}

#[test]
fn an_exclusion_has_an_owner_a_reason_and_an_end() {
    let bed = Bed::new(options());
    let account = faulty(&bed);
    for (expires, code, outcome) in [("2999-01-01", 1, "skipped"), ("2020-01-01", 3, "failed")] {
        bed.configure(&format!(
            "[[exclude_account]]\naccount = '{account}'\nowner = 'ads'\nreason = 'a sandbox'\nexpires = '{expires}'\n"
        ));
        let (exit, report) = bed.audit(&[]);
        assert_eq!(exit, code, "{expires}");
        assert_eq!(
            of_account(&report, "accounts", &account)[0]["outcome"],
            outcome
        );
        let scopes = report["coverage"]["scopes"].to_string();
        assert!(scopes.contains("left out by ads until") && scopes.contains("a sandbox"));
    }
}

#[test]
fn a_report_proves_its_scope() {
    let bed = Bed::new(options());
    let (_, report) = bed.audit(&[]);
    let run = &report["run"];
    assert_eq!(report["schema"], "lineward/report/2");
    assert!(run["caller"].as_str().unwrap().starts_with("arn:aws:"));
    assert_eq!(run["role"], "lineward-member");
    assert_eq!(
        run["selection"]["regions"],
        serde_json::json!(["us-east-1", "eu-west-1"])
    );
    assert!(run["selection"]["since"].is_string());
    let digest = run["config_sha256"].as_str().unwrap().to_owned();
    assert_eq!(digest.len(), 64);
    let accounts = report["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), bed.sandbox.view(|it| it.accounts.len()));
    assert_eq!(
        accounts
            .iter()
            .filter(|row| row["management"] == true)
            .count(),
        1
    );
    assert!(
        accounts
            .iter()
            .all(|row| row["name"] != "" && row["joined_at"].is_string())
    );
    assert_eq!(bed.audit(&[]).1["run"]["config_sha256"], digest.as_str());
    bed.configure("[rules.spline-disabled]\nseverity = 'low'\n");
    assert_ne!(bed.audit(&[]).1["run"]["config_sha256"], digest.as_str());
}
