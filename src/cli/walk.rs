//! The flags that say what to walk.

use std::path::PathBuf;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use lineward::collect::{Plan, RequestedNames, Target, since_when};
use lineward::config::{Config, account_of, duration_of, region_of, time_limit_of};
use lineward::report::Report;
use lineward_rules::{AccountId, Region, Status};
use tokio::time::Instant;

/// What to walk.
#[derive(Debug, Args)]
pub(super) struct WalkArgs {
    /// The configuration; `lineward.toml` in the working folder if it is there.
    #[arg(long, env = "LINEWARD_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Only this account; may be repeated.
    #[arg(long = "account", value_name = "ID", value_parser = account_of)]
    accounts: Vec<AccountId>,
    /// Only this Region; may be repeated.
    #[arg(long = "region", value_name = "NAME", value_parser = region_of)]
    regions: Vec<Region>,
    /// Only this application.
    #[arg(long, value_name = "ID")]
    application: Option<String>,
    /// How far back job runs and sessions are read, such as `24h`.
    #[arg(long, value_name = "DURATION", value_parser = duration_of)]
    since: Option<SignedDuration>,
    /// How long the run may take, such as `10m`: what is not read and judged by then is a gap.
    #[arg(long, value_name = "DURATION", value_parser = time_limit_of)]
    deadline: Option<SignedDuration>,
    /// No progress bar.
    #[arg(long)]
    pub(super) no_progress: bool,
}

impl WalkArgs {
    /// The plan of the configuration, narrowed by the flags.
    pub(super) fn plan(&self, config: &Config) -> Plan {
        let mut plan = Plan::of(config, Timestamp::now(), self.walk_until());
        if !self.accounts.is_empty() {
            plan.accounts.clone_from(&self.accounts);
        }
        if !self.regions.is_empty() {
            plan.regions.clone_from(&self.regions);
        }
        plan.only = self
            .application
            .iter()
            .map(|id| Target {
                place: None,
                application: id.clone(),
                job_runs: None,
            })
            .collect();
        plan.is_narrowed = self.narrows();
        plan.asked = RequestedNames {
            accounts: !self.accounts.is_empty(),
            regions: !self.regions.is_empty(),
        };
        if let Some(since) = self.since {
            plan.job_runs_since = Some(since_when(Timestamp::now(), since));
        }
        plan
    }

    /// When the walk must have ended, so that a tenth of the time is left to judge what came last.
    fn walk_until(&self) -> Option<Instant> {
        let deadline = self.deadline?.unsigned_abs();
        Instant::now().checked_add(deadline.saturating_sub(deadline / 10))
    }

    /// When judging must have ended.
    pub(super) fn judge_until(&self) -> Option<Instant> {
        Instant::now().checked_add(self.deadline?.unsigned_abs())
    }

    /// The application that was asked for, where all was read and it is neither there nor just gone.
    pub(super) fn missed(&self, report: &Report) -> Option<&str> {
        let gone = report
            .findings
            .iter()
            .any(|row| row.status == Status::Resolved);
        let missed = report.run.complete && report.applications.is_empty() && !gone;
        self.application.as_deref().filter(|_| missed)
    }

    /// Whether a flag narrows the walk, which makes no sense for a snapshot.
    pub(super) fn narrows(&self) -> bool {
        !self.accounts.is_empty()
            || !self.regions.is_empty()
            || self.application.is_some()
            || self.since.is_some()
    }
}
