//! What doesn't page: storms beyond a number, a baseline, what is accepted, and what was told already.

use lineward_sandbox::{IncidentState, Options};
use serde_json::{Value, json};

use crate::harness::{Bed, Run, Told, application_id, count, rows};

fn whole() -> Options {
    Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    }
}

fn open(bed: &Bed) -> usize {
    let incidents = bed.sandbox.pagerduty().incidents.into_iter();
    incidents
        .filter(|it| it.state != IncidentState::Resolved)
        .count()
}

/// An application with the fault of `spline-disabled`: its id and its ARN.
fn faulty(bed: &Bed) -> (String, String) {
    let mut rows = bed.planted().into_iter();
    let row = rows.find(|row| row[0] == "spline-disabled").unwrap();
    (application_id(&row[4]).to_owned(), row[4].clone())
}

fn tag(bed: &Bed, id: &str, value: &str) {
    bed.sandbox.update(|organization| {
        let application = organization.application_mut(id).unwrap();
        application.detail["tags"]["lineward:exempt"] = json!(value);
    });
}

fn with(bed: &Bed, variable: (&str, &str), arguments: &[&str]) -> (Run, Value) {
    let arguments = [&["audit", "--format", "json"], arguments].concat();
    let run: Run = bed
        .command(&arguments)
        .envs([variable])
        .output()
        .unwrap()
        .into();
    let report = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    (run, report)
}

#[test]
fn a_storm_opens_a_few_incidents_and_one_summary() {
    let bed = Bed::new(whole());
    let at_most = ("LINEWARD_PAGERDUTY__MAX_EVENTS", "3");
    let (run, report) = with(&bed, at_most, &["--notify", "--first-run=page"]);
    let told = &report["notification"];
    let folded = told["folded"].as_u64().unwrap();
    assert_eq!((open(&bed), told["opened"].as_u64()), (4, Some(4)));
    assert!(folded > 10 && run.stderr.contains(&format!("{folded} folded")));
    assert!(bed.sandbox.pagerduty().rejected.is_empty());
    let (_, again) = with(&bed, at_most, &["--notify"]);
    assert_eq!(
        (open(&bed), again["notification"]["opened"].as_u64()),
        (4, Some(0))
    );

    // A run that looks at one account resolves nothing of the others.
    let account = bed.planted().into_iter().next().unwrap()[2].clone();
    with(&bed, at_most, &["--notify", "--account", &account]);
    assert_eq!(open(&bed), 4);
    let planted: Vec<_> = bed.planted().into_iter().collect();
    for row in planted
        .iter()
        .filter(|row| row[4].contains("/applications/"))
    {
        bed.sandbox
            .update(|it| it.delete_application(application_id(&row[4])));
    }
    with(&bed, at_most, &["--notify"]);
    assert_eq!(open(&bed), 0);
}

#[test]
fn a_baseline_pages_nobody_until_something_is_new() {
    let bed = Bed::new(whole());
    let (id, _) = faulty(&bed);
    bed.run(&["audit", "--baseline"]);
    let (_, report) = bed.audit(&["--notify"]);
    assert_eq!((open(&bed), count(&report, "new")), (0, 0));
    bed.sandbox.mend(&id);
    bed.audit(&["--notify"]);
    bed.sandbox.plant(&id, lineward_sandbox::Fault::Disabled);
    bed.audit(&["--notify"]);
    assert_eq!(open(&bed), 1);
    let run = bed.run(&["audit", "--baseline", "--notify"]);
    assert_eq!(run.code, 2);
}

#[test]
fn a_tag_accepts_a_finding_where_the_configuration_lets_it() {
    let bed = Bed::new(whole());
    let (id, arn) = faulty(&bed);
    tag(
        &bed,
        &id,
        "spline-disabled:2999-01-01:moves to another platform",
    );
    let (_, report) = bed.audit(&[]);
    let row = |report: &Value| {
        rows(report)
            .find(|row| row["resource"] == arn.as_str())
            .unwrap()
            .clone()
    };
    assert_eq!(row(&report)["status"], "new");
    assert_eq!(report["exemptions"][0]["state"], "ignored");

    let allowed = ("LINEWARD_TEAMS__EXEMPTION_TAGS", "true");
    let (run, report) = with(&bed, allowed, &["--notify"]);
    assert_eq!(row(&report)["status"], "exempt", "{}", run.stderr);
    assert_eq!(row(&report)["acceptance"]["expires"], "2999-01-01");
    assert_eq!(report["exemptions"][0]["findings"], 1);
    assert_eq!(report["summary"]["exempt"], 1);

    tag(
        &bed,
        &id,
        "spline-disabled:2020-01-01:moves to another platform",
    );
    let (_, report) = with(&bed, allowed, &[]);
    assert_eq!(report["exemptions"][0]["state"], "expired");
    let expired = rows(&report)
        .find(|row| row["rule"] == "exemption-expired")
        .unwrap();
    assert_eq!(expired["resource"], arn.as_str());
    // A run that looks elsewhere leaves it out, and knows it all the same.
    let elsewhere = bed.planted().into_iter().find(|row| !arn.contains(&row[2]));
    let (_, narrow) = with(&bed, allowed, &["--account", &elsewhere.unwrap()[2]]);
    assert!(!rows(&narrow).any(|row| row["rule"] == "exemption-expired"));
    let (_, whole) = with(&bed, allowed, &[]);
    let expired = rows(&whole)
        .find(|row| row["rule"] == "exemption-expired")
        .unwrap();
    assert_eq!(expired["status"], "ongoing");

    tag(&bed, &id, "for ever");
    let run: Run = bed
        .command(&["audit"])
        .envs([allowed])
        .output()
        .unwrap()
        .into();
    assert!(
        run.stdout.contains("`for ever` is not an exemption"),
        "{}",
        run.stdout
    );
}

#[test]
fn an_exemption_that_is_over_or_matches_nothing_is_told() {
    let bed = Bed::new(whole());
    let (_, arn) = faulty(&bed);
    bed.configure(&format!(
        "[[exemption]]\nrule = 'spline-disabled'\nresource = '{arn}'\nowner = 'ads'\nreason = 'x'\nexpires = '2020-01-01'\n\
         [[exemption]]\nrule = 'spline-disabled'\nresource = 'arn:aws:emr-serverless:*:999999999999:*'\nowner = 'ads'\nreason = 'x'\nexpires = '2999-01-01'\n"
    ));
    let run = bed.run(&["audit"]);
    for line in [
        "expired 2020-01-01:",
        "matches nothing: arn:aws:emr-serverless:*:999999999999:*",
    ] {
        assert!(run.stdout.contains(line), "{}", run.stdout);
    }
    let (_, report) = bed.audit(&[]);
    let open = rows(&report).filter(|row| row["rule"] == "exemption-expired");
    assert_eq!(
        open.map(|row| row["status"].clone()).collect::<Vec<_>>(),
        ["ongoing"]
    );
    assert_eq!(report["summary"]["exempt"], 0);
    bed.configure("");
    let (_, report) = bed.audit(&[]);
    assert_eq!(count(&report, "resolved"), 1);
}

#[test]
fn a_region_that_is_walked_no_more_keeps_its_incidents_until_somebody_accepts_them() {
    let bed = Bed::new(whole());
    bed.audit(&["--notify"]);
    let all = open(&bed);
    let here = bed
        .planted()
        .iter()
        .filter(|row| row[1] == "fail" && row[3] == "eu-west-1")
        .count();
    assert!(here > 0 && here < all);
    let one = ("LINEWARD_ORGANIZATION__REGIONS", "['us-east-1']");
    with(&bed, one, &["--notify"]);
    assert_eq!(open(&bed), all);
    let rules: std::collections::BTreeSet<_> = bed
        .planted()
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    let exemption = |rule: &String| {
        format!(
            "[[exemption]]\nrule = '{rule}'\nresource = 'arn:aws:emr-serverless:eu-west-1:*'\nowner = 'us'\nreason = 'left'\nexpires = '2999-01-01'\n"
        )
    };
    let exemptions: String = rules.iter().map(exemption).collect();
    bed.configure(&exemptions);
    with(&bed, one, &["--notify"]);
    assert_eq!(open(&bed), all - here);
}

#[test]
fn a_rule_that_is_switched_off_mends_nothing() {
    let bed = Bed::new(whole());
    bed.audit(&["--notify"]);
    let all = open(&bed);
    let of_application = |row: &Told| row[0].starts_with("application-");
    let rule = bed.planted().into_iter().find(of_application).unwrap()[0].clone();
    let off = format!(
        "LINEWARD_RULES__{}__ENABLED",
        rule.to_uppercase().replace('-', "_")
    );
    let (_, report) = with(&bed, (&off, "false"), &["--notify"]);
    let mut of_rule = rows(&report).filter(|row| row["rule"] == rule.as_str());
    assert!(of_rule.all(|row| row["status"] == "not-judged"));
    assert_eq!((count(&report, "resolved"), open(&bed)), (0, all));
}
