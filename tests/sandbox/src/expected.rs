//! What an auditor must find in the organization as it is now.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::fault::Carrier;
use crate::field::{created_at, text};
use crate::organization::{
    Access, Account, AccountState, Application, Block, Cause, ManagedPolicy, Organization,
};

/// A finding that must be made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Expected {
    /// The rule's id.
    pub rule: String,
    /// What the rule must say.
    pub verdict: Verdict,
    /// The account.
    pub account: String,
    /// The Region, or `global` for an account as a whole and for IAM.
    pub region: String,
    /// The service of a scope that can't be read: `emr-serverless` or `iam`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// ARN of the application or account; empty for a scope.
    pub resource: String,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The resource breaks the rule.
    Fail,
    /// What was read doesn't tell.
    Unknown,
}

/// All that must be found, sorted.
pub(crate) fn expected(organization: &Organization) -> Vec<Expected> {
    let active = |account: &&Account| account.state == AccountState::Active;
    let mut rows: Vec<_> = organization
        .accounts
        .values()
        .filter(active)
        .flat_map(|account| in_account(organization, account))
        .collect();
    rows.sort();
    rows
}

/// What can't be entered hides all that is in it; the auditor's own account needs no role.
fn in_account(organization: &Organization, account: &Account) -> Vec<Expected> {
    if account.access != Access::Open && account.id != organization.auditor_account {
        return vec![Expected {
            rule: "account-unreachable".into(),
            verdict: Verdict::Fail,
            account: account.id.clone(),
            region: "global".into(),
            service: None,
            resource: organization.account_arn(&account.id),
        }];
    }
    let mut rows: Vec<_> = account
        .blocks
        .iter()
        .flat_map(|block| of_block(account, block))
        .collect();
    rows.sort();
    rows.dedup();
    rows.extend(planted(account));
    rows.extend(idling_unseen(account));
    rows
}

/// Applications with warm workers of which no job run and no session can be read: whether anybody uses them
/// can't be told.
fn idling_unseen(account: &Account) -> impl Iterator<Item = Expected> {
    let seen = |region: &str| {
        let mut operations = ["ListApplications", "GetApplication"].iter();
        let refused = |it: &&str| account.blocked(region, "emr-serverless", it).is_some();
        account.is_enabled(region) && !operations.any(refused)
    };
    let regions = account
        .applications
        .iter()
        .filter(move |(region, _)| seen(region));
    let applications = regions.flat_map(|(region, all)| all.values().map(move |it| (region, it)));
    let unseen = applications.filter(|(region, it)| {
        let workers = it.detail.get("initialCapacity").and_then(Value::as_object);
        let is_warm = workers.is_some_and(|it| !it.is_empty()) && it.text("state") == "STARTED";
        is_warm && hides_activity(account, region, it)
    });
    unseen.map(|(region, application)| Expected {
        rule: "application-initial-capacity-idle".into(),
        verdict: Verdict::Unknown,
        account: account.id.clone(),
        region: region.clone(),
        service: None,
        resource: application.text("arn").into(),
    })
}

/// Whether neither job runs nor sessions are seen, though there may be some.
fn hides_activity(account: &Account, region: &str, application: &Application) -> bool {
    let open = |operation| {
        account
            .blocked(region, "emr-serverless", operation)
            .is_none()
    };
    let (lists, reads) = (open("ListJobRuns"), open("GetJobRun"));
    if lists && reads && !application.job_runs.is_empty() {
        return false;
    }
    !lists || (!reads && !application.job_runs.is_empty())
}

/// A scope that refuses something that is asked there. A Region that isn't enabled has nothing in
/// it, so it's no finding.
fn of_block(account: &Account, block: &Block) -> Vec<Expected> {
    let regions: Vec<String> = match (&block.region, block.service.as_str()) {
        (_, "iam") => vec!["global".into()],
        (Some(region), _) => vec![region.clone()],
        (None, _) => account.applications.keys().cloned().collect(),
    };
    let unreadable = |region: String| Expected {
        rule: "scope-unreadable".into(),
        verdict: Verdict::Fail,
        account: account.id.clone(),
        region,
        service: Some(block.service.clone()),
        resource: String::new(),
    };
    regions
        .into_iter()
        .filter(|_| block.cause != Cause::UnrecognizedClient)
        .filter(|region| account.is_enabled(region))
        .filter(|region| is_asked(account, region, block.operation.as_deref()))
        .map(unreadable)
        .collect()
}

/// Whether an auditor comes to call an operation: nobody asks for the runs of no application.
fn is_asked(account: &Account, region: &str, operation: Option<&str>) -> bool {
    let any = |wanted: fn(&Application) -> bool| {
        let here = account.applications.get(region);
        here.is_some_and(|it| it.values().any(wanted))
    };
    match operation {
        Some("GetApplication" | "ListJobRuns") => any(|_| true),
        Some("GetJobRun") => any(|it| !it.job_runs.is_empty()),
        Some("ListSessions") => any(Application::has_sessions),
        Some("GetSession") => any(|it| it.has_sessions() && !it.sessions.is_empty()),
        Some("ListPolicyTags") => account
            .policies_of_boundary()
            .any(|it| !it.is_boundary_only()),
        Some("GetPolicy" | "GetPolicyVersion") => account
            .policies_of_boundary()
            .any(ManagedPolicy::is_boundary_only),
        _ => true,
    }
}

/// The planted faults that can be seen from outside.
fn planted(account: &Account) -> impl Iterator<Item = Expected> {
    let open = |region: &str, operations: &[&str]| {
        let mut operations = operations.iter();
        operations.all(|operation| {
            let blocked = account.blocked(region, "emr-serverless", operation);
            blocked.is_none()
        })
    };
    account
        .applications
        .iter()
        .filter(move |(region, _)| {
            account.is_enabled(region) && open(region, &["ListApplications", "GetApplication"])
        })
        .flat_map(|(region, applications)| applications.values().map(move |it| (region, it)))
        .filter_map(move |(region, application)| {
            let fault = application.planted.as_ref()?.fault;
            let resource = match fault.carrier() {
                Carrier::Application => application.text("arn"),
                Carrier::JobRuns => {
                    let readable = open(region, &["ListJobRuns", "GetJobRun"]);
                    latest(&application.job_runs).filter(|_| readable)?
                }
                Carrier::Sessions => {
                    let readable = open(region, &["ListSessions", "GetSession"]);
                    latest(&application.sessions).filter(|_| readable)?
                }
            };
            if fault.is_about_idleness() && hides_activity(account, region, application) {
                return None;
            }
            Some(Expected {
                rule: fault.rule().into(),
                verdict: fault.verdict(),
                account: account.id.clone(),
                region: region.clone(),
                service: None,
                resource: resource.into(),
            })
        })
}

/// The ARN of the run or session that was created last; of two at once, the later ARN.
fn latest(all: &BTreeMap<String, Value>) -> Option<&str> {
    let key = |it: &Value| (created_at(it), text(it, "arn").to_owned());
    let later = |a: &&Value, b: &&Value| {
        let ((a, first), (b, second)) = (key(a), key(b));
        a.total_cmp(&b).then_with(|| first.cmp(&second))
    };
    all.values().max_by(later).map(|it| text(it, "arn"))
}
