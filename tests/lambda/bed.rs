//! What the tests of the Lambda share.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use lineward_sandbox::{Sandbox, TEAMS};
use serde_json::Value;

use crate::runtime_api::{Answer, RuntimeApi};

/// A process that ends with its test.
pub(crate) struct Bootstrap(Child);

impl Drop for Bootstrap {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn start(
    api: &RuntimeApi,
    sandbox: &Sandbox,
    folder: &Path,
    configuration: &str,
) -> Bootstrap {
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

pub(crate) fn configuration(sandbox: &Sandbox, folder: &Path) -> String {
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

pub(crate) fn report(answer: &Value) -> Value {
    let path = answer["report"].as_str().unwrap();
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Invokes a function of its own with this configuration.
pub(crate) fn invoke(
    sandbox: &Sandbox,
    folder: &Path,
    configuration: &str,
    event: &Value,
) -> Value {
    let api = RuntimeApi::start();
    let _bootstrap = start(&api, sandbox, folder, configuration);
    match api.invoke(event, Duration::from_mins(2)) {
        Answer::Response(answer) => answer,
        Answer::Error(error) => panic!("{error}"),
    }
}
