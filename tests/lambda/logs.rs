//! The lines of the log, as Lambda's JSON format takes them.

use std::process::{Command, Stdio};
use std::time::Duration;

use lineward_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::bed::configuration;
use crate::runtime_api::{Answer, RuntimeApi};

#[test]
fn every_line_has_its_time_and_level_and_metrics_are_among_them() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lineward.toml");
    std::fs::write(&path, configuration(&sandbox, folder.path())).unwrap();
    let api = RuntimeApi::start();
    let mut bootstrap = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
        .env_clear()
        .envs(sandbox.environment())
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", api.address().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "lineward"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("LINEWARD_CONFIG", path.to_str().unwrap()),
            ("KEY", "R0123456789012345678901234567890"),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let answer = api.invoke(&json!({ "task": "audit" }), Duration::from_mins(2));
    bootstrap.kill().unwrap();
    let output = bootstrap.wait_with_output().unwrap();
    assert!(matches!(answer, Answer::Response(_)), "{answer:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for line in &lines {
        let timestamp = line["timestamp"].as_str().unwrap();
        assert!(timestamp.parse::<jiff::Timestamp>().is_ok(), "{line}");
        assert!(line["level"].is_string(), "{line}");
    }
    for metric in ["Runs", "CompleteRuns", "Gaps", "Seconds"] {
        let is_there = |line: &&Value| line["_aws"].is_object() && line[metric].is_number();
        assert_eq!(lines.iter().filter(is_there).count(), 1, "{metric}");
    }
    assert!(
        lines
            .iter()
            .any(|line| line["fields"]["message"] == "audited")
    );
}
