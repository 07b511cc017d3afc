//! What a process cost: time, processor time and memory.

use std::ffi::OsString;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};

use crate::Result;

/// What a process cost.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// User and system time of all its threads.
    pub(crate) cpu: Duration,
    /// The most memory that was resident, in kB.
    pub(crate) peak_kb: u64,
}

impl Cost {
    /// What `work` costs this process.
    pub(crate) fn of<T>(work: impl FnOnce() -> Result<T>) -> Result<Self> {
        let (before, started) = (getrusage(UsageWho::RUSAGE_SELF)?, Instant::now());
        work()?;
        let (wall, after) = (started.elapsed(), getrusage(UsageWho::RUSAGE_SELF)?);
        Ok(Self {
            wall,
            cpu: cpu(&after).saturating_sub(cpu(&before)),
            peak_kb: after.max_rss().try_into()?,
        })
    }
}

/// A program to run in a process whose only child it is: the system tells the peak memory of all
/// children together, so that a compiler before it would hide it.
#[derive(Debug, Args)]
pub(crate) struct Program {
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

impl Program {
    /// Runs the program, which may end with 0, or with 1 as for findings.
    pub(crate) fn run(&self) -> Result<String> {
        let (name, arguments) = self.command.split_first().ok_or("no program")?;
        let started = Instant::now();
        let output = Command::new(name).args(arguments).output()?;
        let wall = started.elapsed();
        if !matches!(output.status.code(), Some(0 | 1)) {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}: {}: {said}", name.display(), output.status).into());
        }
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
        let cost = Cost {
            wall,
            cpu: cpu(&usage),
            peak_kb: usage.max_rss().try_into()?,
        };
        Ok(serde_json::to_string(&cost)?)
    }
}

fn cpu(usage: &Usage) -> Duration {
    duration(usage.user_time()) + duration(usage.system_time())
}

fn duration(time: TimeVal) -> Duration {
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    Duration::from_secs(part(time.tv_sec())) + Duration::from_micros(part(time.tv_usec()))
}
