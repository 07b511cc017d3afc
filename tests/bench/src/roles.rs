//! Judges the roles of many accounts from memory, and follows the steps between them.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use lineward_rules::Context;
use lineward_rules::estate::{
    Account, AccountId, Arn, InlinePolicy, Region, Role, Scope, Service, Slice,
};
use lineward_rules::judge::judge_estate;
use lineward_rules::{Policy, judge};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::json;

use crate::Result;

/// How many teams share an account.
const TEAMS: usize = 8;

/// Judge roles from memory on one core, against reading their policies as JSON.
#[derive(Debug, Args)]
pub(crate) struct Roles {
    /// How many accounts.
    #[arg(long, default_value_t = 10_000)]
    accounts: usize,
    /// How many roles in each.
    #[arg(long, default_value_t = 40)]
    roles: usize,
}

impl Roles {
    pub(crate) fn run(&self) -> Result<String> {
        let teams = (0..TEAMS).map(|team| format!("team-{team}"));
        let policy = Policy {
            teams: teams.collect(),
            ..Policy::default()
        };
        let cx = Context {
            now: Timestamp::UNIX_EPOCH,
            policy: &policy,
            organization: Some("o-bench"),
        };
        let (mut floor, mut judged) = (std::time::Duration::ZERO, std::time::Duration::ZERO);
        let mut edges = Vec::with_capacity(self.accounts);
        let mut findings = 0;
        for number in 0..self.accounts {
            // One slice at a time, as they come of a walk.
            let slice = slice(number, self.roles);
            let started = Instant::now();
            for role in &slice.roles {
                black_box(serde_json::from_str::<serde_json::Value>(&role.trust)?);
                for inline in &role.inline_policies {
                    black_box(serde_json::from_str::<serde_json::Value>(&inline.document)?);
                }
            }
            floor += started.elapsed();
            let started = Instant::now();
            let judgement = judge(&slice, &cx);
            judged += started.elapsed();
            findings += judgement.findings.len();
            edges.push(judgement.edges);
        }
        let started = Instant::now();
        let estate = judge_estate(&edges, true, &cx);
        let followed = started.elapsed();
        let peak = getrusage(UsageWho::RUSAGE_SELF)?.max_rss() / 1024;
        Ok(format!(
            "{} accounts, {} roles, one core\n\
             read as JSON           {:>8.2} s (the floor)\n\
             judged, account by account {:>4.2} s, {:.2} times the floor, {findings} findings\n\
             followed, all together {:>8.2} s, {:.2} times the floor, {} findings\n\
             most memory            {peak:>8} MB\n",
            self.accounts,
            self.accounts * self.roles,
            floor.as_secs_f64(),
            judged.as_secs_f64(),
            judged.as_secs_f64() / floor.as_secs_f64(),
            followed.as_secs_f64(),
            followed.as_secs_f64() / floor.as_secs_f64(),
            estate.findings.len(),
        ))
    }
}

/// The roles of an account: of each team one that passes, one that runs, and those that the latter may assume
/// here or in the next account. Every tenth account holds a hub of nobody that joins two teams.
fn slice(number: usize, roles: usize) -> Slice {
    let id = |number: usize| format!("{:012}", 100_000_000_000_usize + number);
    let own = id(number);
    let next = id(number + 1);
    let mut slice = Slice::new(Account::new("aws", AccountId::from(own.as_str()), ""));
    slice.scopes = vec![
        Scope::audited(Region::global(), Service::Sts),
        Scope::audited(Region::global(), Service::Iam),
    ];
    slice.roles = (0..roles)
        .map(|at| {
            let team = format!("team-{}", at % TEAMS);
            let part = at / TEAMS;
            let arn = |account: &str, part: usize| {
                format!("arn:aws:iam::{account}:role/emr/{team}/part-{part}")
            };
            let service = json!({ "Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": { "Service": "emr-serverless.amazonaws.com" },
                "Condition": { "StringEquals": { "aws:SourceAccount": own } } });
            let before = id(number.saturating_sub(1));
            let trusted = json!({ "Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": { "AWS": [arn(&own, 1), arn(&before, 1)] } });
            let (trust, may) = match part {
                0 => (service, json!([
                    { "Effect": "Allow", "Action": "iam:PassRole", "Resource": arn(&own, 1),
                      "Condition": { "StringEquals": { "iam:PassedToService": "emr-serverless.amazonaws.com" } } },
                    { "Effect": "Allow", "Action": "emr-serverless:StartJobRun", "Resource": "*",
                      "Condition": { "StringEquals": { "aws:ResourceTag/Team": team } } }])),
                1 => (service, json!({ "Effect": "Allow", "Action": "sts:AssumeRole",
                    "Resource": [arn(&own, 2), arn(&next, 2), format!("arn:aws:iam::{own}:role/emr/{team}/*")] })),
                _ => (trusted, json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" })),
            };
            role(&arn(&own, part), &team, &trust, &may)
        })
        .collect();
    if number.is_multiple_of(10) {
        let from = |team: usize| format!("arn:aws:iam::{own}:role/emr/team-{team}/part-1");
        let to = format!("arn:aws:iam::{own}:role/emr/team-2/part-2");
        let trust = json!({ "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": { "AWS": [from(0), from(1)] } });
        let may = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": to });
        slice.roles.push(role(
            &format!("arn:aws:iam::{own}:role/hub"),
            "",
            &trust,
            &may,
        ));
    }
    slice
}

fn role(arn: &str, team: &str, trust: &serde_json::Value, may: &serde_json::Value) -> Role {
    let document = |statements: &serde_json::Value| json!({ "Version": "2012-10-17", "Statement": statements });
    let team = Some(team).filter(|it| !it.is_empty());
    let tags = team.map(|team| ("Team".to_owned(), team.to_owned()));
    Role {
        arn: Arn::from(arn),
        name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
        tags: tags.into_iter().collect::<BTreeMap<_, _>>(),
        trust: document(trust).to_string(),
        inline_policies: vec![InlinePolicy {
            name: "access".into(),
            document: document(may).to_string(),
        }],
        ..Role::example()
    }
}
