//! Events, as they come from member accounts by way of a queue.

use lineward_sandbox::{Block, Cause, Fault, IncidentState, Options, Sandbox};
use serde_json::{Value, json};

use crate::bed::{configuration, invoke};

struct Bed {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    account: String,
}

impl Bed {
    fn new() -> Self {
        let sandbox = Sandbox::start(Options {
            denied: 0,
            suspended: 0,
            ..Options::default()
        });
        let sandbox = sandbox.unwrap();
        let account = sandbox.view(|it| {
            let mut accounts = it.accounts.keys();
            accounts
                .find(|id| **id != it.auditor_account)
                .unwrap()
                .clone()
        });
        Self {
            sandbox,
            folder: tempfile::tempdir().unwrap(),
            account,
        }
    }

    /// A new application with a fault.
    fn create(&self, fault: Fault) -> String {
        let options = Options::default();
        let id = self.sandbox.update(|it| {
            it.create_application(&self.account, "us-east-1", &options)
                .unwrap()
        });
        assert!(self.sandbox.plant(&id, fault));
        id
    }

    fn event(&self, kind: &str, detail: &Value) -> Value {
        json!({
            "version": "0", "source": "aws.emr-serverless", "detail-type": kind,
            "account": self.account, "region": "us-east-1", "time": jiff::Timestamp::now(), "detail": detail,
        })
    }

    fn state_change(&self, id: &str) -> Value {
        self.event(
            "EMR Serverless Application State Change",
            &json!({ "applicationId": id }),
        )
    }

    fn send(&self, events: &[Value]) -> Value {
        let configuration = configuration(&self.sandbox, self.folder.path());
        self.send_again(events, 1, &configuration)
    }

    /// Sends events that the queue has given so often.
    fn send_again(&self, events: &[Value], received: u32, configuration: &str) -> Value {
        let records = events.iter().enumerate().map(|(index, event)| {
            json!({
                "messageId": format!("m{index}"), "body": event.to_string(), "eventSource": "aws:sqs",
                "attributes": { "ApproximateReceiveCount": received.to_string() },
            })
        });
        let records: Vec<_> = records.collect();
        invoke(
            &self.sandbox,
            self.folder.path(),
            configuration,
            &json!({ "Records": records }),
        )
    }

    fn states(&self) -> (usize, usize) {
        let incidents = self.sandbox.pagerduty().incidents;
        let resolved = incidents
            .iter()
            .filter(|it| it.state == IncidentState::Resolved)
            .count();
        (incidents.len() - resolved, resolved)
    }
}

#[test]
fn an_application_is_audited_alone_when_it_changes() {
    let bed = Bed::new();
    let id = bed.create(Fault::Disabled);
    bed.sandbox.reset_calls();
    let answer = bed.send(&[bed.state_change(&id)]);
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert_eq!(bed.states(), (1, 0));
    let calls = bed.sandbox.calls().operations;
    assert!(
        !calls.contains_key("emr-serverless:ListApplications"),
        "{calls:?}"
    );
    assert_eq!(calls.get("emr-serverless:GetApplication"), Some(&1));
    assert_eq!(
        calls
            .keys()
            .filter(|it| it.starts_with("iam:") || it.contains("ListAccounts"))
            .count(),
        0
    );

    // Told twice, late or again, it changes nothing.
    let twice = [bed.state_change(&id), bed.state_change(&id)];
    bed.send(&twice);
    assert_eq!(
        (bed.states(), bed.sandbox.pagerduty().events.len()),
        ((1, 0), 1)
    );
    bed.sandbox.mend(&id);
    bed.send(&[bed.state_change(&id)]);
    assert_eq!(bed.states(), (0, 1));
}

#[test]
fn an_application_that_is_deleted_resolves_its_incident() {
    let bed = Bed::new();
    let id = bed.create(Fault::Disabled);
    bed.send(&[bed.state_change(&id)]);
    bed.sandbox.update(|it| it.delete_application(&id));
    bed.send(&[bed.state_change(&id)]);
    assert_eq!(bed.states(), (0, 1));
}

#[test]
fn a_job_run_that_starts_is_judged_from_one_call() {
    let bed = Bed::new();
    let id = bed.create(Fault::JobReplacesJars);
    let run = bed.sandbox.update(|it| {
        let runs = &it.application_mut(&id).unwrap().job_runs;
        runs.keys().last().unwrap().clone()
    });
    let detail = |state: &str| json!({ "applicationId": id, "jobRunId": run, "state": state });
    let kind = "EMR Serverless Job Run State Change";
    bed.send(&[bed.event(kind, &detail("SUCCESS"))]);
    assert_eq!(bed.states(), (0, 0));
    bed.sandbox.reset_calls();
    bed.send(&[bed.event(kind, &detail("SUBMITTED"))]);
    let calls = bed.sandbox.calls().operations;
    assert_eq!(calls.get("emr-serverless:GetJobRun"), Some(&1), "{calls:?}");
    assert!(!calls.contains_key("emr-serverless:ListJobRuns"));
    assert_eq!(bed.states(), (1, 0));
}

#[test]
fn what_can_not_be_understood_or_read_now_comes_again_and_nothing_else() {
    let bed = Bed::new();
    let id = bed.create(Fault::Disabled);
    let mut broken = bed.state_change(&id);
    broken["detail"]["applicationId"] = json!("../x");
    let answer = bed.send(&[
        bed.state_change(&id),
        broken,
        bed.event("Something Else", &json!({})),
    ]);
    assert_eq!(
        answer["batchItemFailures"],
        json!([{ "itemIdentifier": "m1" }, { "itemIdentifier": "m2" }])
    );
    assert_eq!(bed.states(), (1, 0));
    let told = bed.sandbox.pagerduty().incidents[0].dedup_key.clone();
    let refuse = |cause| {
        bed.sandbox.update(|it| {
            let account = it.accounts.get_mut(&bed.account).unwrap();
            account.blocks = vec![Block {
                region: None,
                service: "emr-serverless".into(),
                operation: Some("GetApplication".into()),
                cause,
            }];
        });
        bed.send(&[bed.state_change(&id)])["batchItemFailures"].clone()
    };
    let again = json!([{ "itemIdentifier": "m0" }]);
    assert_eq!(refuse(Cause::UnrecognizedClient), again);
    // Who is denied now is denied then: the next scan tells of it.
    assert_eq!(refuse(Cause::AccessDenied), json!([]));
    let open = bed.sandbox.pagerduty().incidents.into_iter();
    assert!(
        open.filter(|it| it.dedup_key == told)
            .all(|it| it.state == IncidentState::Triggered)
    );
}

#[test]
fn an_event_of_a_new_application_comes_again_until_it_may_page() {
    let bed = Bed::new();
    let id = bed.create(Fault::Disabled);
    let born = |ago: i64| {
        let now = jiff::Timestamp::now().as_second();
        let change = |it: &mut lineward_sandbox::Organization| {
            it.application_mut(&id).unwrap().detail["createdAt"] = json!(now - ago);
        };
        bed.sandbox.update(change);
    };
    let by_default = configuration(&bed.sandbox, bed.folder.path()).replace("grace = '0s'\n", "");
    let send = |received| {
        let answer = bed.send_again(&[bed.state_change(&id)], received, &by_default);
        answer["batchItemFailures"].as_array().unwrap().len()
    };
    born(20);
    assert_eq!((send(1), bed.states()), (1, (0, 0)));
    // Where the team would wait for longer than the queue does, the next scan pages.
    assert_eq!((send(4), bed.states()), (0, (0, 0)));
    born(20 + 960);
    assert_eq!((send(2), bed.states()), (0, (1, 0)));
}

#[test]
fn a_run_that_another_of_its_job_has_followed_changes_nothing() {
    let bed = Bed::new();
    let id = bed.create(Fault::JobReplacesJars);
    let runs: Vec<String> = bed.sandbox.update(|it| {
        let runs = &it.application_mut(&id).unwrap().job_runs;
        let mut runs: Vec<_> = runs.iter().collect();
        runs.sort_by(|a, b| {
            let at = |run: &Value| run["createdAt"].as_f64().unwrap();
            at(a.1).total_cmp(&at(b.1))
        });
        runs.into_iter().map(|(id, _)| id.clone()).collect()
    });
    let job = json!("daily");
    bed.sandbox.update(|it| {
        let application = it.application_mut(&id).unwrap();
        for run in application.job_runs.values_mut() {
            run["name"] = job.clone();
        }
        // The one before was in order.
        let earlier = application.job_runs.get_mut(&runs[0]).unwrap();
        earlier["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"] = json!("");
    });
    let submitted = |run: &String| {
        let detail = json!({ "applicationId": id, "jobRunId": run, "state": "SUBMITTED" });
        bed.event("EMR Serverless Job Run State Change", &detail)
    };
    bed.send(&[submitted(runs.last().unwrap())]);
    assert_eq!(bed.states(), (1, 0));
    bed.send(&[submitted(&runs[0])]);
    assert_eq!(bed.states(), (1, 0));
}

#[test]
fn events_do_not_ask_for_the_organization_once_a_scan_has_told_it() {
    let bed = Bed::new();
    let id = bed.create(Fault::Disabled);
    let configuration = configuration(&bed.sandbox, bed.folder.path());
    invoke(&bed.sandbox, bed.folder.path(), &configuration, &json!({}));
    bed.sandbox.mend(&id);
    bed.sandbox.reset_calls();
    bed.send(&[bed.state_change(&id)]);
    let calls = bed.sandbox.calls().operations;
    assert!(
        !calls.keys().any(|it| it.starts_with("organizations:")),
        "{calls:?}"
    );
    assert_eq!(bed.states().1, 1);
}

#[test]
fn a_changed_role_brings_a_look_at_its_account_and_no_other_news() {
    let bed = Bed::new();
    let configuration = configuration(&bed.sandbox, bed.folder.path());
    let audit = json!({ "task": "audit" });
    invoke(&bed.sandbox, bed.folder.path(), &configuration, &audit);
    let told = bed.sandbox.pagerduty().events.len();
    let id = bed.create(Fault::Disabled);
    let changed = json!({
        "source": "aws.iam", "detail-type": "AWS API Call via CloudTrail", "account": bed.account,
        "region": "us-east-1", "time": jiff::Timestamp::now(),
        "detail": { "eventSource": "iam.amazonaws.com", "eventName": "PutRolePolicy" },
    });
    bed.sandbox.reset_calls();
    // A deployment changes many roles: the account is read once.
    let answer = bed.send(&[changed.clone(), changed.clone(), changed]);
    assert_eq!(answer["batchItemFailures"], json!([]));
    let calls = bed.sandbox.calls().operations;
    let of_roles = "iam:GetAccountAuthorizationDetails";
    assert_eq!(calls.get(of_roles), Some(&1), "{calls:?}");
    assert_eq!(calls.get("sts:AssumeRole"), Some(&1), "{calls:?}");
    // What is new in the account is told, and nothing that looking at one account alone would only seem to show.
    let events = bed.sandbox.pagerduty().events;
    assert_eq!(events.len() - told, 1, "{:?}", &events[told..]);
    assert!(format!("{:?}", events.last()).contains(&id));
}

#[test]
fn a_job_run_is_looked_at_once_whatever_state_is_told_first() {
    let bed = Bed::new();
    let id = bed.create(Fault::Disabled);
    let api = crate::runtime_api::RuntimeApi::start();
    let configuration = configuration(&bed.sandbox, bed.folder.path());
    let _bootstrap = crate::bed::start(&api, &bed.sandbox, bed.folder.path(), &configuration);
    bed.sandbox.reset_calls();
    for state in ["PENDING", "SCHEDULED", "RUNNING"] {
        let detail = json!({ "applicationId": id, "jobRunId": "00g1", "state": state });
        let event = bed.event("EMR Serverless Job Run State Change", &detail);
        let records = json!([{ "messageId": "m", "body": event.to_string() }]);
        let answer = api.invoke(
            &json!({ "Records": records }),
            std::time::Duration::from_mins(2),
        );
        assert!(matches!(answer, crate::runtime_api::Answer::Response(_)));
    }
    let calls = bed.sandbox.calls().operations;
    assert_eq!(
        calls.get("emr-serverless:GetApplication"),
        Some(&1),
        "{calls:?}"
    );
}
