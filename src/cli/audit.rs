//! `lineward audit`.

use std::path::PathBuf;

use clap::Args;
use jiff::SignedDuration;
use lineward::audit::{self, AuditError, Outcome, Request};
use lineward::config::{FirstRun, time_limit_of};
use lineward::report::{Format, Report, Trigger};
use lineward::source::Source;
use lineward_rules::Severity;

use super::walk::WalkArgs;
use super::{Exit, Failure, put, terminal};

/// Walk the accounts, judge what is there, report, and with --notify page.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Audit {
    #[command(flatten)]
    walk: WalkArgs,
    /// Judge a snapshot of `lineward collect` instead of walking.
    #[arg(long, value_name = "FILE")]
    estate: Option<PathBuf>,
    /// Where the ledger and the reports are kept.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Where the report is written, instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Open and resolve incidents.
    #[arg(long)]
    notify: bool,
    /// What becomes of more incidents than `max_events` where nobody was paged before.
    #[arg(long, value_enum, value_name = "CHOICE", requires = "notify")]
    first_run: Option<FirstRun>,
    /// Record all that is found as known: it pages nobody, now or later, unless it was gone and is back.
    #[arg(long, conflicts_with = "notify")]
    baseline: bool,
    /// Take up the accounts that a run has read which was interrupted, or met gaps elsewhere.
    #[arg(long, conflicts_with_all = ["estate", "no_store", "application"])]
    resume: bool,
    /// How long ago an account may have been read to be taken up.
    #[arg(long, value_name = "DURATION", default_value = "1h", requires = "resume", value_parser = time_limit_of)]
    resume_within: SignedDuration,
    /// Store nothing: neither report nor ledger. What is new stays new for the runs that follow.
    #[arg(long, conflicts_with_all = ["notify", "baseline"])]
    no_store: bool,
    /// The least severity of an open finding that gives exit code 1.
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = severity_of)]
    fail_on: Severity,
}

impl Audit {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let mut config = super::config(self.walk.config.as_deref())?;
        if let Some(url) = &self.store {
            config.store.url.clone_from(url);
        }
        super::choose(&mut config, self.first_run);
        if let Some(folder) = self.output.as_ref().filter(|path| path.is_dir()) {
            let message = format!("`{}` is a folder, --output takes a file", folder.display());
            return Err(Failure {
                exit: Exit::Usage,
                message,
            });
        }
        let source = match &self.estate {
            Some(_) if self.walk.narrows() => {
                let message = "--account, --region, --application and --since narrow a walk; \
                               they can't be used with --estate"
                    .into();
                return Err(Failure {
                    exit: Exit::Usage,
                    message,
                });
            }
            Some(path) => Source::Snapshot(path.clone()),
            None => {
                let mut plan = self.walk.plan(&config);
                plan.interrupt = super::signal::listen();
                Source::Live(Box::new(plan))
            }
        };
        let request = Request {
            source,
            trigger: Trigger::Cli,
            notify: self.notify,
            judge_until: self.walk.judge_until(),
            send_until: None,
            baseline: self.baseline,
            resume_within: self.resume.then_some(self.resume_within),
            is_look: self.no_store,
        };
        let progress = terminal::Progress::new(!self.walk.no_progress);
        let outcome = audit::audit(&config, request, |slice| progress.add(slice)).await;
        drop(progress);
        if let Err(AuditError::Unsaved { report, .. } | AuditError::Undecided { report, .. }) =
            &outcome
        {
            self.write(report)?;
        }
        let outcome = outcome.map_err(|error| super::audit_failure(&error))?;
        let written = self.write(&outcome.report);
        let delivered = self.no_store || tell(&outcome);
        written?;
        if let Some(id) = self.walk.missed(&outcome.report) {
            terminal::say(&format!(
                "error: no application `{id}` in the accounts and Regions that were walked"
            ));
            return Ok(Exit::Usage);
        }
        Ok(
            if !outcome.report.run.complete || !delivered || outcome.ahead.is_some() {
                Exit::Incomplete
            } else if outcome.report.has_open(self.fail_on) {
                Exit::Findings
            } else {
                Exit::Clean
            },
        )
    }

    fn write(&self, report: &Report) -> Result<Exit, Failure> {
        let to_terminal = self.output.is_none();
        let color = to_terminal && terminal::color(&std::io::stdout());
        let width = if to_terminal { terminal::width() } else { None };
        let text = report.render(self.format, width, color);
        put(self.output.as_ref(), &text)
    }
}

/// Says where things lie and what PagerDuty took; whether it took everything.
fn tell(outcome: &Outcome) -> bool {
    if let Some(place) = &outcome.report_at {
        terminal::say(&format!("report: {place}"));
    }
    match &outcome.ledger_at {
        Some(path) => terminal::say(&format!("ledger: {path}")),
        None => terminal::say("ledger: left alone, a run after this estate has written it"),
    }
    outcome
        .report
        .notification
        .as_ref()
        .is_none_or(super::notify::tell)
}

fn severity_of(text: &str) -> Result<Severity, String> {
    let known = Severity::WORST_FIRST
        .into_iter()
        .find(|severity| severity.as_str() == text);
    known.ok_or_else(|| "expected critical, high, medium or low".into())
}
