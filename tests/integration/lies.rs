//! Answers that aren't true: no list ends but where its service says so, and nothing is resolved by a lie.

use lineward_sandbox::{Options, Sandbox};
use serde_json::Value;

use crate::harness::{Bed, count, found};

const ORGANIZATION: &str = "[organization]\nregions = ['us-east-1', 'eu-west-1']\n";

fn bed() -> Bed {
    let bed = Bed::new(Options {
        accounts: 4,
        applications: 12,
        denied: 0,
        suspended: 0,
        page_size: Some(2),
        ..Options::default()
    });
    bed.configure_alone(ORGANIZATION);
    bed
}

/// Lets operations lie; none is the truth.
fn lie(sandbox: &Sandbox, lies: &[&str]) {
    let lies = lies.iter().map(|lie| lie.parse().unwrap()).collect();
    sandbox.set_options(|options| options.lies = lies);
}

fn is_complete(report: &Value) -> bool {
    report["run"]["complete"] == true
}

/// Whether a report says of an operation that it could not be read.
fn has_gap(report: &Value, operation: &str) -> bool {
    let mut scopes = report["coverage"]["scopes"].as_array().unwrap().iter();
    scopes.any(|scope| {
        scope["outcome"] == "failed" && scope["reason"].as_str().unwrap().contains(operation)
    })
}

/// A run that sees all, then one that meets the lie, and one that sees all again.
fn nothing_is_lost(bed: &Bed, operation: &str, kind: &str) {
    let lie_of = format!("{operation}={kind}");
    lie(&bed.sandbox, &[&lie_of]);
    let (code, report) = bed.audit(&[]);
    assert_eq!((code, is_complete(&report)), (3, false), "{lie_of}");
    assert!(has_gap(&report, operation), "{lie_of}");
    assert_eq!(count(&report, "resolved"), 0, "{lie_of}");
    lie(&bed.sandbox, &[]);
    let (code, report) = bed.audit(&[]);
    assert_eq!((code, found(&report)), (1, bed.planted()), "{lie_of}");
    assert_eq!(count(&report, "new"), 0, "{lie_of}");
}

#[test]
fn a_list_without_its_end_is_a_gap() {
    let bed = bed();
    bed.audit(&[]);
    for operation in [
        "ListAccounts",
        "ListApplications",
        "ListJobRuns",
        "ListSessions",
        "GetAccountAuthorizationDetails",
        "ListPolicyTags",
    ] {
        nothing_is_lost(&bed, operation, "repeated-token");
    }
    for operation in ["GetAccountAuthorizationDetails", "ListPolicyTags"] {
        nothing_is_lost(&bed, operation, "token-missing");
    }
    nothing_is_lost(&bed, "ListApplications", "endless-tokens");
}

#[test]
fn an_answer_without_its_list_is_a_gap() {
    let bed = bed();
    bed.audit(&[]);
    for operation in [
        "ListAccounts",
        "ListApplications",
        "GetApplication",
        "ListJobRuns",
        "GetJobRun",
        "ListSessions",
        "GetSession",
        "GetAccountAuthorizationDetails",
        "ListPolicyTags",
    ] {
        nothing_is_lost(&bed, operation, "without-list");
    }
    for kind in ["null", "empty-body", "other-root"] {
        nothing_is_lost(&bed, "ListApplications", kind);
        nothing_is_lost(&bed, "GetAccountAuthorizationDetails", kind);
    }
    nothing_is_lost(&bed, "GetJobRun", "null");
}

#[test]
fn an_organization_that_was_seen_is_not_lost() {
    let bed = bed();
    bed.audit(&[]);
    for kind in [
        "403:AccessDeniedException",
        "403:ExpiredTokenException",
        "403:InvalidSignatureException",
        "400:AWSOrganizationsNotInUseException",
        "without-list",
        "empty-list",
    ] {
        nothing_is_lost(&bed, "ListAccounts", kind);
        let refusal = format!("ListAccounts={kind}");
        lie(&bed.sandbox, &[&refusal]);
        let run = bed.run(&["collect", "--output", "estate.jsonl"]);
        assert_eq!(run.code, 3, "{kind}: {}", run.stderr);
    }
    // What the ledger knows counts where DescribeOrganization says nothing, too.
    let both = ["DescribeOrganization", "ListAccounts"];
    let both = both.map(|it| format!("{it}=400:AccessDeniedException"));
    lie(&bed.sandbox, &[&both[0], &both[1]]);
    let (code, report) = bed.audit(&[]);
    assert_eq!((code, is_complete(&report)), (3, false));
    let run = bed.run(&["collect", "--output", "estate.jsonl"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
}

#[test]
fn an_organization_that_describes_itself_must_be_listed() {
    let bed = bed();
    for kind in ["400:AccessDeniedException", "empty-list"] {
        let refusal = format!("ListAccounts={kind}");
        lie(&bed.sandbox, &[&refusal]);
        let (code, report) = bed.audit(&[]);
        assert_eq!((code, is_complete(&report)), (3, false), "{kind}");
    }
}

#[test]
fn a_list_of_accounts_that_is_empty_is_a_gap_without_any_organization() {
    let bed = bed();
    let denied = "DescribeOrganization=400:AccessDeniedException";
    lie(&bed.sandbox, &[denied, "ListAccounts=empty-list"]);
    let (code, _) = bed.audit(&[]);
    assert_eq!(code, 3);
}

/// A bed whose accounts are asked for their Regions, one of which they have opted into.
fn bed_with_regions() -> Bed {
    let bed = Bed::new(Options {
        accounts: 3,
        applications: 9,
        regions: vec!["us-east-1".into(), "af-south-1".into()],
        denied: 0,
        suspended: 0,
        page_size: Some(1),
        ..Options::default()
    });
    bed.configure_alone("[organization]\nrole = 'lineward-member'\n");
    bed
}

#[test]
fn regions_that_are_known_are_walked_whatever_list_regions_says() {
    let bed = bed_with_regions();
    bed.audit(&[]);
    for kind in [
        "403:AccessDeniedException",
        "empty-list",
        "without-list",
        "repeated-token",
        "second-page:403:AccessDeniedException",
    ] {
        lie(&bed.sandbox, &[&format!("ListRegions={kind}")]);
        let (code, report) = bed.audit(&[]);
        assert_eq!((code, is_complete(&report)), (3, false), "{kind}");
        assert!(has_gap(&report, "ListRegions"), "{kind}");
        assert_eq!(count(&report, "unseen"), 0, "{kind}");
        let planted = bed.planted();
        assert!(planted.is_subset(&found(&report)), "{kind}");
    }
}

#[test]
fn a_region_that_refuses_its_second_page_is_a_gap() {
    let bed = bed_with_regions();
    bed.audit(&[]);
    for code in ["SCP", "UnrecognizedClientException"] {
        nothing_is_lost(&bed, "ListApplications", &format!("second-page:403:{code}"));
    }
}

#[test]
fn a_page_of_roles_that_takes_too_long_is_asked_for_in_a_smaller_one() {
    let bed = bed();
    bed.configure_alone(&format!("[walk]\ncall_timeout = '2s'\n{ORGANIZATION}"));
    let slow = "GetAccountAuthorizationDetails=slow:4000:100";
    lie(&bed.sandbox, &[slow]);
    let (code, report) = bed.audit(&[]);
    assert_eq!((code, found(&report)), (1, bed.planted()));
}

#[test]
fn an_account_has_its_own_time_and_keeps_what_was_read() {
    let bed = bed();
    let time = "[walk]\ncall_timeout = '60s'\naccount_timeout = '3s'\n";
    bed.configure_alone(&format!("{time}{ORGANIZATION}"));
    lie(&bed.sandbox, &["ListJobRuns=hang"]);
    let begun = std::time::Instant::now();
    let (code, report) = bed.audit(&[]);
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    assert_eq!(code, 3);
    assert!(has_gap(&report, "ListJobRuns"));
    assert_eq!(report["summary"]["applications"], 12);
}

#[test]
fn an_operation_that_fails_in_a_row_is_given_up_in_its_region() {
    let bed = Bed::new(Options {
        accounts: 2,
        applications: 20,
        regions: vec!["us-east-1".into()],
        denied: 0,
        suspended: 0,
        ..Options::default()
    });
    let limit = "[walk]\ncall_timeout = '1s'\n";
    bed.configure_alone(&format!("{limit}[organization]\nregions = ['us-east-1']\n"));
    lie(&bed.sandbox, &["ListJobRuns=hang"]);
    let (code, report) = bed.audit(&[]);
    assert_eq!(code, 3);
    assert!(has_gap(&report, "ListJobRuns"));
    let asked = bed.sandbox.calls().operations["emr-serverless:ListJobRuns"];
    assert!(asked <= 2 * 3, "{asked} calls");
    let applications = report["applications"].as_array().unwrap().iter();
    assert!(applications.clone().count() == 20);
    assert!(applications.clone().all(|row| row["compliant"] == false));
}

#[test]
fn a_run_ends_by_its_deadline_and_says_what_is_left() {
    let bed = bed();
    bed.configure_alone(&format!("[walk]\ncall_timeout = '60s'\n{ORGANIZATION}"));
    lie(&bed.sandbox, &["GetApplication=hang"]);
    for command in [&["audit"][..], &["collect", "--output", "estate.jsonl"]] {
        let begun = std::time::Instant::now();
        let run = bed.run(&[command, &["--deadline", "4s"]].concat());
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
    let run = bed.run(&["audit", "--deadline", "0s"]);
    assert_eq!(run.code, 2);
}

#[test]
fn what_began_before_the_window_and_still_runs_is_read() {
    let bed = bed();
    bed.configure_alone(&format!("[walk]\njob_run_window = '1s'\n{ORGANIZATION}"));
    let running = bed.sandbox.update(|organization| {
        let accounts = organization.accounts.values_mut();
        let applications = accounts.flat_map(|account| account.applications.values_mut());
        let mut runs = applications
            .flatten()
            .flat_map(|(_, it)| it.job_runs.values_mut());
        let run = runs.next().unwrap();
        run["state"] = "RUNNING".into();
        run["arn"].as_str().unwrap().to_owned()
    });
    let run = bed.run(&["collect", "--output", "estate.jsonl"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let estate = std::fs::read_to_string(bed.path().join("estate.jsonl")).unwrap();
    let lines = estate
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let slices: Vec<_> = lines.collect();
    let all = |key: &str| -> Vec<Value> {
        let lists = slices.iter().filter_map(|slice| slice[key].as_array());
        lists.flatten().cloned().collect()
    };
    let runs = all("job_runs");
    let runs: Vec<_> = runs
        .iter()
        .map(|run| run["arn"].as_str().unwrap())
        .collect();
    assert_eq!(runs, [running]);
    let sessions = all("sessions");
    assert!(!sessions.is_empty());
    assert!(sessions.iter().all(|session| session["state"] == "IDLE"));
}

#[test]
fn a_signal_ends_the_walk_and_what_was_read_is_saved() {
    let bed = bed();
    bed.configure_alone(&format!("[walk]\ncall_timeout = '60s'\n{ORGANIZATION}"));
    lie(&bed.sandbox, &["ListJobRuns=hang"]);
    let signals = [
        ("INT", &["audit", "--format", "json"][..]),
        ("TERM", &["collect", "--output", "e.jsonl"]),
    ];
    for (signal, command) in signals {
        bed.sandbox.reset_calls();
        let mut command = bed.command(command);
        let child = command
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let is_waiting = || {
            let calls = bed.sandbox.calls().operations;
            calls.contains_key("emr-serverless:ListJobRuns")
        };
        while !is_waiting() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let mut kill = std::process::Command::new("kill");
        let sent = kill
            .args([&format!("-{signal}"), &child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        let run: crate::harness::Run = child.wait_with_output().unwrap().into();
        assert_eq!(run.code, 3, "{}", run.stderr);
        if signal == "INT" {
            let report: Value = serde_json::from_str(&run.stdout).unwrap();
            assert!(has_code(&report, "INTERRUPTED"));
        }
    }
    let (code, report) = bed.audit(&["--estate", "e.jsonl"]);
    assert_eq!((code, is_complete(&report)), (3, false));
}

fn has_code(report: &Value, code: &str) -> bool {
    let mut scopes = report["coverage"]["scopes"].as_array().unwrap().iter();
    scopes.any(|scope| scope["code"] == code)
}
