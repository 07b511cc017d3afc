//! A rule that is switched off changes what is told, never what an application is.

use lineward_sandbox::{IncidentState, Options};
use serde_json::{Value, json};

use crate::harness::{Bed, application_id, count, rows};

fn bed() -> Bed {
    Bed::new(Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    })
}

fn audit(bed: &Bed, is_off: bool) -> Value {
    let more = if is_off {
        "[rules.spline-disabled]\nenabled = false\n"
    } else {
        ""
    };
    bed.configure(more);
    bed.audit(&["--notify"]).1
}

/// The first finding of `spline-disabled`.
fn disabled(report: &Value) -> Value {
    let mut rows = rows(report);
    rows.find(|row| row["rule"] == "spline-disabled")
        .unwrap()
        .clone()
}

fn application(report: &Value, finding: &Value) -> Value {
    let mut applications = report["applications"].as_array().unwrap().iter();
    applications
        .find(|row| row["arn"] == finding["resource"])
        .unwrap()
        .clone()
}

fn resolved(bed: &Bed) -> usize {
    let incidents = bed.sandbox.pagerduty().incidents;
    let resolved = incidents
        .iter()
        .filter(|it| it.state == IncidentState::Resolved);
    resolved.count()
}

#[test]
fn a_rule_that_is_off_mends_nothing_and_holds_its_incident() {
    let bed = bed();
    let on = audit(&bed, false);
    let events = bed.sandbox.pagerduty().events.len();
    let finding = disabled(&on);
    let all = rows(&on)
        .filter(|row| row["rule"] == "spline-disabled")
        .count();

    let off = audit(&bed, true);
    assert_eq!(count(&off, "not-judged"), all);
    assert_eq!(off["summary"]["not_judged"], all);
    assert_eq!(count(&off, "resolved"), 0);
    assert_eq!(disabled(&off)["fingerprint"], finding["fingerprint"]);
    assert_eq!(disabled(&off)["incident"], finding["incident"]);
    assert_eq!(application(&off, &finding), {
        let mut before = application(&on, &finding);
        before["new"] = json!(false);
        before
    });
    assert_eq!(
        off["summary"]["lineage"]["organization"],
        on["summary"]["lineage"]["organization"]
    );
    let told = bed.sandbox.pagerduty().events.split_off(events);
    assert_eq!(told.len(), all, "{told:?}");
    for event in &told {
        assert_eq!(event.action, "trigger");
        let summary = event.body["payload"]["summary"].as_str().unwrap();
        assert!(
            summary.starts_with("switched off and not judged: spline-disabled"),
            "{summary}"
        );
    }

    // It is said once.
    audit(&bed, true);
    assert_eq!(bed.sandbox.pagerduty().events.len(), events + all);
    assert_eq!(resolved(&bed), 0);

    // What is mended meanwhile is not known to be; once the rule is on again it is.
    bed.sandbox
        .mend(application_id(finding["resource"].as_str().unwrap()));
    let mended = audit(&bed, true);
    assert_eq!((count(&mended, "not-judged"), resolved(&bed)), (all, 0));
    let on = audit(&bed, false);
    assert_eq!((count(&on, "resolved"), resolved(&bed)), (1, 1));
    assert_eq!(count(&on, "new"), 0);
}

#[test]
fn what_was_never_judged_is_no_news_and_no_compliance() {
    let bed = bed();
    let off = audit(&bed, true);
    let finding = disabled(&off);
    assert_eq!(finding["status"], "not-judged");
    assert_eq!(application(&off, &finding)["compliant"], false);
    assert_eq!(application(&off, &finding)["lineage"], "without");
    let events = bed.sandbox.pagerduty().events;
    let names_it = events
        .iter()
        .any(|event| event.body.to_string().contains("spline-disabled"));
    assert!(!names_it);
    let on = audit(&bed, false);
    assert_eq!(disabled(&on)["status"], "new");
}

#[test]
fn a_finding_goes_with_its_application_though_its_rule_is_off() {
    let bed = bed();
    let finding = disabled(&audit(&bed, false));
    let arn = finding["resource"].as_str().unwrap();
    let id = application_id(arn);
    assert!(bed.sandbox.update(|it| it.delete_application(id)));
    let off = audit(&bed, true);
    let row = rows(&off)
        .find(|row| row["fingerprint"] == finding["fingerprint"])
        .unwrap();
    assert_eq!(
        (row["status"].as_str(), resolved(&bed)),
        (Some("resolved"), 1)
    );
}

#[test]
fn an_exemption_makes_nothing_compliant() {
    let bed = bed();
    bed.configure(
        "[[exemption]]\nrule = 'spline-disabled'\nresource = 'arn:aws:emr-serverless:*:*:/applications/*'\n\
         owner = 'ads'\nreason = 'moved'\nexpires = '2999-01-01'\n",
    );
    let (_, report) = bed.audit(&[]);
    let finding = disabled(&report);
    assert_eq!(finding["status"], "exempt");
    assert_eq!(application(&report, &finding)["compliant"], false);
}

#[test]
fn the_report_lists_every_rule_as_it_was_asked() {
    let bed = bed();
    bed.configure(
        "[rules.spline-disabled]\nenabled = false\nseverity = 'low'\n\
         [rules.application-idle-timeout-long]\nminutes = 7\n",
    );
    let (_, report) = bed.audit(&[]);
    let rules = report["rules"].as_array().unwrap();
    let rule = |id: &str| rules.iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(
        *rule("spline-disabled"),
        json!({ "id": "spline-disabled", "severity": "low", "enabled": false, "parameters": {} })
    );
    assert_eq!(
        rule("application-idle-timeout-long")["parameters"],
        json!({ "minutes": 7 })
    );
    assert_eq!(rule("spline-mode-invalid")["enabled"], true);
    assert!(rules.len() > 50);
}
