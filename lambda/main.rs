//! The Lambda: event, call, answer.

mod deadline;
mod logs;
mod look;
mod metrics;
mod repeats;
mod task;

use std::path::PathBuf;

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use lineward::audit::{self, AuditError, Outcome, Request};
use lineward::collect::{CallCounts, Plan};
use lineward::config::{Config, ConfigError};
use lineward::fan_out::{self, FanOutError};
use lineward::report::{Notification, Report, Trigger};
use lineward::source::Source;
use lineward::store::{self, StoreError};
use serde::Serialize;
use serde_json::{Value, json};
use task::Task;
use tokio::time::Instant;

/// Half the processor time of a walk went into the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    logs::init();
    let handler = service_fn(move |event| {
        // Boxed, since the compiler does not follow futures nested any deeper.
        Box::pin(async move { Box::pin(handle(event)).await.map_err(Diagnostic::from) })
    });
    lambda_runtime::run(handler).await
}

/// The configuration of `LINEWARD_CONFIG`, a file or an object `s3://…`, and the environment. It is read at each
/// invocation: who changes it need not deploy, and a broken one is told to each caller with its own error type.
async fn configuration() -> Result<Config, Failure> {
    let environment = lineward::config::environment();
    let place = std::env::var("LINEWARD_CONFIG").ok();
    let config = match place.as_deref() {
        Some(url) if url.starts_with("s3://") => {
            let text = store::read(url).await.map_err(|error| {
                if matches!(error, StoreError::NoObject(_) | StoreError::Url(_)) {
                    Failure::NoConfiguration(error)
                } else {
                    Failure::Store(error)
                }
            })?;
            Config::read(url, &text, environment)
        }
        place => Config::load(place.map(PathBuf::from).as_deref(), environment),
    };
    config.map_err(Failure::Configuration)
}

/// Why an invocation failed.
#[derive(Debug)]
enum Failure {
    Configuration(ConfigError),
    NoConfiguration(StoreError),
    Event(task::UnknownEvent),
    Store(StoreError),
    Audit(AuditError),
    Unread,
    FanOut(FanOutError),
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Failure> {
    let begun = Instant::now();
    let task = task::of(&event.payload).map_err(Failure::Event)?;
    let config = configuration().await?;
    let walk_until = deadline::of_walk(event.context.deadline, Timestamp::now());
    let send_until = deadline::of_sending(event.context.deadline, Timestamp::now());
    // What comes between the two is shared by judging and sending.
    let judge_until = walk_until.zip(send_until);
    let judge_until = judge_until.map(|(walk, send)| walk + (send - walk) / 2);
    let request = |source, trigger| Request {
        source,
        trigger,
        notify: config.pagerduty.is_some(),
        resume_within: None,
        judge_until,
        send_until,
        baseline: false,
        is_look: false,
    };
    // What is recorded as known pages nobody.
    let of_all = |source, trigger, baseline: bool| {
        let request = request(source, trigger);
        Request {
            notify: request.notify && !baseline,
            baseline,
            ..request
        }
    };
    let plan = || Plan::of(&config, Timestamp::now(), walk_until);
    let (run, calls, answer) = match task {
        Task::Audit { baseline } => {
            let source = Source::Live(Box::new(plan()));
            whole(&config, of_all(source, Trigger::Schedule, baseline)).await?
        }
        Task::Finish { run, baseline } => {
            let source = Source::FanOut(run);
            whole(&config, of_all(source, Trigger::FanOut, baseline)).await?
        }
        Task::Plan => {
            let planned = fan_out::plan(&config, walk_until)
                .await
                .map_err(Failure::FanOut)?;
            (planned.run.clone(), planned.calls, written(&planned))
        }
        Task::Scan(batch) => {
            let scanned = fan_out::scan(&config, &batch, walk_until).await;
            let scanned = scanned.map_err(Failure::FanOut)?;
            (batch.run, scanned.calls, written(&scanned))
        }
        Task::Look(messages) => Box::pin(look::at(&config, &messages, plan(), request)).await?,
    };
    metrics::of_invocation(&run, calls, begun.elapsed());
    Ok(answer)
}

/// A run over the whole organization.
async fn whole(config: &Config, request: Request) -> Result<(String, CallCounts, Value), Failure> {
    let outcome = audit::audit(config, request, |_| ())
        .await
        .map_err(Failure::Audit)?;
    let report = &outcome.report;
    tracing::info!(
        run = report.run.id,
        complete = report.run.complete,
        applications = report.summary.applications,
        report = outcome.report_at.as_deref(),
        "audited"
    );
    metrics::of_run(report, Timestamp::now());
    tell(report);
    Ok((report.run.id.clone(), outcome.calls, answer(&outcome)))
}

/// Says what PagerDuty took, and what it didn't.
fn tell(report: &Report) {
    let Some(notification) = &report.notification else {
        return;
    };
    metrics::of_notification(&report.run.id, notification);
    for warning in notification.warnings() {
        tracing::warn!(run = report.run.id, "{warning}");
    }
}

/// What the invoker is told: numbers, and where the report lies. Step Functions takes no more than 256 KiB, so that
/// what went wrong with each incident is left to the report.
fn answer(outcome: &Outcome) -> Value {
    let report = &outcome.report;
    let notification = report.notification.as_ref().map(|told| Notification {
        problems: Vec::new(),
        ..told.clone()
    });
    json!({
        "run": report.run.id,
        "complete": report.run.complete,
        "accounts": report.coverage.accounts,
        "findings": report.summary.findings,
        "applications": report.summary.applications,
        "new_applications": report.summary.new_applications,
        "notification": notification,
        "report": outcome.report_at,
    })
}

fn written(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Stable error types: whoever invokes this decides by them whether to try again.
impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let (error_type, error_message) = match &failure {
            Failure::Configuration(error) => ("Lineward.Configuration", error.to_string()),
            Failure::NoConfiguration(error) => ("Lineward.Configuration", error.to_string()),
            Failure::Event(error) => ("Lineward.UnknownEvent", error.to_string()),
            Failure::Store(error) => ("Lineward.Store", error.to_string()),
            Failure::Unread => (
                "Lineward.Unread",
                "what the event tells of can't be read, or paged, yet".to_owned(),
            ),
            Failure::Audit(error) => (audit_error_type(error), error.to_string()),
            Failure::FanOut(error) => (fan_out_error_type(error), error.to_string()),
        };
        tracing::error!(error_type, error_message, "failed");
        Self {
            error_type: error_type.into(),
            error_message,
        }
    }
}

fn audit_error_type(error: &AuditError) -> &'static str {
    match error {
        AuditError::Start(_) => "Lineward.Connection",
        AuditError::Snapshot(_)
        | AuditError::StaleEstate
        | AuditError::StaleReport
        | AuditError::ForeignReport
        | AuditError::FutureEstate(_) => "Lineward.Snapshot",
        AuditError::FanOut(error) => fan_out_error_type(error),
        AuditError::Store(_) | AuditError::Unsaved { .. } => "Lineward.Store",
        AuditError::Routing(_) | AuditError::NoPagerDuty | AuditError::Undecided { .. } => {
            "Lineward.Configuration"
        }
    }
}

fn fan_out_error_type(error: &FanOutError) -> &'static str {
    match error {
        FanOutError::Connection(_) => "Lineward.Connection",
        FanOutError::Store(_) => "Lineward.Store",
        FanOutError::Snapshot(_)
        | FanOutError::Run(_)
        | FanOutError::NoPlan(_)
        | FanOutError::Plan { .. } => "Lineward.Plan",
    }
}
