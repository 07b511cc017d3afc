//! Asks every rule about every resource of a slice.

use std::collections::BTreeMap;

use crate::application::Judged;
use crate::estate::{Account, Application, Arn, Region, Scope, Service, Slice};
use crate::finding::{Failing, Finding, Fingerprint, Remediation, Severity, Verdict};
use crate::rule::{Check, Context, Rule, RuleId, rules};

/// What the rules find in one account, in the order of [`sort_findings`].
pub fn judge(slice: &Slice, cx: &Context<'_>) -> Vec<Finding> {
    let applications: Vec<_> = slice
        .applications
        .iter()
        .map(|application| Judged::new(application, cx.policy))
        .collect();
    let mut findings = Vec::new();
    for rule in rules() {
        let Some(severity) = cx.policy.severity(rule) else {
            continue;
        };
        let asked = Asked {
            rule,
            severity,
            account: &slice.account,
            cx,
        };
        match rule.check {
            Check::Application { check, fix } => {
                for judged in &applications {
                    let subject = Subject::of_application(judged.application);
                    findings.extend(asked.finding(subject, check(judged, cx), || fix(judged, cx)));
                }
            }
            Check::Scope { check, fix } => {
                for scope in &slice.scopes {
                    let subject = Subject::of_scope(&slice.account, scope);
                    findings.extend(asked.finding(subject, check(scope, cx), || fix(scope, cx)));
                }
            }
        }
    }
    sort_findings(&mut findings);
    findings
}

/// Sorts as reports list them: the worst first, then by resource and rule.
pub fn sort_findings(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| {
            (
                finding.account.clone(),
                finding.resource.clone(),
                finding.rule.clone(),
            )
        };
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
    tags: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Subject<'a> {
    fn of_application(application: &'a Application) -> Self {
        Self {
            region: &application.region,
            service: Service::EmrServerless,
            resource: application.arn.clone(),
            tags: Some(&application.tags),
        }
    }

    fn of_scope(account: &Account, scope: &'a Scope) -> Self {
        let resource = scope_arn(account, scope);
        Self {
            region: &scope.region,
            service: scope.service,
            resource,
            tags: None,
        }
    }
}

impl Asked<'_> {
    fn finding(
        &self,
        subject: Subject<'_>,
        verdict: Verdict,
        fix: impl FnOnce() -> Remediation,
    ) -> Option<Finding> {
        let (verdict, evidence) = match verdict {
            Verdict::Pass => return None,
            Verdict::Fail(evidence) => (Failing::Fail, evidence),
            Verdict::Unknown(reason) => (Failing::Unknown, reason),
        };
        let rule = RuleId::of(self.rule);
        let team = subject.tags.and_then(|tags| self.cx.policy.team(tags));
        Some(Finding {
            fingerprint: Fingerprint::new(&rule, &subject.resource, ""),
            rule,
            severity: self.severity,
            verdict,
            account: self.account.id.clone(),
            region: subject.region.clone(),
            service: subject.service,
            resource: subject.resource,
            team: team.map(str::to_owned),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Cause, Gap};
    use crate::policy::{Policy, RuleSettings};

    fn slice(applications: Vec<Application>) -> Slice {
        Slice {
            applications,
            ..Slice::new(Account::example())
        }
    }

    #[test]
    fn a_compliant_application_has_no_finding() {
        assert_eq!(
            judge(&slice(vec![Application::example()]), &Context::example()),
            []
        );
    }

    #[test]
    fn each_fault_gives_its_own_finding_and_no_other() {
        let found = |application| {
            let findings = judge(&slice(vec![application]), &Context::example());
            findings
                .into_iter()
                .map(|finding| finding.rule.to_string())
                .collect::<Vec<_>>()
        };
        let defaults = |change: fn(&mut BTreeMap<String, String>)| {
            let mut application = Application::example();
            change(&mut application.runtime_configuration[0].properties);
            application
        };
        let bare = Application {
            runtime_configuration: Vec::new(),
            ..Application::example()
        };
        assert_eq!(found(bare), ["spline-agent-missing"]);
        let label = |label: &str| Application {
            release_label: label.into(),
            ..Application::example()
        };
        assert_eq!(found(label("emr-7.2.0")), ["spline-agent-wrong-release"]);
        let unlistened =
            defaults(|defaults| drop(defaults.remove("spark.sql.queryExecutionListeners")));
        assert_eq!(found(unlistened), ["spline-listener-missing"]);
        let disabled = defaults(|defaults| {
            drop(defaults.insert("spark.spline.mode".into(), "DISABLED".into()));
        });
        assert_eq!(found(disabled), ["spline-disabled"]);
        let untagged = Application {
            tags: BTreeMap::new(),
            ..Application::example()
        };
        assert_eq!(found(untagged), ["application-team-missing"]);
        let mut unsupported = label("emr-spark-8.0.0");
        unsupported.runtime_configuration.clear();
        assert_eq!(found(unsupported), ["spline-release-unsupported"]);
    }

    #[test]
    fn a_gap_is_a_finding_on_all_that_it_hides() {
        let mut scope = Scope::audited(Region::from("eu-west-1"), Service::EmrServerless);
        scope.gaps.push(Gap {
            operation: "ListApplications".into(),
            resource: None,
            cause: Cause::Denied,
            code: "AccessDeniedException".into(),
            reason: "no".into(),
        });
        let slice = Slice {
            scopes: vec![scope],
            ..Slice::new(Account::example())
        };
        let findings = judge(&slice, &Context::example());
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].rule.as_str(), "scope-unreadable");
        assert_eq!(
            findings[0].resource.as_str(),
            "arn:aws:emr-serverless:eu-west-1:111122223333:*"
        );
    }

    #[test]
    fn a_policy_switches_rules_off_and_moves_their_severity() {
        let bare = slice(vec![Application {
            runtime_configuration: Vec::new(),
            ..Application::example()
        }]);
        let with = |settings| {
            let rule = RuleId::known("spline-agent-missing").unwrap();
            let policy = Policy {
                rules: BTreeMap::from([(rule, settings)]),
                ..Policy::default()
            };
            judge(
                &bare,
                &Context {
                    policy: &policy,
                    ..Context::example()
                },
            )
        };
        assert_eq!(
            with(RuleSettings {
                enabled: false,
                ..RuleSettings::default()
            }),
            []
        );
        let low = RuleSettings {
            severity: Some(Severity::Low),
            ..RuleSettings::default()
        };
        assert_eq!(with(low)[0].severity, Severity::Low);
    }
}
