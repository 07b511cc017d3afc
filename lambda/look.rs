//! Looks where events point, and says which messages must come again.

use jiff::Timestamp;
use lineward::audit::{self, Request, Source};
use lineward::collect::{CallCounts, Plan};
use lineward::config::Config;
use lineward::estate::ScopeState;
use lineward::events::{self, EventError};
use lineward::report::{ScopeRow, Trigger};
use serde_json::{Value, json};

use crate::Failure;
use crate::task::Message;

/// Audits the applications of these events, all in one run.
pub(crate) async fn at(
    config: &Config,
    messages: &[Message],
    plan: Plan,
    request: impl Fn(Source, Trigger) -> Request,
) -> Result<(String, CallCounts, Value), Failure> {
    let now = Timestamp::now();
    let mut again = Vec::new();
    let mut targets = Vec::new();
    for message in messages {
        let target = match &message.event {
            Some(event) => events::target(event, now),
            None => Err(EventError::Malformed("body")),
        };
        match target {
            Ok(Some(target)) => targets.push((message, target)),
            Ok(None) => {}
            Err(error) => {
                // The queue keeps what can't be understood where somebody can look at it.
                tracing::warn!(%error, message = message.id, "an event is left");
                again.push(message);
            }
        }
    }
    let asked = targets.iter().map(|(_, target)| target.clone());
    let Some(plan) = events::plan(config, asked, plan) else {
        return Ok((String::new(), CallCounts::default(), answer(None, &again)));
    };
    let request = request(Source::Live(Box::new(plan)), Trigger::Event);
    let outcome = audit::audit(config, request, |_| ())
        .await
        .map_err(Failure::Audit)?;
    let scopes = &outcome.report.coverage.scopes;
    let unread = targets.iter().filter(|(_, target)| {
        let place = target.place.as_ref();
        place.is_some_and(|(account, region)| {
            let here = |row: &&ScopeRow| {
                row.account == *account
                    && (row.region == *region || row.region.as_str() == "global")
            };
            scopes.iter().filter(here).any(is_worth_another_try)
        })
    });
    again.extend(unread.map(|(message, _)| *message));
    let run = outcome.report.run.id.clone();
    Ok((run.clone(), outcome.calls, answer(Some(&run), &again)))
}

/// Whether what could not be read may be readable in a minute: who is denied now is denied then, and the next
/// scan tells of it.
fn is_worth_another_try(row: &ScopeRow) -> bool {
    let is_denied = row.code.contains("Denied") || row.code.contains("Unauthorized");
    row.outcome == ScopeState::Failed && !is_denied
}

fn answer(run: Option<&str>, again: &[&Message]) -> Value {
    let failures = again.iter().filter_map(|it| it.id.as_ref());
    let failures: Vec<_> = failures.map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "run": run, "batchItemFailures": failures })
}
