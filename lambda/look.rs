//! Looks where events point, and says which messages must come again.

use jiff::Timestamp;
use lineward::audit::{self, Request};
use lineward::collect::{CallCounts, Plan, Target};
use lineward::config::Config;
use lineward::estate::{AccountId, Arn, Cause, Gap, Region};
use lineward::events::{self, EventError, EventRequest};
use lineward::report::Trigger;
use lineward::source::Source;
use serde_json::{Value, json};

use crate::task::{Message, UnknownEvent};
use crate::{Failure, metrics, repeats};

/// How often the event of a new application may come, which pages nobody until `grace` has passed: once less than
/// the queue of `infra/auditor.yaml` gives it.
const RECEIVED_FOR_NEWBORN: u32 = 4;

/// What could not be read, and where.
struct UnreadResource {
    account: AccountId,
    region: Region,
    gap: Gap,
}

/// What messages ask for.
#[derive(Default)]
struct Worklist<'a> {
    targets: Vec<(&'a Message, Target)>,
    accounts: Vec<(&'a Message, AccountId)>,
    again: Vec<&'a Message>,
}

/// Audits what these events point at, all in one run.
pub(crate) async fn at(
    config: &Config,
    messages: &[Message],
    plan: Plan,
    request: impl Fn(Source, Trigger) -> Request,
) -> Result<(String, CallCounts, Value), Failure> {
    let Worklist {
        mut targets,
        accounts,
        mut again,
    } = worklist(messages)?;
    let narrowed = if accounts.is_empty() {
        let applications = targets.iter().map(|(_, target)| target.clone());
        events::plan(config, applications, plan)
    } else {
        // Each kind has a queue of its own. Where they come together, one comes again.
        again.extend(targets.drain(..).map(|(message, _)| message));
        let changed = accounts.iter().map(|(_, account)| account.clone());
        events::plan_of_accounts(config, changed, plan)
    };
    let Some(plan) = narrowed else {
        return Ok((String::new(), CallCounts::default(), answer(None, &again)));
    };
    let request = request(Source::Live(Box::new(plan)), Trigger::Event);
    let mut unread = Vec::new();
    let outcome = audit::audit(config, request, |slice| {
        for scope in &slice.scopes {
            unread.extend(scope.gaps.iter().map(|gap| UnreadResource {
                account: slice.account.id.clone(),
                region: scope.region.clone(),
                gap: gap.clone(),
            }));
        }
    });
    let outcome = outcome.await.map_err(Failure::Audit)?;
    crate::tell(&outcome.report);
    let run = outcome.report.run.id.clone();
    if let Some(scanned_at) = outcome.scanned_at {
        metrics::of_ledger(&run, scanned_at, Timestamp::now());
    }
    unread.retain(|unread| is_worth_another_try(unread.gap.cause));
    for (message, target) in &targets {
        let is_newborn = outcome.newborn.iter().any(|arn| is_part(arn, target));
        // What waits for too long is left to the next scan, rather than put aside as failed.
        if is_newborn && message.received < RECEIVED_FOR_NEWBORN
            || unread.iter().any(|unread| unread.is_of(target))
        {
            again.push(message);
        } else {
            repeats::remember(target);
        }
    }
    let are_roles_unread = |account| unread.iter().any(|unread| unread.is_of_roles(account));
    let unjudged = accounts
        .iter()
        .filter(|(_, account)| are_roles_unread(account));
    again.extend(unjudged.map(|(message, _)| *message));
    // Without a queue, only an error brings an event again.
    if again.iter().any(|message| message.id.is_none()) {
        return Err(Failure::Unread);
    }
    Ok((run.clone(), outcome.calls, answer(Some(&run), &again)))
}

/// Reads messages. What this process has looked at already is left out.
fn worklist(messages: &[Message]) -> Result<Worklist<'_>, Failure> {
    let now = Timestamp::now();
    let mut list = Worklist::default();
    let mut late = 0;
    for message in messages {
        let told = match &message.event {
            Some(event) => events::told(event, now),
            None => Err(EventError::Malformed("body")),
        };
        match told {
            Ok(EventRequest::Look(target)) if repeats::are_all_known(&target) => {}
            Ok(EventRequest::Look(target)) => list.targets.push((message, target)),
            Ok(EventRequest::Walk(account)) => list.accounts.push((message, account)),
            Ok(EventRequest::Nothing) => {}
            Ok(EventRequest::Late) => {
                tracing::warn!(message = message.id, "an event came too late");
                late += 1;
            }
            Err(error) if message.id.is_none() => {
                return Err(Failure::Event(UnknownEvent(error.to_string())));
            }
            Err(error) => {
                // The queue keeps what can't be understood where somebody can look at it.
                tracing::warn!(%error, message = message.id, "an event is left");
                list.again.push(message);
            }
        }
    }
    metrics::of_events(late);
    Ok(list)
}

impl UnreadResource {
    /// Whether it kept the target of an event from being judged.
    fn is_of(&self, target: &Target) -> bool {
        let is_here = target.place.as_ref().is_some_and(|(account, region)| {
            let is_in = self.region == *region || self.region == Region::global();
            self.account == *account && is_in
        });
        is_here
            && self
                .gap
                .resource
                .as_ref()
                .is_none_or(|it| is_part(it, target))
    }

    /// Whether it kept the roles of an account from being judged.
    fn is_of_roles(&self, account: &AccountId) -> bool {
        self.account == *account && self.region == Region::global()
    }
}

/// Whether this is the application of a target, or one of the job runs that its event asks for.
fn is_part(resource: &Arn, target: &Target) -> bool {
    let path = resource.as_str().split_once(":/applications/");
    let mut parts = path.map_or("", |(_, path)| path).split('/');
    let application = parts.next();
    let job_run = parts.nth(1);
    let is_asked = |run| target.job_runs.as_ref().is_none_or(|it| it.contains(run));
    application == Some(&target.application) && job_run.is_none_or(is_asked)
}

/// Whether what could not be read may be readable in a minute: who is denied now is denied then, and the next
/// scan tells of it.
fn is_worth_another_try(cause: Cause) -> bool {
    !matches!(cause, Cause::Denied | Cause::DeniedByScp)
}

fn answer(run: Option<&str>, again: &[&Message]) -> Value {
    let failures = again.iter().filter_map(|it| it.id.as_ref());
    let failures: Vec<_> = failures.map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "run": run, "batchItemFailures": failures })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(application: &str, job_run: Option<&str>) -> Target {
        Target {
            place: Some(("111122223333".into(), "eu-west-1".into())),
            application: application.into(),
            job_runs: Some(job_run.into_iter().map(str::to_owned).collect()),
        }
    }

    fn unread(region: &str, path: Option<&str>) -> UnreadResource {
        let arn =
            |it| format!("arn:aws:emr-serverless:{region}:111122223333:/applications/{it}").into();
        UnreadResource {
            account: "111122223333".into(),
            region: region.into(),
            gap: Gap {
                operation: "GetJobRun".into(),
                resource: path.map(arn),
                cause: Cause::Throttled,
                code: "ThrottlingException".into(),
                reason: "Rate exceeded".into(),
            },
        }
    }

    #[test]
    fn a_gap_brings_back_the_events_of_its_own_resource_alone() {
        let (change, run) = (target("a", None), target("a", Some("1")));
        let other = target("b", None);
        let of = |unread: UnreadResource| [&change, &run, &other].map(|it| unread.is_of(it));
        assert_eq!(of(unread("eu-west-1", Some("a"))), [true, true, false]);
        assert_eq!(
            of(unread("eu-west-1", Some("a/jobruns/1"))),
            [false, true, false]
        );
        assert_eq!(
            of(unread("eu-west-1", Some("a/jobruns/2"))),
            [false, false, false]
        );
        assert_eq!(of(unread("eu-west-1", None)), [true, true, true]);
        assert_eq!(of(unread("global", None)), [true, true, true]);
        assert_eq!(of(unread("us-east-1", None)), [false, false, false]);
    }
}
