//! What was planted is found, and nothing else.

use lineward_sandbox::Options;
use serde_json::Value;

use crate::harness::{Bed, application_id, found};

#[test]
fn exactly_what_was_planted_is_found_whatever_the_seed() {
    for seed in 1..=4 {
        let options = Options {
            seed,
            accounts: 20,
            applications: 90,
            denied: 2,
            suspended: 2,
            refused_scopes: 6,
            page_size: Some(7),
            ..Options::default()
        };
        let bed = Bed::new(options);
        let (code, report) = bed.audit(&[]);
        assert_eq!(found(&report), bed.planted(), "seed {seed}");
        assert_eq!(code, 3);
        assert_eq!(report["coverage"]["accounts"]["total"], 20);
        assert_eq!(report["coverage"]["accounts"]["skipped"], 2);
        assert_eq!(report["coverage"]["accounts"]["failed"], 2);
        assert_eq!(report["run"]["complete"], false);
    }
}

#[test]
fn no_call_is_made_that_is_not_needed() {
    let bed = Bed::new(Options {
        page_size: Some(5),
        ..Options::default()
    });
    bed.audit(&[]);
    let made = bed.sandbox.calls().operations;
    let day = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
    let mut least = bed.sandbox.least_calls(Some(day)).operations;
    // One call each tells whose credentials these are, and whose organization.
    least.insert("sts:GetCallerIdentity".into(), 1);
    least.insert("organizations:DescribeOrganization".into(), 1);
    assert_eq!(made, least);
}

#[test]
fn a_clean_organization_gives_exit_code_0_and_an_empty_one_too() {
    let options = Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    };
    let bed = Bed::new(options);
    for row in bed.sandbox.expected() {
        assert!(bed.sandbox.mend(application_id(&row.resource)));
    }
    let (code, report) = bed.audit(&[]);
    assert_eq!((code, report["findings"].as_array().unwrap().len()), (0, 0));
    let compliant = |row: &Value| row["compliant"] == true;
    assert!(
        report["applications"]
            .as_array()
            .unwrap()
            .iter()
            .all(compliant)
    );

    let empty = Options {
        accounts: 2,
        applications: 0,
        denied: 0,
        suspended: 0,
        ..Options::default()
    };
    let bed = Bed::new(empty);
    let (code, report) = bed.audit(&[]);
    assert_eq!(
        (code, &report["summary"]["applications"]),
        (0, &Value::from(0))
    );
    assert_eq!(bed.run(&["audit"]).code, 0);
}

#[test]
fn the_least_severity_decides_the_exit_code() {
    let options = Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    };
    let bed = Bed::new(options);
    assert_eq!(bed.audit(&[]).0, 1);
    assert_eq!(bed.audit(&["--fail-on", "high"]).0, 1);
    assert_eq!(bed.audit(&["--fail-on", "critical"]).0, 0);
}

#[test]
fn schemas_completions_and_pages_are_printed() {
    let bed = Bed::new(Options {
        accounts: 2,
        applications: 0,
        ..Options::default()
    });
    for (name, property) in [
        ("report", "coverage"),
        ("estate", "applications"),
        ("config", "walk"),
    ] {
        let schema: Value = serde_json::from_str(&bed.run(&["schema", name]).stdout).unwrap();
        assert!(schema["properties"][property].is_object(), "{name}");
    }
    assert!(
        bed.run(&["completions", "bash"])
            .stdout
            .contains("lineward")
    );
    assert!(
        bed.run(&["rules", "show", "spline-disabled"])
            .stdout
            .contains("Why it matters")
    );
}
