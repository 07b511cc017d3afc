//! Reports to test with.

use super::*;

/// A finding of this rule on this resource.
pub(crate) fn finding(rule: &str, resource: &str) -> FindingRow {
    let (rule, resource) = (RuleId::from(rule), Arn::from(resource));
    FindingRow {
        fingerprint: Fingerprint::new(&rule, &resource, ""),
        rule,
        severity: Severity::High,
        verdict: Failing::Fail,
        status: Status::New,
        account: AccountId::from("111122223333"),
        region: Region::from("eu-west-1"),
        resource,
        team: Some("ads".into()),
        title: "Spline is switched off".into(),
        evidence: "`spark.spline.mode` is `DISABLED`".into(),
        read_from: ReadScopes::none(),
        first_seen_at: Timestamp::UNIX_EPOCH,
        last_seen_at: Timestamp::UNIX_EPOCH,
        remediation: Remediation::default(),
        incident: None,
        acceptance: None,
    }
}

/// An application of this ARN.
pub(crate) fn application(arn: &str) -> ApplicationRow {
    ApplicationRow {
        arn: Arn::from(arn),
        account: AccountId::from("111122223333"),
        region: Region::from("eu-west-1"),
        id: "00f1".into(),
        name: "ads-attribution".into(),
        release_label: "emr-7.1.0".into(),
        team: Some("ads".into()),
        created_at: Some(Timestamp::UNIX_EPOCH),
        first_seen_at: Timestamp::UNIX_EPOCH,
        new: true,
        compliant: false,
        lineage: Standing::Without,
    }
}

/// A report of these findings.
pub(crate) fn report(findings: Vec<FindingRow>) -> Report {
    let mut summary = Summary {
        applications: 1,
        ..Summary::default()
    };
    summary.count(&findings);
    Report {
        schema: SCHEMA.into(),
        run: Run {
            id: "run".into(),
            version: "0".into(),
            trigger: Trigger::Cli,
            started_at: Timestamp::UNIX_EPOCH,
            finished_at: Timestamp::UNIX_EPOCH,
            complete: true,
            evaluation: "run".into(),
            selection: Selection::default(),
            caller: None,
            role: String::new(),
            config_sha256: String::new(),
            data: None,
        },
        organization: Organization::default(),
        coverage: Coverage::default(),
        summary,
        accounts: Vec::new(),
        applications: vec![application(
            "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1",
        )],
        findings,
        rules: Vec::new(),
        exemptions: Vec::new(),
        notification: None,
        previous_sha256: None,
    }
}

#[test]
fn only_open_findings_are_counted_by_severity() {
    let arn = "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1";
    let with = |status, verdict| FindingRow {
        verdict,
        status,
        ..finding("spline-disabled", arn)
    };
    let report = report(vec![
        with(Status::New, Failing::Fail),
        with(Status::Ongoing, Failing::Unknown),
        with(Status::Exempt, Failing::Fail),
        with(Status::Resolved, Failing::Fail),
        with(Status::Unseen, Failing::Fail),
    ]);
    assert_eq!(
        report.summary.findings,
        SeverityCounts {
            high: 1,
            ..SeverityCounts::default()
        }
    );
    assert_eq!((report.summary.unknown, report.summary.exempt), (1, 1));
    assert!(report.has_open(Severity::High) && !report.has_open(Severity::Critical));
}
