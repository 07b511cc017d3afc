//! The finish of a fan-out: all shards of an organization judged as one, against decoding them alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};
use lineward::audit::{Request, audit};
use lineward::config::Config;
use lineward::fan_out::{self, Batch};
use lineward::report::Trigger;
use lineward::snapshot::Reader;
use lineward::source::Source;

use crate::Result;
use crate::cost::Cost;
use crate::programs::Programs;
use crate::sandbox::Sandbox;

/// The organization.
#[derive(Debug, Args)]
pub(crate) struct Finish {
    /// Accounts of the organization.
    #[arg(long, default_value_t = 10_000)]
    accounts: usize,
    /// Applications in all of them.
    #[arg(long, default_value_t = 20_000)]
    applications: usize,
}

/// A part of the fan-out, in a process of its own.
#[derive(Debug, Args)]
pub(crate) struct Part {
    /// Which.
    part: PartOf,
    /// The folder with the configuration.
    folder: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PartOf {
    /// Plan, and scan each batch.
    Walk,
    /// Finish the run.
    Finish,
    /// Decode all shards, and do no more.
    Decode,
}

impl Finish {
    pub(crate) fn run(&self) -> Result<String> {
        let programs = Programs::build()?;
        let flags = [
            format!("--accounts={}", self.accounts),
            format!("--applications={}", self.applications),
            "--job-runs=1".into(),
        ];
        let sandbox = Sandbox::start(&programs.sandbox, &flags)?;
        let folder = tempfile::tempdir()?;
        let store = folder.path().join("store");
        let text = format!(
            "[organization]\nregions = ['us-east-1', 'eu-west-1']\n[store]\nurl = 'file:{}'\n",
            store.display()
        );
        std::fs::write(folder.path().join("lineward.toml"), text)?;
        part(&sandbox, folder.path(), "walk")?;
        let decode = part(&sandbox, folder.path(), "decode")?;
        let finish = part(&sandbox, folder.path(), "finish")?;
        let (wall, floor) = (finish.wall.as_secs_f64(), decode.wall.as_secs_f64());
        let peak = (finish.peak_kb * 1024).div_ceil(1_000_000);
        Ok(format!(
            "{} accounts, {} applications\n\n\
             decode all shards  {floor:>8.2} s\n\
             finish             {wall:>8.2} s, {peak} MB at most\n\
             ratio              {:>8.2}",
            self.accounts,
            self.applications,
            wall / floor
        ))
    }
}

/// Runs a part, and gives what it cost.
fn part(sandbox: &Sandbox, folder: &Path, name: &str) -> Result<Cost> {
    let program = std::env::current_exe()?;
    let output = Command::new(&program)
        .arg("cost")
        .arg(&program)
        .args(["part", name])
        .arg(folder)
        .env_clear()
        .env("HOME", folder)
        .envs(sandbox.environment())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

impl Part {
    pub(crate) fn run(&self) -> Result<String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(self.run_part())
    }

    async fn run_part(&self) -> Result<String> {
        let config = Config::load(Some(&self.folder.join("lineward.toml")), [])?;
        let run = self.folder.join("run");
        match self.part {
            PartOf::Walk => {
                let planned = fan_out::plan(&config, None).await?;
                let items: Vec<Batch> = serde_json::from_slice(&std::fs::read(&planned.key)?)?;
                for item in &items {
                    fan_out::scan(&config, item, None).await?;
                }
                std::fs::write(run, planned.run)?;
            }
            PartOf::Finish => {
                let request = Request {
                    source: Source::FanOut(std::fs::read_to_string(run)?),
                    trigger: Trigger::FanOut,
                    notify: false,
                    resume_within: None,
                    judge_until: None,
                    send_until: None,
                    baseline: false,
                    is_look: false,
                };
                audit(&config, request, |_| ()).await?;
            }
            PartOf::Decode => {
                let run = std::fs::read_to_string(run)?;
                let shards = self.folder.join(format!("store/fan-out/run={run}"));
                for entry in std::fs::read_dir(shards)? {
                    let path = entry?.path();
                    let name = path.display().to_string();
                    if path.extension().is_some_and(|it| it == "zst") {
                        let (_, reader) = Reader::decode(&name, &std::fs::read(&path)?)?;
                        let slices: std::result::Result<Vec<_>, _> = reader.collect();
                        slices?;
                    }
                }
            }
        }
        Ok(String::new())
    }
}
