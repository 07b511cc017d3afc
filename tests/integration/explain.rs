//! `lineward explain` and `lineward fix`: what each event of an incident tells its reader to type.

use lineward_sandbox::Options;
use serde_json::Value;

use crate::harness::Bed;

/// A bed with a report in its store, and the findings of that report.
fn audited() -> (Bed, Vec<Value>) {
    let bed = Bed::new(Options::default());
    let run = bed.run(&["audit", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().clone();
    assert!(!findings.is_empty());
    (bed, findings)
}

fn text(finding: &Value, field: &str) -> String {
    finding[field].as_str().unwrap_or_default().to_owned()
}

#[test]
fn each_finding_is_explained_from_the_last_report() {
    let (bed, findings) = audited();
    for finding in &findings {
        let run = bed.run(&["explain", &text(finding, "fingerprint")]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        for part in [
            text(finding, "rule"),
            text(finding, "resource"),
            "Why it matters".into(),
            format!("lineward audit --account {}", text(finding, "account")),
        ] {
            assert!(run.stdout.contains(&part), "{part}: {}", run.stdout);
        }
    }
}

#[test]
fn a_rule_is_explained_by_its_page_and_on_a_resource_by_its_finding() {
    let (bed, findings) = audited();
    let finding = &findings[0];
    let (rule, resource) = (text(finding, "rule"), text(finding, "resource"));
    let page = bed.run(&["explain", &rule]);
    assert!(page.stdout.contains("## Why it matters"), "{}", page.stdout);
    let on = bed.run(&["explain", &rule, &resource]);
    let evidence = text(finding, "evidence");
    assert!(on.stdout.contains(&evidence), "{}", on.stdout);
    let nowhere = bed.run(&["explain", &rule, "nowhere"]);
    assert_eq!(nowhere.code, 2, "{}", nowhere.stdout);
}

#[test]
fn what_is_not_there_is_said_with_what_is_near() {
    let (bed, _) = audited();
    let misspelt = bed.run(&["explain", "spline-agents-missing"]);
    assert_eq!(misspelt.code, 2);
    assert!(
        misspelt
            .stderr
            .contains("did you mean `spline-agent-missing`?"),
        "{}",
        misspelt.stderr
    );
    let gone = bed.run(&["explain", "0000000000000000"]);
    assert_eq!(gone.code, 2);
    let empty = Bed::new(Options::default());
    let none = empty.run(&["explain", "0000000000000000"]);
    assert!(none.stderr.contains("lineward audit"), "{}", none.stderr);
}

#[test]
fn a_change_that_mends_several_findings_is_printed_once() {
    let (bed, findings) = audited();
    let on_lineage = findings.iter().find(|finding| {
        let rule = text(finding, "rule");
        rule.starts_with("spline-")
            && !finding["remediation"]["aws_cli"]
                .as_str()
                .unwrap()
                .is_empty()
    });
    let finding = on_lineage.unwrap();
    let arn = text(finding, "resource");
    let run = bed.run(&["fix", "--application", &arn]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let change = finding["remediation"]["aws_cli"].as_str().unwrap();
    assert_eq!(run.stdout.matches(change).count(), 1, "{}", run.stdout);
    let one = bed.run(&["fix", &text(finding, "fingerprint"), "--as", "terraform"]);
    let change = finding["remediation"]["terraform"].as_str().unwrap();
    assert!(one.stdout.contains(change), "{}", one.stdout);
    let all = bed.run(&["fix", "--all"]);
    let named = all.stdout.matches("\n# ").count();
    assert!(named >= findings.len() - 1, "{named} of {}", findings.len());
    assert_eq!(bed.run(&["fix"]).code, 2);
}
