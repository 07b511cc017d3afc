//! The real Lambda binary, invoked through a Runtime API, on the simulated organization.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod bed;
mod fan_out;
mod first_run;
mod logs;
mod look;
mod runtime_api;

use std::time::{Duration, Instant};

use bed::{configuration, report, start};
use lineward_sandbox::{IncidentState, Options, Sandbox};
use runtime_api::{Answer, RuntimeApi};
use serde_json::{Value, json};

#[test]
fn a_scheduled_event_audits_the_organization_and_pages() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let (api, folder) = (RuntimeApi::start(), tempfile::tempdir().unwrap());
    let _bootstrap = start(
        &api,
        &sandbox,
        folder.path(),
        &configuration(&sandbox, folder.path()),
    );
    let event = json!({ "detail-type": "Scheduled Event", "source": "aws.events" });
    let Answer::Response(answer) = api.invoke(&event, Duration::from_mins(2)) else {
        panic!("expected a response")
    };
    let report = report(&answer);
    assert_eq!(report["run"]["trigger"], "schedule");
    assert_eq!(
        report["findings"].as_array().unwrap().len(),
        sandbox.expected().len()
    );
    let incidents = sandbox.pagerduty().incidents;
    assert!(
        incidents
            .iter()
            .all(|incident| incident.state == IncidentState::Triggered)
    );
    let told = &answer["notification"];
    assert_eq!(told["opened"].as_u64(), Some(incidents.len() as u64));
    assert_eq!(told["owed"], 0);
}

#[test]
fn what_the_deadline_leaves_unread_is_a_gap_and_is_answered_in_time() {
    let options = Options {
        hanging: 1,
        denied: 0,
        suspended: 0,
        ..Options::default()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let (api, folder) = (RuntimeApi::start(), tempfile::tempdir().unwrap());
    let _bootstrap = start(
        &api,
        &sandbox,
        folder.path(),
        &configuration(&sandbox, folder.path()),
    );
    let begun = Instant::now();
    let Answer::Response(answer) = api.invoke(&json!({}), Duration::from_secs(6)) else {
        panic!("expected a response")
    };
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "took {:?}",
        begun.elapsed()
    );
    assert_eq!(answer["complete"], false);
    assert_eq!(answer["accounts"]["failed"], 1);
    let report = report(&answer);
    let scopes = report["coverage"]["scopes"].as_array().unwrap();
    let codes: Vec<_> = scopes
        .iter()
        .map(|scope| scope["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["DeadlineExceeded"]);
}

#[test]
fn an_unknown_event_and_a_broken_configuration_have_error_types_of_their_own() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error_type = |configuration: &str, event: Value| {
        let api = RuntimeApi::start();
        let _bootstrap = start(&api, &sandbox, folder.path(), configuration);
        match api.invoke(&event, Duration::from_secs(30)) {
            Answer::Error(error) => error["errorType"].as_str().unwrap().to_owned(),
            Answer::Response(response) => panic!("expected an error, got {response}"),
        }
    };
    let good = configuration(&sandbox, folder.path());
    assert_eq!(
        error_type(&good, json!({ "task": "dance" })),
        "Lineward.UnknownEvent"
    );
    assert_eq!(
        error_type("[walk]\nspeed = 1", json!({})),
        "Lineward.Configuration"
    );
    assert_eq!(sandbox.calls().total, 0);
}
