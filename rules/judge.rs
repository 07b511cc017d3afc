//! Asks every rule about every resource of a slice.

mod activity;
mod estate;
mod exemption;
#[cfg(test)]
mod remedies;
mod roles;
#[cfg(test)]
mod standing;

pub use estate::{EstateJudgement, judge_estate};
pub use exemption::{TAG, TagError, Tagged, expired_in_configuration};

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::catalogue::{lineage_checks, rules, spoofable};
use crate::estate::{Account, Arn, ReadScope, Region, Scope, Service, Slice};
use crate::finding::RuleId;
use crate::finding::{Failing, Finding, Fingerprint, Remediation, Severity, Verdict};
use crate::graph::Edges;
use crate::iam::Inventory;
use crate::lineage::adoption::OfApplication;
use crate::settings::Context;
use crate::subject::application::Judged;
use crate::subject::configuration::Configured;
use crate::subject::job_run::Roles;
use crate::subject::rule::{Check, Reads, Rule};
use activity::{Activity, Group};

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
    let applications: Vec<_> = slice
        .applications
        .iter()
        .map(|application| Judged {
            is_active: activity::is_active(slice, application, cx),
            ..Judged::new(application, cx.policy, lineage_checks())
        })
        .collect();
    let submits = activity::submits(slice);
    let roles = Roles::of(slice);
    let activity = Activity::new(slice, &applications, &submits, &roles, cx);
    let mut findings = Vec::new();
    for rule in rules() {
        let Some(severity) = rule.severity_in(cx.policy) else {
            continue;
        };
        let asked = Asked {
            rule,
            severity,
            account: &slice.account,
            cx,
        };
        asked.all(slice, &applications, &activity, &mut findings);
    }
    let inventory = Inventory::new(slice, cx.policy, cx.organization);
    findings.extend(roles::findings(roles::of_account(&inventory, cx), cx));
    sort_findings(&mut findings);
    Judgement {
        findings,
        edges: Edges {
            spoofable: spoofable(&inventory, cx),
            ..Edges::of(&inventory, slice.has_all_roles(), cx)
        },
        lineage: activity.adoption(&applications, cx),
        orphan_runs: activity.orphan_runs,
    }
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

/// A scope stands in findings as all resources of its service there.
fn scope_arn(account: &Account, scope: &Scope) -> Arn {
    if scope.service == Service::Sts {
        return account.arn.clone();
    }
    let (partition, service, id) = (account.arn.partition(), scope.service, &account.id);
    let region = if scope.region == Region::global() {
        ""
    } else {
        scope.region.as_str()
    };
    Arn::from(format!("arn:{partition}:{service}:{region}:{id}:*"))
}

/// One rule, asked in one account.
struct Asked<'a> {
    rule: &'static Rule,
    severity: Severity,
    account: &'a Account,
    cx: &'a Context<'a>,
}

/// What a finding says of its resource.
struct Subject<'a> {
    region: &'a Region,
    service: Service,
    resource: Arn,
    team: Option<&'a str>,
    /// What the fingerprint is made of, where that isn't the resource alone.
    identity: Option<(&'a Arn, String)>,
    group: Option<&'a str>,
    created_at: Option<Timestamp>,
}

impl<'a> Subject<'a> {
    fn of_application(judged: &Judged<'a>, cx: &Context<'a>) -> Self {
        let application = judged.application;
        Self {
            region: &application.region,
            service: Service::EmrServerless,
            resource: application.arn.clone(),
            team: cx.policy.team(&application.tags),
            identity: None,
            group: None,
            created_at: None,
        }
    }

    /// The latest of a group, whose identity is the group's and the cause's.
    fn of_group<T>(
        group: &'a Group<'a, T>,
        tags: &'a BTreeMap<String, String>,
        (arn, created_at): (&Arn, Option<Timestamp>),
        cause: &str,
        cx: &Context<'a>,
    ) -> Self {
        let application = group.application.application;
        let team = cx.policy.team(tags);
        Self {
            region: &application.region,
            service: Service::EmrServerless,
            resource: arn.clone(),
            team: team.or_else(|| cx.policy.team(&application.tags)),
            identity: Some((&application.arn, format!("{}\0{cause}", group.name))),
            group: Some(&group.name),
            created_at,
        }
    }

    fn of_scope(account: &Account, scope: &'a Scope) -> Self {
        Self {
            region: &scope.region,
            service: scope.service,
            resource: scope_arn(account, scope),
            team: None,
            identity: None,
            group: None,
            created_at: None,
        }
    }
}

impl<'a> Asked<'a> {
    /// Asks the rule about all resources of its kind.
    fn all(
        &self,
        slice: &'a Slice,
        applications: &'a [Judged<'a>],
        activity: &'a Activity<'a>,
        findings: &mut Vec<Finding>,
    ) {
        let cx = self.cx;
        match self.rule.check {
            Check::Lineage { check, fix } => {
                findings.extend(applications.iter().filter_map(|it| {
                    let subject = || Subject::of_application(it, cx);
                    self.finding(check(&it.setup, cx), subject, || fix(it, cx))
                }));
            }
            Check::Application { check, fix } => {
                findings.extend(applications.iter().filter_map(|it| {
                    self.finding(
                        check(it, cx),
                        || Subject::of_application(it, cx),
                        || fix(it, cx),
                    )
                }));
            }
            Check::JobRun { check, fix, cause } => {
                findings.extend(activity.jobs.iter().filter_map(|job| {
                    let verdict = check(&job.latest, cx);
                    let cause = if verdict == Verdict::Pass {
                        ""
                    } else {
                        cause(&job.latest, cx)
                    };
                    let same =
                        |ran: &_| check(ran, cx) != Verdict::Pass && self.cause_of(ran) == cause;
                    let verdict = job.counted(verdict, activity, same);
                    let run = job.latest.run;
                    let latest = (&run.arn, run.created_at);
                    let subject = || Subject::of_group(job, &run.tags, latest, cause, cx);
                    self.finding(verdict, subject, || fix(&job.latest, cx))
                }));
            }
            Check::Session { check, fix, cause } => {
                findings.extend(activity.sessions.iter().filter_map(|opened| {
                    let session = opened.latest.session;
                    let verdict = opened.named(check(&opened.latest, cx), "session");
                    let cause = if verdict == Verdict::Pass {
                        ""
                    } else {
                        cause(&opened.latest, cx)
                    };
                    let latest = (&session.arn, session.created_at);
                    let subject = || Subject::of_group(opened, &session.tags, latest, cause, cx);
                    self.finding(verdict, subject, || fix(&opened.latest, cx))
                }));
            }
            // Asked of roles, policies and exemptions, not here.
            Check::Role { .. }
            | Check::Statement { .. }
            | Check::ManagedPolicy { .. }
            | Check::Estate { .. }
            | Check::Exemption { .. } => {}
            Check::Configuration { check, fix } => {
                self.configurations(applications, activity, (check, fix), findings);
            }
            Check::Scope { check, fix } => findings.extend(slice.scopes.iter().filter_map(|it| {
                self.finding(
                    check(it, cx),
                    || Subject::of_scope(self.account, it),
                    || fix(it, cx),
                )
            })),
        }
    }

    /// Which of the rule's causes a run has.
    fn cause_of(&self, ran: &crate::subject::job_run::Ran<'a>) -> &'static str {
        match self.rule.check {
            Check::JobRun { cause, .. } => cause(ran, self.cx),
            Check::Lineage { .. }
            | Check::Application { .. }
            | Check::Session { .. }
            | Check::Configuration { .. }
            | Check::Role { .. }
            | Check::Statement { .. }
            | Check::ManagedPolicy { .. }
            | Check::Estate { .. }
            | Check::Exemption { .. }
            | Check::Scope { .. } => "",
        }
    }

    fn configurations(
        &self,
        applications: &'a [Judged<'a>],
        activity: &'a Activity<'a>,
        (check, fix): (Predicate, Change),
        findings: &mut Vec<Finding>,
    ) {
        let cx = self.cx;
        findings.extend(applications.iter().filter_map(|it| {
            let configured = Configured::Application(it.application);
            let subject = || Subject::of_application(it, cx);
            self.finding(check(&configured, cx), subject, || fix(&configured, cx))
        }));
        findings.extend(activity.jobs.iter().filter_map(|job| {
            let run = job.latest.run;
            let configured = Configured::JobRun(run);
            let verdict = check(&configured, cx);
            let same = |ran: &crate::subject::job_run::Ran<'_>| {
                check(&Configured::JobRun(ran.run), cx) != Verdict::Pass
            };
            let verdict = job.counted(verdict, activity, same);
            let latest = (&run.arn, run.created_at);
            let subject = || Subject::of_group(job, &run.tags, latest, "", cx);
            self.finding(verdict, subject, || fix(&configured, cx))
        }));
        findings.extend(activity.sessions.iter().filter_map(|opened| {
            let session = opened.latest.session;
            let configured = Configured::Session(session);
            let verdict = opened.named(check(&configured, cx), "session");
            let latest = (&session.arn, session.created_at);
            let subject = || Subject::of_group(opened, &session.tags, latest, "session", cx);
            self.finding(verdict, subject, || fix(&configured, cx))
        }));
    }

    fn finding(
        &self,
        verdict: Verdict,
        subject: impl FnOnce() -> Subject<'a>,
        fix: impl FnOnce() -> Remediation,
    ) -> Option<Finding> {
        let (verdict, evidence) = match verdict {
            Verdict::Pass => return None,
            Verdict::Fail(evidence) => (Failing::Fail, evidence),
            Verdict::Unknown(reason) => (Failing::Unknown, reason),
        };
        let subject = subject();
        let of_group = subject
            .resource
            .application()
            .filter(|_| subject.group.is_some());
        let own = ReadScope {
            account: self.account.id.clone(),
            region: subject.region.clone(),
            service: subject.service,
            resource: Some(of_group.unwrap_or_else(|| subject.resource.clone())),
        };
        let roles = ReadScope::roles_of(self.account.id.clone());
        let rule = RuleId::from(self.rule.id);
        let fingerprint = match &subject.identity {
            Some((resource, part)) => Fingerprint::new(&rule, resource, part),
            None => Fingerprint::new(&rule, &subject.resource, ""),
        };
        Some(Finding {
            fingerprint,
            rule,
            severity: self.severity,
            verdict,
            account: self.account.id.clone(),
            region: subject.region.clone(),
            resource: subject.resource,
            group: subject.group.map(str::to_owned),
            created_at: subject.created_at,
            read_from: std::iter::once(own)
                .chain((self.rule.reads == Reads::Roles).then_some(roles))
                .collect(),
            team: subject.team.map(str::to_owned),
            title: self.rule.title().to_owned(),
            evidence,
            // Of what can't be told there is nothing to mend.
            remediation: match verdict {
                Failing::Fail => fix(),
                Failing::Unknown => Remediation::default(),
            },
        })
    }
}

type Predicate = for<'a> fn(&Configured<'a>, &Context<'_>) -> Verdict;
type Change = for<'a> fn(&Configured<'a>, &Context<'_>) -> Remediation;

#[cfg(test)]
mod tests;
