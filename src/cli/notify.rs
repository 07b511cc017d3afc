//! `lineward notify`.

use std::path::PathBuf;

use clap::Args;
use lineward::audit;
use lineward::config::FirstRun;
use lineward::notify::{Action, Plan};
use lineward::report::{Notification, Report, SCHEMA};
use serde_json::json;

use super::{Exit, Failure, put, terminal};

/// Tell PagerDuty of a report that was saved, as the run that made it would have.
#[derive(Debug, Args)]
pub(super) struct Notify {
    /// The report, as JSON.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
    /// The configuration; `lineward.toml` in the working folder if it is there.
    #[arg(long, env = "LINEWARD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the ledger is kept.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// What becomes of more incidents than `max_events` where nobody was paged before.
    #[arg(long, value_enum, value_name = "CHOICE")]
    first_run: Option<FirstRun>,
    /// Print the events, one a line, and send nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Notify {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let mut config = super::config(self.config.as_deref())?;
        if let Some(url) = &self.store {
            config.store.url.clone_from(url);
        }
        super::choose(&mut config, self.first_run);
        let report = self.read()?;
        if self.dry_run {
            let plan = audit::preview(&config, &report).await;
            let plan = plan.map_err(|error| super::audit_failure(&error))?;
            return put(None, &events(&plan));
        }
        let notification = audit::notify(&config, &report).await;
        let notification = notification.map_err(|error| super::audit_failure(&error))?;
        let delivered = tell(&notification);
        Ok(if delivered {
            Exit::Clean
        } else {
            Exit::Incomplete
        })
    }

    fn read(&self) -> Result<Report, Failure> {
        let wrong = |problem: String| Failure {
            exit: Exit::Usage,
            message: format!("report `{}`: {problem}", self.report.display()),
        };
        let text =
            std::fs::read_to_string(&self.report).map_err(|error| wrong(error.to_string()))?;
        let report: Report = serde_json::from_str(&text).map_err(|error| {
            wrong(format!(
                "{error}; expected what `lineward audit --format json` writes"
            ))
        })?;
        if !Report::reads(&report.schema) {
            return Err(wrong(format!(
                "schema `{}`, expected `{SCHEMA}`",
                report.schema
            )));
        }
        Ok(report)
    }
}

/// The events without their routing keys, of which only the names are told.
fn events(plan: &Plan) -> String {
    let lines = plan.changes.iter().map(|change| {
        let (action, event) = match &change.action {
            Action::Trigger { event, .. } => ("trigger", json!(event)),
            Action::Resolve { .. } => ("resolve", json!({})),
        };
        let event = json!({
            "routing_key": change.routing_key,
            "event_action": action,
            "dedup_key": change.dedup_key,
            "event": event,
        });
        format!("{event}\n")
    });
    lines.collect()
}

/// Says what PagerDuty took; whether it took everything.
pub(super) fn tell(notification: &Notification) -> bool {
    let Notification {
        opened,
        updated,
        resolved,
        folded,
        unroutable,
        owed,
        failed,
        held: _,
        problems: _,
    } = notification;
    terminal::say(&format!(
        "PagerDuty: {opened} opened, {updated} updated, {resolved} resolved, {folded} folded into a summary, \
         {owed} owed to the next run, {failed} not taken, {unroutable} without a routing key"
    ));
    for warning in notification.warnings() {
        terminal::say(&format!("warning: {warning}"));
    }
    notification.is_whole()
}
