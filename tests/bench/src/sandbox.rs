//! The sandbox as a process of its own, and its controls.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Request};
use jiff::Timestamp;
use lineward_sandbox::AUDITOR_KEY;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::Result;
use crate::client::Client;

/// A running sandbox, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Sandbox {
    process: Child,
    pub(crate) endpoint: String,
    runtime: Runtime,
}

/// How often what was called.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Calls {
    pub(crate) total: u64,
    #[serde(default)]
    pub(crate) peak_in_flight: usize,
    pub(crate) operations: BTreeMap<String, u64>,
}

impl Sandbox {
    /// Starts a sandbox with these flags.
    pub(crate) fn start(program: &Path, flags: &[String]) -> Result<Self> {
        let mut process = Command::new(program)
            .args(flags)
            .arg("--until-stdin-closes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = process.stdout.take().ok_or("the sandbox has no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let started: Value = serde_json::from_str(&line)?;
        let endpoint = started.get("endpoint").and_then(Value::as_str);
        Ok(Self {
            endpoint: endpoint.ok_or("the sandbox has no endpoint")?.into(),
            process,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
        })
    }

    /// The environment that leads an AWS SDK here and nowhere else.
    pub(crate) fn environment(&self) -> [(&'static str, &str); 5] {
        [
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", AUDITOR_KEY),
            ("AWS_SECRET_ACCESS_KEY", "not-verified"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
    }

    pub(crate) fn calls(&self) -> Result<Calls> {
        Ok(serde_json::from_slice(&self.show("calls")?)?)
    }

    pub(crate) fn least_calls(&self, job_runs_since: Timestamp) -> Result<Calls> {
        let least = self.show(&format!("least-calls?since={job_runs_since}"))?;
        Ok(serde_json::from_slice(&least)?)
    }

    /// The recorded requests, as JSON.
    pub(crate) fn requests(&self) -> Result<Bytes> {
        self.show("requests")
    }

    pub(crate) fn reset_calls(&self) -> Result<()> {
        self.change("reset-calls", &json!({}))
    }

    pub(crate) fn record(&self, record: bool) -> Result<()> {
        self.change("options", &json!({ "record": record }))
    }

    fn show(&self, name: &str) -> Result<Bytes> {
        self.control(Method::GET, name, String::new())
    }

    fn change(&self, name: &str, to: &Value) -> Result<()> {
        self.control(Method::POST, name, to.to_string()).map(drop)
    }

    fn control(&self, method: Method, name: &str, body: String) -> Result<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/_sandbox/{name}", self.endpoint))
            .body(Full::from(body))?;
        self.runtime
            .block_on(async { Client::new().send(request).await })
    }
}

impl Drop for Sandbox {
    /// It ends with its standard input.
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
