//! The roles beside a team's three: one within a permissions boundary, and some that are not judged.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::organization::{Account, ManagedPolicy, PolicyVersion, Role};
use crate::random::Random;

const SERVICE: &str = "ops.emr-serverless.amazonaws.com";

/// Adds them to an account: the first has all kinds, and each kind is in every so many accounts.
pub(super) fn join(account: &mut Account, index: usize, now: Timestamp) {
    // A source of their own, so that the rest of the organization doesn't change with them.
    let mut random = Random::new(account.id.parse().unwrap_or(0));
    let mut maker = Maker {
        account: &account.id,
        team: &account.team,
        created_at: now - SignedDuration::from_hours(24 * 120),
        random: &mut random,
    };
    let kinds: [(usize, Make); 4] = [
        (2, service_linked),
        (3, identity_center),
        (4, unrelated),
        (4, bounded),
    ];
    let due = kinds
        .iter()
        .filter(|(every, _)| index.is_multiple_of(*every));
    let made: Vec<_> = due.map(|(_, make)| make(&mut maker)).collect();
    for (role, policy) in made {
        account.roles.push(role);
        account.policies.extend(policy);
    }
}

type Made = (Role, Option<ManagedPolicy>);
type Make = fn(&mut Maker<'_>) -> Made;

struct Maker<'a> {
    account: &'a str,
    team: &'a str,
    created_at: Timestamp,
    random: &'a mut Random,
}

impl Maker<'_> {
    fn role(&mut self, path: &str, name: &str, trust: &Value) -> Role {
        Role {
            name: name.into(),
            path: path.into(),
            id: self.unique("AROA"),
            arn: format!("arn:aws:iam::{}:role{path}{name}", self.account),
            created_at: self.created_at,
            trust: policy(trust),
            ..Role::default()
        }
    }

    /// A policy of `owner`: an account, or `aws`.
    fn policy(&mut self, owner: &str, path: &str, name: &str, statement: &Value) -> ManagedPolicy {
        ManagedPolicy {
            name: name.into(),
            path: path.into(),
            id: self.unique("ANPA"),
            arn: format!("arn:aws:iam::{owner}:policy{path}{name}"),
            created_at: self.created_at,
            attachments: 1,
            versions: vec![PolicyVersion {
                id: "v1".into(),
                default: true,
                document: policy(statement),
            }],
            ..ManagedPolicy::default()
        }
    }

    fn unique(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.random.alphanumeric(17).to_uppercase())
    }
}

fn policy(statement: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

fn trusting(service: &str) -> Value {
    let service = json!({ "Service": service });
    json!({ "Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole" })
}

fn attach(role: &mut Role, policy: &ManagedPolicy) {
    role.attached
        .push((policy.name.clone(), policy.arn.clone()));
}

fn service_linked(maker: &mut Maker<'_>) -> Made {
    let path = format!("/aws-service-role/{SERVICE}/");
    let name = "AWSServiceRoleForAmazonEMRServerless";
    let mut role = maker.role(&path, name, &trusting(SERVICE));
    let may = json!({
        "Effect": "Allow", "Resource": "*",
        "Action": ["ec2:CreateNetworkInterface", "ec2:DescribeSubnets", "cloudwatch:PutMetricData"],
    });
    let name = "AmazonEMRServerlessServiceRolePolicy";
    let policy = maker.policy("aws", "/aws-service-role/", name, &may);
    attach(&mut role, &policy);
    (role, Some(policy))
}

fn identity_center(maker: &mut Maker<'_>) -> Made {
    let provider = format!(
        "arn:aws:iam::{}:saml-provider/AWSSSO_{}_DO_NOT_DELETE",
        maker.account,
        maker.random.alphanumeric(16)
    );
    let trust = json!({
        "Effect": "Allow", "Principal": { "Federated": provider },
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
        "Condition": { "StringEquals": { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
    });
    let name = format!(
        "AWSReservedSSO_DataEngineer_{}",
        maker.random.alphanumeric(16)
    );
    let path = "/aws-reserved/sso.amazonaws.com/eu-west-1/";
    let mut role = maker.role(path, &name, &trust);
    // By what it may do it would be in scope.
    let may = json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*" });
    role.inline = vec![("AwsSSOInlinePolicy".into(), policy(&may))];
    (role, None)
}

fn unrelated(maker: &mut Maker<'_>) -> Made {
    let name = "cost-report-function-role";
    let mut role = maker.role("/", name, &trusting("lambda.amazonaws.com"));
    let may = json!({ "Effect": "Allow", "Action": "ce:GetCostAndUsage", "Resource": "*" });
    role.inline = vec![("costs".into(), policy(&may))];
    let may = json!({
        "Effect": "Allow", "Resource": "*",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    });
    let name = "AWSLambdaBasicExecutionRole";
    let policy = maker.policy("aws", "/service-role/", name, &may);
    attach(&mut role, &policy);
    (role, Some(policy))
}

/// An execution role of the team for notebooks, whose boundary is attached to nothing.
fn bounded(maker: &mut Maker<'_>) -> Made {
    let (account, team) = (maker.account, maker.team);
    let mut trust = trusting("emr-serverless.amazonaws.com");
    let own = json!({ "StringEquals": { "aws:SourceAccount": account } });
    crate::field::set(&mut trust, "Condition", own);
    let mut role = maker.role("/", &format!("{team}-notebook-role"), &trust);
    let bucket = format!("arn:aws:s3:::example-{team}-data");
    let may = |actions: &[&str]| {
        json!({
            "Sid": "TeamData", "Effect": "Allow", "Action": actions,
            "Resource": [bucket, format!("{bucket}/*")],
        })
    };
    let name = format!("{team}-boundary");
    let within = may(&["s3:GetObject", "s3:PutObject", "s3:ListBucket"]);
    let tags = vec![("Team".to_owned(), team.to_owned())];
    let boundary = ManagedPolicy {
        attachments: 0,
        boundaries: 1,
        tags: tags.clone(),
        ..maker.policy(account, "/", &name, &within)
    };
    role.inline = vec![(
        "notebook-access".into(),
        policy(&may(&["s3:GetObject", "s3:ListBucket"])),
    )];
    role.boundary = Some(boundary.arn.clone());
    role.tags = tags;
    (role, Some(boundary))
}
