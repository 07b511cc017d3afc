//! What EventBridge tells: an application that changed, a job run that starts.
//!
//! Delivery is best effort, more than once, and in any order. So an event only says where to look: what is
//! judged is read from EMR Serverless, and what events missed, the next scan finds.
//!
//! Source: EMR Serverless User Guide, "Automating EMR Serverless with Amazon EventBridge".

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use lineward_rules::estate::{AccountId, Region};
use serde_json::Value;

use crate::collect::{Plan, Target};
use crate::config::{Config, account_of, region_of};

/// How late an event of a job run may be. One that is later could tell of a run that another of the same job
/// has followed since; of an application, what is read is always what is now. The queue of `infra/auditor.yaml`
/// gives an event four times, 16 minutes apart.
const LATEST: SignedDuration = SignedDuration::from_mins(75);

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
pub enum Told {
    /// To look there.
    Look(Target),
    /// Nothing: it tells of nothing that can be judged.
    Nothing,
    /// What may not be true any more, so that nobody looks: it came too late.
    Late,
}

/// What an event asks for.
pub fn told(event: &Value, now: Timestamp) -> Result<Told, EventError> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let kind = text("/detail-type").unwrap_or_default();
    let (application, job_run) = match kind {
        "EMR Serverless Application State Change" => ("/detail/applicationId", None),
        "EMR Serverless Job Run State Change" => {
            // A run causes an event for each of its states: the first will do.
            if text("/detail/state") != Some("SUBMITTED") {
                return Ok(Told::Nothing);
            }
            if is_late(text("/time"), now)? {
                return Ok(Told::Late);
            }
            ("/detail/applicationId", Some("/detail/jobRunId"))
        }
        "AWS API Call via CloudTrail" => match text("/detail/eventName") {
            // A call that was refused has changed nothing.
            _ if text("/detail/errorCode").is_some() => return Ok(Told::Nothing),
            Some("CreateApplication") => ("/detail/responseElements/applicationId", None),
            Some("UpdateApplication") => ("/detail/requestParameters/applicationId", None),
            Some(name) => return Err(EventError::Unknown(name.to_owned())),
            None => return Err(EventError::Malformed("eventName")),
        },
        other => return Err(EventError::Unknown(other.to_owned())),
    };
    let account = text("/account").and_then(|it| account_of(it).ok());
    let region = text("/region").and_then(|it| region_of(it).ok());
    let account = account.ok_or(EventError::Malformed("account"))?;
    let region = region.ok_or(EventError::Malformed("region"))?;
    let application = id(text(application)).ok_or(EventError::Malformed("applicationId"))?;
    let job_runs = match job_run {
        None => BTreeSet::new(),
        Some(pointer) => [id(text(pointer)).ok_or(EventError::Malformed("jobRunId"))?].into(),
    };
    Ok(Told::Look(Target {
        place: Some((account, region)),
        application,
        job_runs: Some(job_runs),
    }))
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
    let organization = &config.organization;
    let is_meant = |account: &AccountId, region: &Region| {
        (organization.accounts.is_empty() || organization.accounts.contains(account))
            && (organization.regions.is_empty() || organization.regions.contains(region))
    };
    let mut only: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for target in targets {
        if let Some((account, region)) = target.place
            && is_meant(&account, &region)
        {
            let runs = only
                .entry((account, region, target.application))
                .or_default();
            runs.extend(target.job_runs.unwrap_or_default());
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
            job_runs: Some(runs),
        });
    Some(Plan {
        accounts: accounts.into_iter().collect(),
        regions: regions.into_iter().collect(),
        only: only.collect(),
        is_narrowed: true,
        ..plan
    })
}

#[cfg(test)]
mod tests {
    use super::*;
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
            Told::Look(target) => Some(target),
            Told::Nothing | Told::Late => None,
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
        let running = told(&run("RUNNING", "2026-11-23T11:59:00Z"), now());
        assert_eq!(running, Ok(Told::Nothing));
        let late = told(&run("SUBMITTED", "2026-11-23T10:40:00Z"), now());
        assert_eq!(late, Ok(Told::Late));
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
