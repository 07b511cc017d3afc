//! A way to another team's data that starts with a job: it hangs on the application that the job is started in.

use lineward_sandbox::{Account, Block, Cause, IncidentState, Options, Role};
use serde_json::{Value, json};

use crate::harness::{Bed, rows};

/// An account in which a role of team `ads` comes to data of team `billing`.
struct Way {
    account: String,
    region: String,
}

fn policy(statements: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn role(account: &str, name: &str, team: Option<&str>, trust: &Value, may: &Value) -> Role {
    Role {
        id: format!("AROA{}", name.to_uppercase().replace('-', "X")),
        arn: format!("arn:aws:iam::{account}:role/{name}"),
        name: name.into(),
        path: "/".into(),
        trust: policy(&json!([
            { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trust },
        ])),
        inline: vec![("may".into(), policy(may))],
        tags: team
            .map(|it| ("Team".into(), it.into()))
            .into_iter()
            .collect(),
        ..Role::default()
    }
}

/// The role `ads-starter` starts jobs in one application with the untagged `pivot`, which assumes `billing-data`.
fn open(bed: &Bed) -> Way {
    bed.sandbox.update(|organization| {
        let mut accounts = organization.accounts.values_mut();
        let account = accounts.find(|it| it.is_readable() && !it.applications.is_empty());
        let account = account.unwrap();
        let (id, region) = (
            account.id.clone(),
            account.applications.keys().next().unwrap().clone(),
        );
        let application = account.applications[&region].keys().next().unwrap();
        let application =
            format!("arn:aws:emr-serverless:{region}:{id}:/applications/{application}");
        let arn = |name: &str| format!("arn:aws:iam::{id}:role/{name}");
        let allow = |action: &str, resource: &str| json!({ "Effect": "Allow", "Action": action, "Resource": resource });
        let starts = json!([
            allow("emr-serverless:StartJobRun", &application),
            allow("iam:PassRole", &arn("pivot")),
        ]);
        let assumes = json!([allow("sts:AssumeRole", &arn("billing-data"))]);
        let service = |name: &str| json!({ "Service": format!("{name}.amazonaws.com") });
        let roles = [
            role(&id, "ads-starter", Some("ads"), &service("airflow"), &starts),
            role(&id, "pivot", None, &service("emr-serverless"), &assumes),
            role(
                &id,
                "billing-data",
                Some("billing"),
                &json!({ "AWS": arn("pivot") }),
                &json!([allow("s3:GetObject", "*")]),
            ),
        ];
        account.roles.extend(roles);
        Way { account: id, region }
    })
}

fn change(bed: &Bed, way: &Way, change: impl FnOnce(&mut Account)) {
    bed.sandbox.update(|organization| {
        change(organization.accounts.get_mut(&way.account).unwrap());
    });
}

fn deny(bed: &Bed, way: &Way, operation: &str) {
    let block = Block {
        region: Some(way.region.clone()),
        service: "emr-serverless".into(),
        operation: Some(operation.into()),
        cause: Cause::AccessDenied,
    };
    change(bed, way, |account| account.blocks.push(block));
}

/// The row of a rule on `ads-starter`, or of the way on the role that it passes through.
fn row<'a>(report: &'a Value, rule: &str) -> Option<&'a Value> {
    let is_on_starter = |row: &&Value| {
        let resource = row["resource"].as_str().unwrap();
        let names = [":role/ads-starter", ":role/pivot"];
        row["rule"] == rule && names.iter().any(|it| resource.ends_with(it))
    };
    rows(report).find(is_on_starter)
}

fn status<'a>(report: &'a Value, rule: &str) -> Option<&'a str> {
    row(report, rule).and_then(|row| row["status"].as_str())
}

fn whole() -> Options {
    Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    }
}

#[test]
fn a_way_through_an_application_is_resolved_only_once_the_application_was_read() {
    for operation in ["ListApplications", "GetApplication"] {
        let bed = Bed::new(whole());
        let way = open(&bed);
        let (_, report) = bed.audit(&["--notify"]);
        assert_eq!(status(&report, "boundary-reachable"), Some("new"));
        let incident = row(&report, "boundary-reachable").unwrap()["incident"]["dedup_key"].clone();
        let state = || {
            let incidents = bed.sandbox.pagerduty().incidents.into_iter();
            let mut of_way = incidents.filter(|it| incident == it.dedup_key.as_str());
            of_way.next().unwrap().state
        };
        assert_ne!(state(), IncidentState::Resolved);

        deny(&bed, &way, operation);
        let (_, report) = bed.audit(&["--notify"]);
        assert_eq!(
            status(&report, "boundary-reachable"),
            Some("unseen"),
            "{operation}"
        );
        assert_ne!(state(), IncidentState::Resolved, "{operation}");
        assert_eq!(status(&report, "boundary-unproven"), Some("new"));

        change(&bed, &way, |account| {
            account.blocks.clear();
            account.roles.retain(|role| role.name != "pivot");
        });
        let (_, report) = bed.audit(&["--notify"]);
        assert_eq!(status(&report, "boundary-reachable"), Some("resolved"));
        assert_eq!(status(&report, "boundary-unproven"), Some("resolved"));
        assert_eq!(state(), IncidentState::Resolved, "{operation}");
    }
}

#[test]
fn a_way_through_an_application_that_was_never_read_is_unproven() {
    for operation in ["ListApplications", "GetApplication"] {
        let bed = Bed::new(whole());
        let way = open(&bed);
        deny(&bed, &way, operation);
        let (code, report) = bed.audit(&[]);
        assert_eq!((code, status(&report, "boundary-reachable")), (3, None));
        let row = row(&report, "boundary-unproven").unwrap();
        assert_eq!(
            (&row["verdict"], &row["status"]),
            (&json!("unknown"), &json!("new"))
        );
        let evidence = row["evidence"].as_str().unwrap();
        assert!(
            evidence.contains("emr-serverless:StartJobRun"),
            "{evidence}"
        );
        assert!(evidence.contains(operation), "{evidence}");
        let read_from = row["read_from"].as_array().unwrap();
        let is_region = |scope: &&Value| scope["region"] == way.region.as_str();
        assert!(read_from.iter().any(|scope| is_region(&scope)), "{row}");
    }
}
