//! Runs the binary in a folder of its own, against a sandbox.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use lineward_sandbox::{Expected, Options, Sandbox, TEAMS, Verdict};
use serde_json::Value;

/// The routing key of the tests.
pub(crate) const KEY: &str = "R0123456789012345678901234567890";

/// A sandbox and a folder with a configuration.
pub(crate) struct Bed {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: tempfile::TempDir,
}

/// How the binary ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bed {
    /// A bed with the usual configuration.
    pub(crate) fn new(options: Options) -> Self {
        Self::of(Sandbox::start(options).unwrap())
    }

    pub(crate) fn of(sandbox: Sandbox) -> Self {
        let bed = Self {
            sandbox,
            folder: tempfile::tempdir().unwrap(),
        };
        bed.configure("[walk]\ncall_timeout = '20s'\n");
        bed
    }

    /// Writes the usual configuration and `more` at its head.
    pub(crate) fn configure(&self, more: &str) {
        let organization = "[organization]\nregions = ['us-east-1', 'eu-west-1']\n";
        self.configure_alone(&format!("{more}\n{organization}"));
    }

    /// Writes a configuration that says nothing of the organization but what `head` does.
    pub(crate) fn configure_alone(&self, head: &str) {
        let mut text = format!(
            "{head}\n[[image]]\nuri = '*/platform/spark:*'\n[pagerduty]\nendpoint = '{}'\nrouting_key = 'env:KEY'\ngrace = '0s'\n",
            self.sandbox.endpoint()
        );
        for team in TEAMS {
            writeln!(text, "[[team]]\nname = '{team}'").unwrap();
        }
        std::fs::write(self.path().join("lineward.toml"), text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The command line, with nothing in its environment but the way to the sandbox.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lineward"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs(self.sandbox.environment())
            .env("HOME", self.path())
            .env("KEY", KEY);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().unwrap().into()
    }

    /// Audits, and gives the JSON report.
    pub(crate) fn audit(&self, arguments: &[&str]) -> (i32, Value) {
        let run = self.run(&[&["audit", "--format", "json"], arguments].concat());
        let report = serde_json::from_str(&run.stdout);
        (
            run.code,
            report.unwrap_or_else(|_| panic!("no report: {}", run.stderr)),
        )
    }

    /// What was planted, as [`told`] tells it.
    pub(crate) fn planted(&self) -> BTreeSet<Told> {
        self.sandbox.expected().iter().map(planted).collect()
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A finding as both sides tell it: rule, verdict, account, Region, and the application if it is one.
pub(crate) type Told = [String; 5];

fn planted(row: &Expected) -> Told {
    let verdict = if row.verdict == Verdict::Fail {
        "fail"
    } else {
        "unknown"
    };
    told([&row.rule, verdict, &row.account, &row.region, &row.resource])
}

/// The id of the application that a resource is, or belongs to.
pub(crate) fn application_id(resource: &str) -> &str {
    let after = resource.split_once("/applications/").map(|it| it.1);
    after.and_then(|it| it.split('/').next()).unwrap()
}

/// The findings of a report that were seen in its run.
pub(crate) fn found(report: &Value) -> BTreeSet<Told> {
    let seen = rows(report).filter(|row| {
        !["resolved", "unseen", "not-judged", "gone"].contains(&row["status"].as_str().unwrap())
    });
    let keys = ["rule", "verdict", "account", "region", "resource"];
    seen.map(|row| told(keys.map(|key| row[key].as_str().unwrap())))
        .collect()
}

fn told(mut row: [&str; 5]) -> Told {
    if !row[4].contains(":/applications/") {
        row[4] = "";
    }
    row.map(str::to_owned)
}

pub(crate) fn rows(report: &Value) -> impl Iterator<Item = &Value> {
    report["findings"].as_array().unwrap().iter()
}

/// How many findings have this status.
pub(crate) fn count(report: &Value, status: &str) -> usize {
    rows(report).filter(|row| row["status"] == status).count()
}

/// The report without what a clock or a run's id puts into it.
pub(crate) fn timeless(report: &Value) -> Value {
    let mut report = report.clone();
    report["run"] = Value::Null;
    report["previous_sha256"] = Value::Null;
    for list in ["findings", "applications"] {
        for row in report[list].as_array_mut().unwrap() {
            for key in ["first_seen_at", "last_seen_at", "status", "new"] {
                row.as_object_mut().unwrap().remove(key);
            }
        }
    }
    report["summary"]["new_applications"] = Value::Null;
    report
}
