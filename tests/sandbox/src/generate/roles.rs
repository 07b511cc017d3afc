//! The three roles of a team: one passes, one runs the job, one reads the data.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::organization::{Account, ManagedPolicy, PolicyVersion, Role};
use crate::random::Random;

/// A team's roles and the customer managed policy of each, all within the team's bounds.
pub(super) fn of_team(
    account: &Account,
    organization: &str,
    now: Timestamp,
    random: &mut Random,
) -> (Vec<Role>, Vec<ManagedPolicy>) {
    let (id, team) = (&account.id, &account.team);
    let emr = emr_role(id, team);
    let execution = execution_role(id, team);
    let data = data_role(id, team, organization);
    let created_at = now - SignedDuration::from_hours(24 * 180);
    [("emr", emr), ("execution", execution), ("data", data)]
        .into_iter()
        .map(|(part, documents)| entry(account, part, &documents, created_at, random))
        .unzip()
}

/// Trust, inline and managed policy of a role.
struct Documents {
    trust: Value,
    inline: Value,
    managed: Value,
}

fn emr_role(account: &str, team: &str) -> Documents {
    let own = json!({ "StringEquals": { "aws:SourceAccount": account } });
    let airflow = json!({ "Service": ["airflow.amazonaws.com", "airflow-env.amazonaws.com"] });
    let passed =
        json!({ "StringEquals": { "iam:PassedToService": "emr-serverless.amazonaws.com" } });
    let tagged = json!({ "StringEquals": { "aws:ResourceTag/Team": team } });
    let execution = format!("arn:aws:iam::{account}:role/{team}-execution-role");
    let applications = format!("arn:aws:emr-serverless:*:{account}:/applications/*");
    let actions = ["StartJobRun", "GetJobRun", "CancelJobRun", "GetApplication"]
        .map(|action| format!("emr-serverless:{action}"));
    Documents {
        trust: policy(&json!({
            "Effect": "Allow", "Principal": airflow, "Action": "sts:AssumeRole", "Condition": own,
        })),
        inline: policy(&json!({
            "Sid": "PassExecutionRole", "Effect": "Allow", "Action": "iam:PassRole",
            "Resource": execution, "Condition": passed,
        })),
        managed: policy(&json!({
            "Sid": "RunJobs", "Effect": "Allow", "Action": actions,
            "Resource": applications, "Condition": tagged,
        })),
    }
}

fn execution_role(account: &str, team: &str) -> Documents {
    let own = json!({ "StringEquals": { "aws:SourceAccount": account } });
    let tagged = json!({ "StringEquals": { "iam:ResourceTag/Team": team } });
    let service = json!({ "Service": "emr-serverless.amazonaws.com" });
    let artifacts = format!("arn:aws:s3:::example-{team}-artifacts/*");
    Documents {
        trust: policy(&json!({
            "Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole", "Condition": own,
        })),
        inline: policy(&json!({
            "Sid": "AssumeDataRole", "Effect": "Allow", "Action": "sts:AssumeRole",
            "Resource": format!("arn:aws:iam::{account}:role/{team}-data-role"),
            "Condition": tagged,
        })),
        managed: policy(&json!({
            "Sid": "ReadArtifacts", "Effect": "Allow", "Action": ["s3:GetObject"],
            "Resource": [artifacts, "arn:aws:s3:::example-lineage-artifacts/*"],
        })),
    }
}

fn data_role(account: &str, team: &str, organization: &str) -> Documents {
    let execution = json!({ "AWS": format!("arn:aws:iam::{account}:role/{team}-execution-role") });
    let ours = json!({ "StringEquals": { "aws:PrincipalOrgID": organization } });
    let bucket = format!("arn:aws:s3:::example-{team}-data");
    Documents {
        trust: policy(&json!({
            "Effect": "Allow", "Principal": execution, "Action": "sts:AssumeRole", "Condition": ours,
        })),
        inline: policy(&json!({
            "Sid": "UseData", "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
            "Resource": [bucket, format!("{bucket}/*")],
        })),
        managed: policy(&json!({
            "Sid": "ReadCatalogue", "Effect": "Allow",
            "Action": ["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"],
            "Resource": format!("arn:aws:glue:*:{account}:*"),
        })),
    }
}

fn policy(statement: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

fn entry(
    account: &Account,
    part: &str,
    documents: &Documents,
    created_at: Timestamp,
    random: &mut Random,
) -> (Role, ManagedPolicy) {
    let (id, team) = (&account.id, &account.team);
    let (role, policy) = (
        format!("{team}-{part}-role"),
        format!("{team}-{part}-policy"),
    );
    let policy_arn = format!("arn:aws:iam::{id}:policy/{policy}");
    let tags = vec![("Team".into(), team.clone())];
    let unique = |prefix: &str, random: &mut Random| {
        format!("{prefix}{}", random.alphanumeric(17).to_uppercase())
    };
    let held = Role {
        id: unique("AROA", random),
        arn: format!("arn:aws:iam::{id}:role/{role}"),
        name: role,
        path: "/".into(),
        created_at,
        trust: documents.trust.to_string(),
        inline: vec![(format!("{part}-access"), documents.inline.to_string())],
        attached: vec![(policy.clone(), policy_arn.clone())],
        boundary: None,
        tags: tags.clone(),
    };
    let managed = ManagedPolicy {
        id: unique("ANPA", random),
        arn: policy_arn,
        name: policy,
        path: "/".into(),
        created_at,
        attachments: 1,
        boundaries: 0,
        versions: vec![PolicyVersion {
            id: "v1".into(),
            default: true,
            document: documents.managed.to_string(),
        }],
        tags,
    };
    (held, managed)
}
