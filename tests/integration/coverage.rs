//! What can't be read is said, and the walk goes on.

use lineward_sandbox::{Options, SessionsUnknown};
use serde_json::Value;

use crate::harness::{Bed, Told, application_id, found};

fn whole() -> Options {
    Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    }
}

fn codes(report: &Value) -> Vec<(&str, &str)> {
    let scopes = report["coverage"]["scopes"].as_array().unwrap().iter();
    scopes
        .map(|scope| {
            (
                scope["outcome"].as_str().unwrap(),
                scope["code"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn an_account_that_does_not_answer_is_a_gap_after_its_time() {
    let bed = Bed::new(Options {
        hanging: 1,
        ..whole()
    });
    bed.configure("[walk]\ncall_timeout = '1s'\n");
    let (code, report) = bed.audit(&[]);
    assert_eq!(code, 3);
    assert_eq!(codes(&report), [("failed", "Timeout")]);
    assert_eq!(found(&report), bed.planted());
}

#[test]
fn server_errors_are_tried_again() {
    let bed = Bed::new(Options {
        error_rate: 0.1,
        job_runs: 0,
        ..whole()
    });
    let (code, report) = bed.audit(&[]);
    assert_eq!(codes(&report), []);
    assert_eq!((code, found(&report)), (1, bed.planted()));
    assert!(bed.sandbox.calls().failed > 0);
}

#[test]
fn a_burst_beyond_the_quota_is_waited_out() {
    let options = Options {
        quotas: true,
        accounts: 2,
        applications: 45,
        job_runs: 0,
        sessions: 0,
        regions: vec!["us-east-1".into()],
        ..whole()
    };
    let bed = Bed::new(options);
    bed.configure_alone("[organization]\nregions = ['us-east-1']\n[walk]\njob_run_window = '1s'\n");
    let (code, report) = bed.audit(&[]);
    assert_eq!(codes(&report), []);
    // The window of a second holds no runs, and doesn't say that none were. Open sessions are read all the same.
    let outside =
        |row: &Told| row[0] == "application-initial-capacity-idle" || row[4].contains("/jobruns/");
    let planted = bed.planted().into_iter().filter(|row| !outside(row));
    assert_eq!((code, found(&report)), (1, planted.collect()));
    assert!(bed.sandbox.calls().throttled > 0);
}

#[test]
fn sessions_that_an_endpoint_does_not_know_are_no_gap() {
    for unknown in [SessionsUnknown::UnknownOperation, SessionsUnknown::Html] {
        let bed = Bed::new(Options {
            sessions_unknown: Some(unknown),
            ..whole()
        });
        let (_, report) = bed.audit(&[]);
        assert_eq!(
            (codes(&report), &report["summary"]["sessions"]),
            (vec![], &Value::from(0))
        );
        assert!(bed.sandbox.calls().operations["emr-serverless:ListSessions"] > 0);
    }
}

#[test]
fn without_an_organization_the_callers_account_is_audited_and_that_is_said() {
    for options in [
        Options {
            organizations_not_in_use: true,
            ..whole()
        },
        Options {
            organizations_denied: true,
            ..whole()
        },
    ] {
        let bed = Bed::new(options);
        bed.configure_alone("[organization]\nregions = ['us-east-1', 'eu-west-1']\n");
        let (code, report) = bed.audit(&[]);
        assert!(code <= 1, "exit code {code}");
        assert_eq!(report["coverage"]["accounts"]["total"], 1);
        assert_eq!(codes(&report)[0].0, "skipped");
        assert!(report["summary"]["applications"].as_u64().unwrap() > 0);
    }
}

#[test]
fn an_organization_that_was_configured_and_is_denied_makes_the_walk_incomplete() {
    let bed = Bed::new(Options {
        organizations_denied: true,
        ..whole()
    });
    bed.configure_alone("[organization]\nrole = 'lineward-member'\nregions = ['us-east-1']\n");
    let (code, report) = bed.audit(&[]);
    assert_eq!(code, 3);
    assert!(codes(&report).contains(&("failed", "AccessDeniedException")));
}

#[test]
fn regions_are_those_that_each_account_has_enabled() {
    let regions = vec!["us-east-1".into(), "af-south-1".into()];
    let bed = Bed::new(Options { regions, ..whole() });
    bed.configure_alone("[organization]\nrole = 'lineward-member'\n");
    let (code, report) = bed.audit(&[]);
    assert_eq!(codes(&report), []);
    assert_eq!((code, found(&report)), (1, bed.planted()));
}

#[test]
fn where_regions_can_not_be_listed_the_default_ones_are_walked_with_a_note() {
    let bed = Bed::new(Options {
        list_regions_denied: true,
        ..whole()
    });
    bed.configure_alone("[organization]\nrole = 'lineward-member'\n");
    let (code, report) = bed.audit(&[]);
    assert_eq!((code, found(&report)), (1, bed.planted()));
    let codes = codes(&report);
    assert_eq!(codes.len(), 12);
    assert!(
        codes
            .iter()
            .all(|code| *code == ("skipped", "AccessDeniedException"))
    );
}

#[test]
fn a_walk_may_be_narrowed_to_an_account_a_region_and_an_application() {
    let bed = Bed::new(whole());
    let row = bed
        .planted()
        .into_iter()
        .find(|row| row[0] == "spline-disabled")
        .unwrap();
    let [_, _, account, region, resource] = &row;
    let id = application_id(resource);
    let (_, report) = bed.audit(&[
        "--account",
        account,
        "--region",
        region,
        "--application",
        id,
    ]);
    assert_eq!(found(&report).iter().collect::<Vec<_>>(), [&row]);
    assert_eq!(report["summary"]["applications"], 1);
    let calls = bed.sandbox.calls().operations;
    assert_eq!(calls["emr-serverless:GetApplication"], 1);
    // That the account exists is asked once; no other is entered.
    assert!(calls.get("sts:AssumeRole").is_none_or(|count| *count == 1));
}
