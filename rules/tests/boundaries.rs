//! The cases of `tests/estates/boundaries`: roles and policies with the findings they must cause, and no others.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test, which reads the cases' own files"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use lineward_rules::Context;
use lineward_rules::estate::{
    Account, AccountId, Application, Arn, InlinePolicy, JobRun, ManagedPolicy, Region, Role, Scope,
    Service, Slice,
};
use lineward_rules::graph::Edges;
use lineward_rules::judge::judge_estate;
use lineward_rules::settings::Sharing;
use lineward_rules::{Failing, Finding, Policy, judge};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    source: String,
    /// Without any, `red` and `blue`.
    #[serde(default)]
    teams: Vec<String>,
    #[serde(default)]
    shared_teams: BTreeSet<String>,
    #[serde(default)]
    tampering: bool,
    #[serde(default)]
    sharing: Vec<Sharing>,
    #[serde(default)]
    role: Vec<RoleCase>,
    #[serde(default)]
    policy: Vec<PolicyCase>,
    #[serde(default)]
    application: Vec<Map<String, Value>>,
    #[serde(default)]
    job_run: Vec<Map<String, Value>>,
    /// Accounts of the organization whose roles could not be read.
    #[serde(default)]
    unread: Vec<String>,
    /// The accounts that must be read again before any of the findings counts as gone, where the case says.
    #[serde(default)]
    needs: Option<BTreeSet<String>>,
    expected: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleCase {
    /// With its path, such as `emr/red/exec`.
    name: String,
    #[serde(default = "own_account")]
    account: String,
    #[serde(default)]
    team: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// A statement, a list of them, or a document; `emr` is the usual trust in EMR Serverless.
    trust: String,
    /// Inline policies by name, each a statement, a list of them, or a document.
    #[serde(default)]
    policies: BTreeMap<String, String>,
    #[serde(default)]
    attached: Vec<String>,
    #[serde(default)]
    boundary: Option<String>,
    #[serde(default)]
    created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyCase {
    arn: String,
    document: String,
    #[serde(default)]
    tags: Option<BTreeMap<String, String>>,
}

fn own_account() -> String {
    "111122223333".into()
}

/// A document, from what a case says of it.
fn document(text: &str, account: &str) -> String {
    if text == "emr" {
        return json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": { "Service": "emr-serverless.amazonaws.com" },
            "Condition": { "StringEquals": { "aws:SourceAccount": account } },
        }] })
        .to_string();
    }
    let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    if value.get("Statement").is_some() {
        return text.to_owned();
    }
    json!({ "Version": "2012-10-17", "Statement": value }).to_string()
}

fn role(case: &RoleCase) -> Role {
    let account = &case.account;
    let mut tags = case.tags.clone();
    tags.extend(case.team.clone().map(|team| ("Team".to_owned(), team)));
    let policies = case.policies.iter().map(|(name, text)| InlinePolicy {
        name: name.clone(),
        document: document(text, account),
    });
    Role {
        arn: Arn::from(format!("arn:aws:iam::{account}:role/{}", case.name)),
        name: case.name.rsplit('/').next().unwrap().into(),
        tags,
        trust: document(&case.trust, account),
        inline_policies: policies.collect(),
        attached_policies: case.attached.iter().cloned().map(Arn::from).collect(),
        boundary: case.boundary.clone().map(Arn::from),
        created_at: case.created_at,
        ..Role::example()
    }
}

/// An example with other fields.
fn with<T: serde::Serialize + DeserializeOwned>(example: &T, fields: &Map<String, Value>) -> T {
    let mut value = serde_json::to_value(example).unwrap();
    value.as_object_mut().unwrap().extend(fields.clone());
    serde_json::from_value(value).unwrap()
}

fn slices(case: &Case) -> Vec<Slice> {
    let mut accounts: BTreeSet<String> = case.role.iter().map(|it| it.account.clone()).collect();
    accounts.insert(own_account());
    let read = accounts.iter().map(|id| {
        let mut slice = Slice::new(Account::new("aws", AccountId::from(id.as_str()), ""));
        let scope = Scope::audited(Region::global(), Service::Iam);
        slice.scopes.push(scope);
        slice.roles = case
            .role
            .iter()
            .filter(|it| it.account == *id)
            .map(role)
            .collect();
        let policies = case.policy.iter().map(|it| ManagedPolicy {
            arn: Arn::from(it.arn.clone()),
            name: it.arn.rsplit('/').next().unwrap().into(),
            version: "v1".into(),
            document: document(&it.document, id),
            tags: it.tags.clone(),
        });
        slice.policies = policies
            .filter(|it| it.arn.account() == "aws" || it.arn.account() == id)
            .collect();
        if *id == own_account() {
            let applications = case.application.iter();
            slice.applications = applications
                .map(|it| with(&Application::example(), it))
                .collect();
            slice.job_runs = case
                .job_run
                .iter()
                .map(|it| with(&JobRun::example(), it))
                .collect();
        }
        slice
    });
    let unread = case
        .unread
        .iter()
        .map(|id| Slice::new(Account::new("aws", AccountId::from(id.as_str()), "")));
    read.chain(unread).collect()
}

fn findings(case: &Case) -> Vec<Finding> {
    let teams = if case.teams.is_empty() {
        vec!["red".to_owned(), "blue".to_owned()]
    } else {
        case.teams.clone()
    };
    let policy = Policy {
        teams: teams.into_iter().collect(),
        shared_teams: case.shared_teams.clone(),
        tampering: case.tampering,
        sharing: case.sharing.clone(),
        ..Policy::default()
    };
    let cx = Context {
        now: "2026-11-23T12:00:00Z".parse().unwrap(),
        policy: &policy,
        organization: Some("o-example"),
    };
    let mut findings = Vec::new();
    let mut edges: Vec<Edges> = Vec::new();
    for slice in slices(case) {
        let judgement = judge(&slice, &cx);
        findings.extend(judgement.findings);
        edges.push(judgement.edges);
    }
    let estate = judge_estate(&edges, true, &cx);
    findings.retain(|it| !estate.superseded.contains(&it.fingerprint));
    findings.extend(estate.findings);
    findings
}

#[test]
fn every_case_causes_its_findings_and_no_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/estates/boundaries");
    let only = std::env::var("CASE").unwrap_or_default();
    let mut wrong = Vec::new();
    let mut fired = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let cases: Cases = toml::from_str(&text).unwrap();
        for case in cases.case.iter().filter(|it| it.name.contains(&only)) {
            assert!(!case.source.is_empty(), "{}", case.name);
            let findings = findings(case);
            let told: BTreeSet<_> = findings
                .iter()
                .map(|it| {
                    let verdict = match it.verdict {
                        Failing::Fail => "fail",
                        Failing::Unknown => "unknown",
                    };
                    format!("{} {verdict}", it.rule)
                })
                .collect();
            fired.extend(told.iter().cloned());
            let needs = findings.iter().flat_map(|it| &it.needs);
            let needs: BTreeSet<String> = needs.map(ToString::to_string).collect();
            let is_needed = case.needs.as_ref().is_none_or(|it| *it == needs);
            if told != case.expected || !is_needed {
                let evidence = findings
                    .iter()
                    .map(|it| format!("\n    {} on {}: {}", it.rule, it.resource, it.evidence));
                let evidence: String = evidence.collect();
                wrong.push(format!(
                    "{}: expected {:?} with {:?}, found with {needs:?}{evidence}",
                    case.name, case.expected, case.needs
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
