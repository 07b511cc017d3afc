//! Remedies as a person uses them: pasted into a shell, with a stand-in for the AWS CLI that keeps one
//! application.
#![expect(
    clippy::disallowed_methods,
    reason = "for tests, which look at what a shell does"
)]

use std::fs;
use std::process::Command;

use serde::Deserialize;
use serde_json::json;

use crate::estate::{Application, Configuration};
use crate::finding::Remediation;

/// What came of it.
pub(crate) struct Pasted {
    /// The calls that were made, by their first word.
    pub(crate) calls: Vec<String>,
    /// The state of the application in the end.
    pub(crate) state: String,
    /// Its runtime configuration in the end.
    pub(crate) configuration: Vec<Configuration>,
    /// What was printed.
    pub(crate) output: String,
}

const AWS: &str = include_str!("../../tests/sandbox/aws.sh");

/// An answer of `GetApplication`, as far as it matters here.
#[derive(Deserialize)]
struct Live {
    application: LiveApplication,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LiveApplication {
    state: String,
    runtime_configuration: Vec<Configuration>,
}

/// Pastes the commands of a remedy, with these variables set.
pub(crate) fn paste(
    application: &Application,
    remediation: &Remediation,
    variables: &[(&str, &str)],
) -> Pasted {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let live = json!({ "application": {
        "applicationId": application.id,
        "state": application.state,
        "runtimeConfiguration": application.runtime_configuration,
    }});
    fs::write(at("live.json"), live.to_string()).unwrap();
    fs::write(at("calls"), "").unwrap();
    fs::write(at("aws"), AWS).unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .args([
            "-c",
            &format!(
                "aws() {{ sh \"$STATE/aws\" \"$@\"; }}\n{}",
                remediation.aws_cli
            ),
        ])
        .env_clear()
        .env("PATH", path)
        .env("STATE", folder.path())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = |name| fs::read_to_string(at(name)).unwrap();
    let live: Live = serde_json::from_str(&text("live.json")).unwrap();
    let printed = [output.stdout, output.stderr].concat();
    Pasted {
        calls: text("calls").lines().map(str::to_owned).collect(),
        state: live.application.state,
        configuration: live.application.runtime_configuration,
        output: String::from_utf8_lossy(&printed).into_owned(),
    }
}
