//! `lineward audit` of a simulated organization, against a bare HTTP client.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use lineward_sandbox::TEAMS;

use crate::Result;
use crate::cost::Cost;
use crate::programs::Programs;
use crate::sandbox::{Calls, Sandbox};
use crate::table::{self, Side};

/// The organization to walk.
#[derive(Debug, Args)]
pub(crate) struct Walk {
    /// Accounts of the organization.
    #[arg(long, default_value_t = 1_000)]
    accounts: usize,
    /// Regions with applications.
    #[arg(long, value_delimiter = ',', default_values_t = ["us-east-1".to_owned(), "eu-west-1".to_owned()])]
    regions: Vec<String>,
    /// Applications in all of them.
    #[arg(long, default_value_t = 4_000)]
    applications: usize,
    /// Job runs of each application.
    #[arg(long, default_value_t = 1)]
    job_runs: usize,
    /// Milliseconds before each answer.
    #[arg(long, default_value_t = 20)]
    latency_ms: u64,
    /// How often each side is measured; the quickest counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

impl Walk {
    /// Measures both sides in turn.
    pub(crate) fn run(&self) -> Result<String> {
        let programs = Programs::build()?;
        let sandbox = Sandbox::start(&programs.sandbox, &self.flags())?;
        let folder = tempfile::tempdir()?;
        let recording = folder.path().join("requests.json");

        // Recording costs the sandbox time and memory, so it has a run of its own.
        sandbox.record(true)?;
        let since = Timestamp::now() - SignedDuration::from_hours(24);
        let recorded = self.lineward(&programs, &sandbox, &folder.path().join("recorded"))?;
        std::fs::write(&recording, sandbox.requests()?)?;
        sandbox.record(false)?;

        let (mut lineward, mut floor) = (Vec::new(), Vec::new());
        for round in 0..self.rounds {
            let folder = folder.path().join(round.to_string());
            let walked = self.lineward(&programs, &sandbox, &folder)?;
            floor.push(replay(&sandbox, &recording, walked.calls.peak_in_flight)?);
            lineward.push(walked);
        }
        let least = sandbox.least_calls(since)?;
        self.figures(&recorded.calls, &least, lineward, floor)
    }

    fn figures(
        &self,
        calls: &Calls,
        least: &Calls,
        lineward: Vec<Side>,
        floor: Vec<Side>,
    ) -> Result<String> {
        let (lineward, floor) = (quickest(lineward)?, quickest(floor)?);
        let mut text = format!(
            "{} accounts, {} Regions, {} applications with {} job runs each, {} ms latency, \
             best of {}\n\n",
            self.accounts,
            self.regions.len(),
            self.applications,
            self.job_runs,
            self.latency_ms,
            self.rounds,
        );
        table::sides(&mut text, &lineward, &floor)?;
        writeln!(text)?;
        table::calls(&mut text, calls, least)?;
        Ok(text)
    }

    fn flags(&self) -> Vec<String> {
        let flags = [
            ("accounts", self.accounts.to_string()),
            ("regions", self.regions.join(",")),
            ("applications", self.applications.to_string()),
            ("job-runs", self.job_runs.to_string()),
            ("latency-ms", self.latency_ms.to_string()),
            ("sessions", "0".into()),
            ("denied", "0".into()),
            ("suspended", "0".into()),
        ];
        flags
            .map(|(name, value)| format!("--{name}={value}"))
            .into()
    }

    /// Walks once, with a store of its own, so that each run is the first.
    fn lineward(&self, programs: &Programs, sandbox: &Sandbox, folder: &Path) -> Result<Side> {
        std::fs::create_dir(folder)?;
        let config = folder.join("lineward.toml");
        std::fs::write(&config, self.config(folder)?)?;
        sandbox.reset_calls()?;
        let mut process = Command::new(std::env::current_exe()?);
        process
            .arg("cost")
            .arg(&programs.lineward)
            .args(["audit", "--no-progress", "--format=json"])
            .arg("--config")
            .arg(config)
            .arg("--output")
            .arg(folder.join("report.json"))
            .env_clear()
            .env("HOME", folder)
            .envs(sandbox.environment());
        measured(&mut process, sandbox)
    }

    fn config(&self, folder: &Path) -> Result<String> {
        let store = folder.join("store");
        let mut config = format!(
            "[organization]\nrole = 'lineward-member'\nregions = {:?}\n\n[store]\nurl = 'file:{}'\n",
            self.regions,
            store.display()
        );
        for team in TEAMS {
            writeln!(config, "\n[[team]]\nname = '{team}'")?;
        }
        Ok(config)
    }
}

/// Sends what was recorded.
fn replay(sandbox: &Sandbox, recording: &Path, in_flight: usize) -> Result<Side> {
    sandbox.reset_calls()?;
    let mut process = Command::new(std::env::current_exe()?);
    process
        .arg("replay")
        .arg(recording)
        .arg(&sandbox.endpoint)
        .arg(in_flight.to_string());
    measured(&mut process, sandbox)
}

/// Runs a process of this program that prints a cost.
fn measured(process: &mut Command, sandbox: &Sandbox) -> Result<Side> {
    let output = process.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let cost: Cost = serde_json::from_slice(&output.stdout)?;
    let calls = sandbox.calls()?;
    Ok(Side { cost, calls })
}

fn quickest(sides: Vec<Side>) -> Result<Side> {
    let quickest = sides.into_iter().min_by_key(|side| side.cost.wall);
    quickest.ok_or_else(|| "nothing was measured".into())
}
