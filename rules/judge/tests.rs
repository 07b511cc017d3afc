//! What the rules make of whole accounts.

use std::collections::BTreeMap;

use crate::estate::{Application, Cause, Gap, JobRun, Region, Scope, Service};
use crate::finding::{RuleId, Severity};
use crate::judge::*;
use crate::settings::{Policy, RuleSettings, RuleTable};

fn slice(applications: Vec<Application>) -> Slice {
    Slice {
        applications,
        ..Slice::new(Account::example())
    }
}

#[test]
fn a_compliant_application_has_no_finding() {
    assert_eq!(
        judge(&slice(vec![Application::example()]), &Context::example()).findings,
        []
    );
}

#[test]
fn each_fault_gives_its_own_finding_and_no_other() {
    let found = |application| {
        let findings = judge(&slice(vec![application]), &Context::example()).findings;
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
    let findings = judge(&slice, &Context::example()).findings;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule.as_str(), "scope-unreadable");
    assert_eq!(
        findings[0].resource.as_str(),
        "arn:aws:emr-serverless:eu-west-1:111122223333:*"
    );
}

#[test]
fn a_hive_run_of_an_application_that_was_not_read_is_no_orphan() {
    let hive = JobRun {
        spark_submit: None,
        ..JobRun::example()
    };
    let slice = Slice {
        job_runs: vec![JobRun::example(), hive],
        ..Slice::new(Account::example())
    };
    assert_eq!(judge(&slice, &Context::example()).orphan_runs, 1);
}

#[test]
fn a_policy_switches_rules_off_and_moves_their_severity() {
    let bare = slice(vec![Application {
        runtime_configuration: Vec::new(),
        ..Application::example()
    }]);
    let with = |settings| {
        let rule = RuleId::from("spline-agent-missing");
        let policy = Policy {
            rules: RuleTable {
                settings: BTreeMap::from([(rule, settings)]),
                ..RuleTable::default()
            },
            ..Policy::default()
        };
        let cx = Context {
            policy: &policy,
            ..Context::example()
        };
        judge(&bare, &cx).findings
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
