//! The Lambda: event, call, answer.

mod deadline;
mod task;

use std::sync::Arc;

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use lineward::audit::{self, AuditError, Outcome, Request, Source};
use lineward::collect::Plan;
use lineward::config::{Config, ConfigError};
use lineward::report::Trigger;
use serde_json::{Value, json};

/// Half the processor time of a walk went into the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    // A broken configuration is told to each caller, with its own error type, rather than ending the
    // process before it can answer.
    let config = Arc::new(configuration());
    let handler = service_fn(move |event| {
        let config = Arc::clone(&config);
        // Boxed, since the compiler does not follow futures nested any deeper.
        Box::pin(async move { handle(&config, event).await.map_err(Diagnostic::from) })
    });
    lambda_runtime::run(handler).await
}

/// The configuration of `LINEWARD_CONFIG` and the environment.
fn configuration() -> Result<Config, ConfigError> {
    let path = std::env::var_os("LINEWARD_CONFIG").map(std::path::PathBuf::from);
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Config::load(path.as_deref(), environment)
}

/// Why an invocation failed.
enum Failure {
    Configuration(String),
    Event(task::UnknownEvent),
    Audit(AuditError),
}

async fn handle(
    config: &Result<Config, ConfigError>,
    event: LambdaEvent<Value>,
) -> Result<Value, Failure> {
    let config = config
        .as_ref()
        .map_err(|error| Failure::Configuration(error.to_string()))?;
    let task::Task::Audit = task::of(&event.payload).map_err(Failure::Event)?;
    let deadline = deadline::of_walk(event.context.deadline, Timestamp::now());
    let plan = Plan::of(config, Timestamp::now(), deadline);
    let request = Request {
        source: Source::Live(Box::new(plan)),
        trigger: Trigger::Schedule,
        notify: config.pagerduty.is_some(),
        send_until: deadline::of_sending(event.context.deadline, Timestamp::now()),
        baseline: false,
    };
    let outcome = audit::audit(config, request, |_| ())
        .await
        .map_err(Failure::Audit)?;
    Ok(answer(&outcome))
}

/// What the invoker is told: numbers, and where the report lies.
fn answer(outcome: &Outcome) -> Value {
    let report = &outcome.report;
    json!({
        "run": report.run.id,
        "complete": report.run.complete,
        "accounts": report.coverage.accounts,
        "summary": report.summary,
        "notification": report.notification,
        "report": outcome.report_at,
    })
}

/// Stable error types: whoever invokes this decides by them whether to try again.
impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let (error_type, error_message) = match failure {
            Failure::Configuration(message) => ("Lineward.Configuration", message),
            Failure::Event(error) => ("Lineward.UnknownEvent", error.to_string()),
            Failure::Audit(error) => (audit_error_type(&error), error.to_string()),
        };
        Self {
            error_type: error_type.into(),
            error_message,
        }
    }
}

fn audit_error_type(error: &AuditError) -> &'static str {
    match error {
        AuditError::Connection(_) => "Lineward.Connection",
        AuditError::Snapshot(_)
        | AuditError::StaleEstate
        | AuditError::StaleReport
        | AuditError::FutureEstate(_) => "Lineward.Snapshot",
        AuditError::FanOut(_) => "Lineward.Plan",
        AuditError::Store(_) | AuditError::Unsaved { .. } => "Lineward.Store",
        AuditError::Routing(_) | AuditError::NoPagerDuty => "Lineward.Configuration",
    }
}
