//! What EventBridge tells: an application that changed, a job run that starts, a role that changed.
//!
//! Delivery is best effort, more than once, and in any order. So an event only says where to look: what is
//! judged is read from EMR Serverless, and what events missed, the next scan finds.
//!
//! Source: EMR Serverless User Guide, "Automating EMR Serverless with Amazon EventBridge".

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use lineward_rules::estate::AccountId;
use serde_json::Value;

use crate::collect::{Plan, Target};
use crate::config::{Config, account_of, region_of};

/// How late an event of a job run may be. One that is later could tell of a run that another of the same job
/// has followed since; of an application, what is read is always what is now. The queue of `infra/auditor.yaml`
/// gives an event five times, 6 minutes apart.
const LATEST: SignedDuration = SignedDuration::from_mins(75);

/// The states of a job run up to the one in which it runs. Which of them is told first is not documented, so that
/// each will do.
const STARTING: [&str; 5] = ["SUBMITTED", "QUEUED", "PENDING", "SCHEDULED", "RUNNING"];

/// Why an event can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// It is of a kind that was not asked for.
    #[error("an event of type `{0}` is not handled")]
    Unknown(String),
    /// Something in it is missing or malformed.
    #[error("`{0}` of the event is missing or malformed")]
    Malformed(&'static str),
}

/// What an event asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventRequest {
    /// To look there.
    Look(Target),
    /// To read this account, whose roles or policies have changed.
    Walk(AccountId),
    /// Nothing: it tells of nothing that can be judged.
    Nothing,
    /// What may not be true any more, so that nobody looks: it came too late.
    Late,
}

/// What an event asks for.
pub fn told(event: &Value, now: Timestamp) -> Result<EventRequest, EventError> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let kind = text("/detail-type").unwrap_or_default();
    let none = || Some(BTreeSet::new());
    let application = |pointer| id(text(pointer)).ok_or(EventError::Malformed("applicationId"));
    let (application, job_runs) = match kind {
        "EMR Serverless Application State Change" => {
            (application("/detail/applicationId")?, none())
        }
        "EMR Serverless Job Run State Change" => {
            if !text("/detail/state").is_some_and(|state| STARTING.contains(&state)) {
                return Ok(EventRequest::Nothing);
            }
            if is_late(text("/time"), now)? {
                return Ok(EventRequest::Late);
            }
            let run = id(text("/detail/jobRunId")).ok_or(EventError::Malformed("jobRunId"))?;
            (application("/detail/applicationId")?, Some([run].into()))
        }
        "AWS API Call via CloudTrail" => match text("/detail/eventName") {
            // A call that was refused has changed nothing.
            _ if text("/detail/errorCode").is_some() => return Ok(EventRequest::Nothing),
            _ if text("/detail/eventSource") == Some("iam.amazonaws.com") => {
                return account_in(text("/account")).map(EventRequest::Walk);
            }
            Some("CreateApplication") => (
                application("/detail/responseElements/applicationId")?,
                none(),
            ),
            Some("UpdateApplication") => (
                application("/detail/requestParameters/applicationId")?,
                none(),
            ),
            Some("TagResource" | "UntagResource") => {
                let arn = text("/detail/requestParameters/resourceArn");
                arn.and_then(tagged)
                    .ok_or(EventError::Malformed("resourceArn"))?
            }
            // Single sessions are not asked for: all of the window are read.
            Some("StartSession") => (
                application("/detail/requestParameters/applicationId")?,
                None,
            ),
            Some(name) => return Err(EventError::Unknown(name.to_owned())),
            None => return Err(EventError::Malformed("eventName")),
        },
        other => return Err(EventError::Unknown(other.to_owned())),
    };
    let region = text("/region").and_then(|region| region_of(region).ok());
    let region = region.ok_or(EventError::Malformed("region"))?;
    Ok(EventRequest::Look(Target {
        place: Some((account_in(text("/account"))?, region)),
        application,
        job_runs,
    }))
}

fn account_in(text: Option<&str>) -> Result<AccountId, EventError> {
    text.and_then(|account| account_of(account).ok())
        .ok_or(EventError::Malformed("account"))
}

/// The application that was tagged, or the job run and its application.
fn tagged(arn: &str) -> Option<(String, Option<BTreeSet<String>>)> {
    let (_, path) = arn.split_once(":/applications/")?;
    let mut parts = path.split('/');
    let application = id(parts.next())?;
    let job_run = match (parts.next(), parts.next()) {
        (Some("jobruns"), run) => Some(id(run)?),
        _ => None,
    };
    Some((application, Some(job_run.into_iter().collect())))
}

fn is_late(time: Option<&str>, now: Timestamp) -> Result<bool, EventError> {
    let time: Option<Timestamp> = time.and_then(|it| it.parse().ok());
    let time = time.ok_or(EventError::Malformed("time"))?;
    Ok(now.duration_since(time) > LATEST)
}

/// An id as EMR Serverless gives them, which becomes part of a request's path.
fn id(text: Option<&str>) -> Option<String> {
    let plain = |it: &&str| {
        (1..=64).contains(&it.len())
            && it
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.filter(plain).map(str::to_owned)
}

/// The plan that looks at these applications alone, each once. What the configuration leaves out stays left
/// out.
pub fn plan(
    config: &Config,
    targets: impl IntoIterator<Item = Target>,
    plan: Plan,
) -> Option<Plan> {
    let regions = &config.organization.regions;
    let mut only: BTreeMap<_, Option<BTreeSet<String>>> = BTreeMap::new();
    for target in targets {
        if let Some((account, region)) = target.place
            && is_meant(config, &account)
            && (regions.is_empty() || regions.contains(&region))
        {
            let runs = only
                .entry((account, region, target.application))
                .or_insert_with(|| Some(BTreeSet::new()));
            // Who asks for all runs of the window gets more than who asks for one.
            *runs = runs.take().zip(target.job_runs).map(|(mut runs, more)| {
                runs.extend(more);
                runs
            });
        }
    }
    if only.is_empty() {
        return None;
    }
    let accounts: BTreeSet<_> = only.keys().map(|it| it.0.clone()).collect();
    let regions: BTreeSet<_> = only.keys().map(|it| it.1.clone()).collect();
    let only = only
        .into_iter()
        .map(|((account, region, application), runs)| Target {
            place: Some((account, region)),
            application,
            job_runs: runs,
        });
    Some(Plan {
        accounts: accounts.into_iter().collect(),
        regions: regions.into_iter().collect(),
        only: only.collect(),
        is_narrowed: true,
        ..plan
    })
}

/// The plan that reads these accounts alone, each once. What the configuration leaves out stays left out.
pub fn plan_of_accounts(
    config: &Config,
    accounts: impl IntoIterator<Item = AccountId>,
    plan: Plan,
) -> Option<Plan> {
    let accounts: BTreeSet<_> = accounts.into_iter().collect();
    let accounts: Vec<_> = accounts
        .into_iter()
        .filter(|account| is_meant(config, account))
        .collect();
    (!accounts.is_empty()).then(|| Plan {
        accounts,
        is_narrowed: true,
        ..plan
    })
}

fn is_meant(config: &Config, account: &AccountId) -> bool {
    let organization = &config.organization;
    let is_named = |account| organization.accounts.contains(account);
    (organization.accounts.is_empty() || is_named(account))
        && !organization.exclude_accounts.contains(account)
        && config
            .exclude_account
            .iter()
            .all(|it| it.account != *account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineward_rules::estate::Region;
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn event(kind: &str, detail: &Value) -> Value {
        json!({
            "detail-type": kind, "source": "aws.emr-serverless", "account": "111122223333",
            "region": "eu-west-1", "time": "2026-11-23T11:50:00Z", "detail": detail,
        })
    }

    fn run(state: &str, time: &str) -> Value {
        let detail = json!({ "applicationId": "00f1", "jobRunId": "00g1", "state": state });
        let mut event = event("EMR Serverless Job Run State Change", &detail);
        event["time"] = json!(time);
        event
    }

    fn target(event: &Value) -> Option<Target> {
        match told(event, now()).unwrap() {
            EventRequest::Look(target) => Some(target),
            EventRequest::Nothing | EventRequest::Late | EventRequest::Walk(_) => None,
        }
    }

    fn asked(event: &Value) -> Option<(String, usize)> {
        let target = target(event)?;
        Some((target.application, target.job_runs.unwrap().len()))
    }

    #[test]
    fn an_application_is_told_by_each_kind_of_event() {
        let state = event(
            "EMR Serverless Application State Change",
            &json!({ "applicationId": "00f1" }),
        );
        assert_eq!(asked(&state), Some(("00f1".into(), 0)));
        let call = |name: &str, field: &str| {
            let detail = json!({ "eventName": name, field: { "applicationId": "00f1" } });
            event("AWS API Call via CloudTrail", &detail)
        };
        assert_eq!(
            asked(&call("CreateApplication", "responseElements")),
            Some(("00f1".into(), 0))
        );
        assert_eq!(
            asked(&call("UpdateApplication", "requestParameters")),
            Some(("00f1".into(), 0))
        );
        let mut refused = call("CreateApplication", "responseElements");
        refused["detail"]["errorCode"] = json!("AccessDenied");
        assert_eq!(asked(&refused), None);
    }

    #[test]
    fn a_job_run_is_read_once_and_not_when_its_event_is_late() {
        assert_eq!(
            asked(&run("SUBMITTED", "2026-11-23T11:59:00Z")),
            Some(("00f1".into(), 1))
        );
        for state in STARTING {
            assert_eq!(
                asked(&run(state, "2026-11-23T11:59:00Z")),
                Some(("00f1".into(), 1))
            );
        }
        let ended = told(&run("SUCCESS", "2026-11-23T11:59:00Z"), now());
        assert_eq!(ended, Ok(EventRequest::Nothing));
        let late = told(&run("SUBMITTED", "2026-11-23T10:40:00Z"), now());
        assert_eq!(late, Ok(EventRequest::Late));
    }

    #[test]
    fn what_is_no_id_reaches_no_request() {
        for (pointer, value) in [
            ("/detail/applicationId", json!("../roles")),
            ("/detail/applicationId", json!("")),
            ("/detail/applicationId", json!(7)),
            ("/account", json!("1")),
            ("/region", json!("x y")),
        ] {
            let mut event = event(
                "EMR Serverless Application State Change",
                &json!({ "applicationId": "00f1" }),
            );
            *event.pointer_mut(pointer).unwrap() = value;
            assert!(
                matches!(told(&event, now()), Err(EventError::Malformed(_))),
                "{pointer}"
            );
        }
        let other = event("EC2 Instance State-change Notification", &json!({}));
        assert!(matches!(told(&other, now()), Err(EventError::Unknown(_))));
        assert!(told(&json!(null), now()).is_err());
    }

    fn call(name: &str, parameters: &Value) -> Value {
        let detail = json!({ "eventName": name, "requestParameters": parameters });
        event("AWS API Call via CloudTrail", &detail)
    }

    #[test]
    fn tags_and_sessions_point_at_their_application() {
        let tag = |path: &str| {
            let arn = format!("arn:aws:emr-serverless:eu-west-1:111122223333:{path}");
            call("TagResource", &json!({ "resourceArn": arn }))
        };
        assert_eq!(asked(&tag("/applications/00f1")), Some(("00f1".into(), 0)));
        let run = tag("/applications/00f1/jobruns/00g1");
        assert_eq!(asked(&run), Some(("00f1".into(), 1)));
        for path in [
            "/applications/../x",
            "/applications/00f1/jobruns/..",
            "role",
        ] {
            let malformed = Err(EventError::Malformed("resourceArn"));
            assert_eq!(told(&tag(path), now()), malformed, "{path}");
        }
        let session = call("StartSession", &json!({ "applicationId": "00f1" }));
        assert_eq!(target(&session).unwrap().job_runs, None);
        // Whoever asks for the window asks for more than one run.
        let one = target(&run).unwrap();
        let config = Config::default();
        for targets in [
            [one.clone(), target(&session).unwrap()],
            [target(&session).unwrap(), one],
        ] {
            let narrowed = plan(&config, targets, Plan::of(&config, now(), None)).unwrap();
            assert_eq!(narrowed.only.len(), 1);
            assert_eq!(narrowed.only[0].job_runs, None);
        }
    }

    #[test]
    fn a_role_that_changed_asks_for_its_account() {
        let mut changed = call("AttachRolePolicy", &json!({ "roleName": "etl" }));
        changed["source"] = json!("aws.iam");
        changed["detail"]["eventSource"] = json!("iam.amazonaws.com");
        let account = AccountId::from("111122223333");
        assert_eq!(
            told(&changed, now()),
            Ok(EventRequest::Walk(account.clone()))
        );
        let mut config = Config::default();
        let whole = || Plan::of(&Config::default(), now(), None);
        let twice = [account.clone(), account.clone()];
        let narrowed = plan_of_accounts(&config, twice, whole()).unwrap();
        assert_eq!(narrowed.accounts, std::slice::from_ref(&account));
        assert!(narrowed.is_narrowed && narrowed.only.is_empty());
        config.organization.exclude_accounts = vec![account.clone()];
        assert!(plan_of_accounts(&config, [account], whole()).is_none());
        changed["detail"]["errorCode"] = json!("AccessDenied");
        assert_eq!(told(&changed, now()), Ok(EventRequest::Nothing));
    }

    #[test]
    fn many_events_of_one_application_are_one_look() {
        let config = Config::default();
        let targets =
            ["SUBMITTED"; 3].map(|state| target(&run(state, "2026-11-23T11:59:00Z")).unwrap());
        let narrowed = plan(&config, targets.clone(), Plan::of(&config, now(), None)).unwrap();
        assert_eq!((narrowed.only.len(), narrowed.accounts.len()), (1, 1));
        let mut elsewhere = Config::default();
        elsewhere.organization.regions = vec![Region::from("us-east-1")];
        assert!(plan(&elsewhere, targets, Plan::of(&config, now(), None)).is_none());
    }
}
