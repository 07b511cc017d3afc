//! The real Lambda binary, invoked through a Runtime API, on the simulated organization.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod runtime_api;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use lineward_sandbox::{IncidentState, Options, Sandbox, TEAMS};
use runtime_api::{Answer, RuntimeApi};
use serde_json::{Value, json};

/// A process that ends with its test.
struct Bootstrap(Child);

impl Drop for Bootstrap {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(api: &RuntimeApi, sandbox: &Sandbox, folder: &Path, configuration: &str) -> Bootstrap {
    let path = folder.join("lineward.toml");
    std::fs::write(&path, configuration).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
        .env_clear()
        .envs(sandbox.environment())
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", api.address().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "lineward"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("LINEWARD_CONFIG", path.to_str().unwrap()),
            ("KEY", "R0123456789012345678901234567890"),
        ])
        .spawn()
        .unwrap();
    Bootstrap(child)
}

fn configuration(sandbox: &Sandbox, folder: &Path) -> String {
    let (endpoint, store) = (sandbox.endpoint(), folder.join("data"));
    let mut text = format!(
        "[organization]\nregions = ['us-east-1', 'eu-west-1']\n\
         [[image]]\nuri = '*/platform/spark:*'\n[walk]\ncall_timeout = '20s'\n[store]\nurl = 'file:{}'\n\
         [pagerduty]\nendpoint = '{endpoint}'\nrouting_key = 'env:KEY'\ngrace = '0s'\n",
        store.display()
    );
    for team in TEAMS {
        writeln!(text, "[[team]]\nname = '{team}'").unwrap();
    }
    text
}

fn report(answer: &Value) -> Value {
    let path = answer["report"].as_str().unwrap();
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

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
    assert_eq!(
        answer["pagerduty"],
        json!({ "taken": incidents.len(), "owed": 0 })
    );
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
