//! Names, tags and configuration may hold anything at all.

use lineward_sandbox::Options;
use serde_json::{Value, json};

use crate::harness::Bed;

const NAME: &str =
    "\u{1b}[2J\u{202e}<script>alert(1)</script>|`$(reboot)`\r\n'; DROP TABLE \u{0} 数据";

fn hostile() -> Bed {
    let bed = Bed::new(Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    });
    let long = "x".repeat(1024);
    bed.sandbox.update(|organization| {
        for account in organization.accounts.values_mut() {
            for application in account
                .applications
                .values_mut()
                .flat_map(|region| region.values_mut())
            {
                let detail = &mut application.detail;
                detail["name"] = json!(NAME);
                detail["tags"] = json!({ "Team": NAME, NAME: NAME, long.clone(): long });
                detail["releaseLabel"] = json!(NAME);
                detail["runtimeConfiguration"] = json!([
                    { "classification": NAME, "properties": { NAME: NAME } },
                    { "classification": "spark-defaults", "properties": {
                        "spark.jars": format!("s3://b/spline-{NAME}.jar,{long},,,"),
                        "spark.sql.queryExecutionListeners": NAME,
                        NAME: long,
                    } },
                ]);
            }
        }
    });
    bed
}

#[test]
fn a_report_of_hostile_names_is_intact() {
    let bed = hostile();
    let (code, report) = bed.audit(&["--notify"]);
    assert_eq!(code, 1);
    let applications = report["applications"].as_array().unwrap();
    assert_eq!(applications.len(), 40);
    assert!(
        applications
            .iter()
            .all(|row| row["name"] == NAME && row["team"] == NAME)
    );
    let pagerduty = bed.sandbox.pagerduty();
    assert_eq!(
        (pagerduty.rejected.len(), pagerduty.incidents.len()),
        (0, 40)
    );
}

#[test]
fn a_table_of_hostile_names_moves_no_cursor() {
    let run = hostile().run(&["audit"]);
    let control = |letter: char| letter.is_control() && letter != '\n';
    assert!(!run.stdout.chars().any(control) && !run.stdout.contains('\u{202e}'));
    assert!(run.stdout.contains("数据"));
}

#[test]
fn a_snapshot_of_hostile_names_is_read_back() {
    let bed = hostile();
    let (_, live) = bed.audit(&["--store", "file:live"]);
    bed.run(&["collect", "-o", "estate.jsonl"]);
    let (_, judged) = bed.audit(&["--estate", "estate.jsonl", "--store", "file:judged"]);
    let evidence = |report: &Value| {
        let rows = report["findings"].as_array().unwrap().iter();
        rows.map(|row| row["evidence"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(evidence(&live), evidence(&judged));
}
