//! Asks every rule about every resource of a slice.

mod activity;
mod data;
mod estate;
mod exemption;
mod mending;
#[cfg(test)]
mod remedies;
mod roles;
#[cfg(test)]
mod standing;
mod subject;
mod switched;

pub use data::data;
pub use estate::{EstateJudgement, judge_estate};
pub use exemption::{TAG, TagError, Tagged, expired_in_configuration};
pub use switched::switched;

use crate::catalogue::{lineage_checks, rules, spoofable, unreliable, untagged};
use crate::estate::{Account, Slice};
use crate::finding::{Fault, Finding};
use crate::graph::Edges;
use crate::iam::Inventory;
use crate::lineage::adoption::OfApplication;
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
use crate::subject::configuration::ConfigurationSubject;
use crate::subject::job_run::{JobRunSubject, Roles};
use crate::subject::rule::{Check, Rule};
use crate::subject::session::SessionSubject;
use activity::{Activity, Group};
use mending::Mending;
use subject::Subject;

/// What the rules make of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// What they find, in the order of [`sort_findings`].
    pub findings: Vec<Finding>,
    /// How much of each application reports its lineage, in the order of the slice.
    pub lineage: Vec<OfApplication>,
    /// What the rules over the whole estate need of the account's roles.
    pub edges: Edges,
    /// How many Spark job runs belong to applications that were not read.
    pub orphan_runs: usize,
}

/// What the rules make of one account.
pub fn judge(slice: &Slice, cx: &Context<'_>) -> Judgement {
    judge_until(slice, cx, &|| false).unwrap_or_default()
}

/// What the rules make of one account, unless time is over before all of them were asked.
pub fn judge_until(
    slice: &Slice,
    cx: &Context<'_>,
    is_over: &dyn Fn() -> bool,
) -> Option<Judgement> {
    let applications: Vec<_> = slice
        .applications
        .iter()
        .map(|application| ApplicationSubject {
            is_active: activity::is_active(slice, application, cx),
            ..ApplicationSubject::new(application, cx.policy, lineage_checks())
        })
        .collect();
    let submits = activity::submits(slice);
    let roles = Roles::of(slice);
    let activity = Activity::new(slice, &applications, &submits, &roles, cx);
    let mendings: Vec<_> = applications.iter().map(|_| Mending::default()).collect();
    let mut findings = Vec::new();
    for rule in rules().filter(|rule| rule.severity_in(cx.policy).is_some()) {
        if is_over() {
            return None;
        }
        let question = Question {
            rule,
            account: &slice.account,
            mendings: &mendings,
            cx,
        };
        question.all(slice, &applications, &activity, &mut findings);
    }
    let inventory = Inventory::new(slice, cx.policy, cx.organization);
    findings.extend(roles::findings(roles::of_account(&inventory, cx), cx));
    if is_over() {
        return None;
    }
    sort_findings(&mut findings);
    let judgement = Judgement {
        findings,
        edges: Edges {
            spoofable: spoofable(&inventory, cx),
            untagged: untagged(&inventory, cx),
            unreliable: unreliable(&inventory, cx),
            ..Edges::of(&inventory, slice.has_all_roles(), cx)
        },
        lineage: activity.adoption(&applications, cx),
        orphan_runs: activity.orphan_runs,
    };
    // What came too late would differ from run to run.
    (!is_over()).then_some(judgement)
}

/// Sorts as reports list them: the worst first, then by resource and rule.
pub fn sort_findings(findings: &mut [Finding]) {
    let key = |finding: &Finding| {
        let Finding {
            account,
            resource,
            rule,
            fingerprint,
            ..
        } = finding;
        (
            account.clone(),
            resource.clone(),
            rule.clone(),
            fingerprint.clone(),
        )
    };
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| key(a).cmp(&key(b)))
    });
}

/// One rule, asked in one account.
struct Question<'a> {
    rule: &'static Rule,
    account: &'a Account,
    /// What mends the lineage of each application.
    mendings: &'a [Mending],
    cx: &'a Context<'a>,
}

impl<'a> Question<'a> {
    /// Asks the rule about all resources of its kind.
    fn all(
        &self,
        slice: &'a Slice,
        applications: &'a [ApplicationSubject<'a>],
        activity: &'a Activity<'a>,
        findings: &mut Vec<Finding>,
    ) {
        let cx = self.cx;
        match self.rule.check {
            Check::Lineage { check } => {
                for (judged, mending) in applications.iter().zip(self.mendings) {
                    let faults = check(&judged.setup, cx);
                    let faults = mending.of(faults, judged.application, cx);
                    self.tell_application(judged, faults, findings);
                }
            }
            Check::Application { check } => {
                for judged in applications {
                    self.tell_application(judged, check(judged, cx), findings);
                }
            }
            Check::JobRun { check } => {
                for job in &activity.jobs {
                    let faults = check(&job.latest, cx);
                    self.tell_job(job, faults, activity, |ran| check(ran, cx), findings);
                }
            }
            Check::Session { check } => {
                for opened in &activity.sessions {
                    self.tell_session(opened, check(&opened.latest, cx), findings);
                }
            }
            Check::Configuration { check } => {
                for judged in applications {
                    let configured = ConfigurationSubject::Application(judged.application);
                    self.tell_application(judged, check(&configured, cx), findings);
                }
                for job in &activity.jobs {
                    let of =
                        |ran: &JobRunSubject<'a>| check(&ConfigurationSubject::JobRun(ran.run), cx);
                    self.tell_job(job, of(&job.latest), activity, of, findings);
                }
                for opened in &activity.sessions {
                    let configured = ConfigurationSubject::Session(opened.latest.session);
                    let faults = check(&configured, cx).into_iter();
                    let faults = faults.map(|fault| fault.part("session"));
                    self.tell_session(opened, faults.collect(), findings);
                }
            }
            Check::Scope { check } => {
                for scope in &slice.scopes {
                    let subject = || Subject::scope(self.account, scope);
                    self.tell(check(scope, cx), subject, findings);
                }
            }
            // Asked of roles, policies and exemptions, not here.
            Check::Role { .. }
            | Check::Statement { .. }
            | Check::ManagedPolicy { .. }
            | Check::Estate { .. }
            | Check::Exemption { .. } => {}
        }
    }

    fn tell_application(
        &self,
        judged: &ApplicationSubject<'a>,
        faults: Vec<Fault>,
        findings: &mut Vec<Finding>,
    ) {
        let subject = || Subject::application(judged, self.account, self.cx);
        self.tell(faults, subject, findings);
    }

    /// The faults of a job's latest run, and of how many of its runs each is.
    fn tell_job(
        &self,
        job: &Group<'a, JobRunSubject<'a>>,
        faults: Vec<Fault>,
        activity: &Activity<'a>,
        check: impl Fn(&JobRunSubject<'a>) -> Vec<Fault>,
        findings: &mut Vec<Finding>,
    ) {
        let run = job.latest.run;
        let counted = job.counted(faults, activity, check);
        let latest = (&run.arn, run.created_at);
        let team = self.cx.policy.team(&run.tags);
        let subject = || Subject::latest(job, self.account, latest, team, self.cx);
        self.tell(counted, subject, findings);
    }

    fn tell_session(
        &self,
        opened: &Group<'a, SessionSubject<'a>>,
        faults: Vec<Fault>,
        findings: &mut Vec<Finding>,
    ) {
        let session = opened.latest.session;
        let named = faults
            .into_iter()
            .map(|fault| opened.named(fault, "session"));
        let latest = (&session.arn, session.created_at);
        let team = self.cx.policy.team(&session.tags);
        let subject = || Subject::latest(opened, self.account, latest, team, self.cx);
        self.tell(named.collect(), subject, findings);
    }

    fn tell(
        &self,
        faults: Vec<Fault>,
        subject: impl Fn() -> Subject<'a>,
        findings: &mut Vec<Finding>,
    ) {
        let faults = faults.into_iter();
        findings.extend(faults.filter_map(|fault| subject().finding(self.rule, fault, self.cx)));
    }
}

#[cfg(test)]
mod tests;
