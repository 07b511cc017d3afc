//! The cases of `tests/estates/boundaries`: roles and policies with the findings they must cause, and no others.
#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test, which reads the cases' own files"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use lineward_rules::Context;
use lineward_rules::catalogue::rules;
use lineward_rules::estate::{
    Account, AccountId, Application, Arn, Cause, Gap, InlinePolicy, JobRun, ManagedPolicy,
    ReadScope, Region, Role, Scope, Service, Slice,
};
use lineward_rules::graph::Edges;
use lineward_rules::judge::judge_estate;
use lineward_rules::settings::Sharing;
use lineward_rules::{Check, Failing, Finding, Policy, Remediation, Rule, judge};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// The roles of the cases that say so.
    #[serde(default)]
    base: Vec<RoleCase>,
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
    /// Whether it has the roles of the file's `base`, but for its own of the same name.
    #[serde(default)]
    base: bool,
    /// The roles of the base that it doesn't have.
    #[serde(default)]
    without: Vec<String>,
    /// Accounts that were read and have no role in scope.
    #[serde(default)]
    accounts: Vec<String>,
    /// Roles that an older walk left out of its snapshot.
    #[serde(default)]
    out_of_scope: Vec<Arn>,
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
    /// Each a rule, its verdict and, where the case says, its severity.
    expected: BTreeSet<String>,
}

#[derive(Clone, Deserialize)]
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
    accounts.extend(case.accounts.iter().cloned());
    accounts.extend(case.out_of_scope.iter().map(|it| it.account().to_owned()));
    accounts.retain(|it| !case.unread.contains(it));
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
        let applications = case.application.iter();
        slice.applications = applications
            .map(|it| with(&Application::example(), it))
            .filter(|it| it.arn.account() == id)
            .collect();
        let job_runs = case.job_run.iter();
        slice.job_runs = job_runs
            .map(|it| with(&JobRun::example(), it))
            .filter(|it| it.arn.account() == id)
            .collect();
        let out_of_scope = case.out_of_scope.iter().cloned();
        slice.out_of_scope = out_of_scope.filter(|it| it.account() == id).collect();
        slice
    });
    let unread = case
        .unread
        .iter()
        .map(|id| Slice::new(Account::new("aws", AccountId::from(id.as_str()), "")));
    read.chain(unread).collect()
}

/// What the rules find in slices; `is_whole` says that all accounts of the organization are among them.
fn findings(case: &Case, slices: &[Slice], is_whole: bool) -> Vec<Finding> {
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
    for slice in slices {
        let judgement = judge(slice, &cx);
        findings.extend(judgement.findings);
        edges.push(judgement.edges);
    }
    let estate = judge_estate(&edges, is_whole, &cx);
    findings.retain(|it| !estate.superseded.contains(&it.fingerprint));
    findings.extend(estate.findings);
    findings
}

/// The cases, or those whose name holds what the environment asks for.
fn cases() -> Vec<Case> {
    let only = std::env::var("CASE").unwrap_or_default();
    let all = all_cases().into_iter();
    all.filter(|case| case.name.contains(&only)).collect()
}

fn all_cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/estates/boundaries");
    let files = std::fs::read_dir(folder).unwrap();
    let texts = files.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let cases = texts.flat_map(|text| {
        let Cases { base, case } = toml::from_str(&text).unwrap();
        case.into_iter().map(move |case| on_base(case, &base))
    });
    cases.collect()
}

/// A case with the roles of the base that it doesn't put in its own words.
fn on_base(mut case: Case, base: &[RoleCase]) -> Case {
    let is_kept = |it: &&RoleCase| {
        let is_own = |own: &RoleCase| (&own.account, &own.name) == (&it.account, &it.name);
        !case.role.iter().any(is_own) && !case.without.contains(&role(it).arn.to_string())
    };
    let kept: Vec<_> = base.iter().filter(is_kept).cloned().collect();
    case.role.extend(kept.into_iter().filter(|_| case.base));
    case
}

/// Each rule with its verdict, and with its severity where a case asks for it.
fn told(finding: &Finding, expected: &BTreeSet<String>) -> String {
    let verdict = match finding.verdict {
        Failing::Fail => "fail",
        Failing::Unknown => "unknown",
    };
    let plain = format!("{} {verdict}", finding.rule);
    let severe = format!("{plain} {}", finding.severity);
    let asked = expected
        .iter()
        .any(|it| it.starts_with(&format!("{plain} ")));
    if asked { severe } else { plain }
}

/// What stands where a command would take it, and is no value: a placeholder, or what is hidden here.
fn no_value(remediation: &Remediation) -> Option<&str> {
    let texts = [&remediation.aws_cli, &remediation.terraform];
    let lines = texts.into_iter().flat_map(|text| text.lines());
    let mut lines = lines.filter(|line| !line.trim_start().starts_with('#'));
    lines.find(|line| {
        let mut opened = line.split('<').skip(1);
        let is_named = |text: &str| text.starts_with(|letter: char| letter.is_ascii_lowercase());
        opened.any(|text| is_named(text) && text.contains('>')) || line.contains("[redacted")
    })
}

#[test]
fn every_case_causes_its_findings_and_no_others() {
    let mut wrong = Vec::new();
    for case in &cases() {
        assert!(!case.source.is_empty(), "{}", case.name);
        let findings = findings(case, &slices(case), true);
        for finding in &findings {
            assert_eq!(no_value(&finding.remediation), None, "{}", finding.rule);
        }
        let told: BTreeSet<_> = findings.iter().map(|it| told(it, &case.expected)).collect();
        let needs = findings.iter().flat_map(|it| {
            let accounts = it.read_from.iter().map(|scope| &scope.account);
            accounts.filter(|account| **account != it.account)
        });
        let needs: BTreeSet<String> = needs.map(ToString::to_string).collect();
        let is_needed = case.needs.as_ref().is_none_or(|it| *it == needs);
        if told != case.expected || !is_needed {
            let evidence = findings.iter().map(|it| {
                let Finding {
                    rule,
                    resource,
                    severity,
                    ..
                } = it;
                format!("\n    {rule} {severity} on {resource}: {}", it.evidence)
            });
            let evidence: String = evidence.collect();
            wrong.push(format!(
                "{}: expected {:?} with {:?}, found with {needs:?}{evidence}",
                case.name, case.expected, case.needs
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the cases can cause findings of a rule: it judges roles, policies or statements.
fn is_of_boundaries(rule: &Rule) -> bool {
    match rule.check {
        Check::Role { .. }
        | Check::Statement { .. }
        | Check::ManagedPolicy { .. }
        | Check::Estate { .. } => true,
        Check::Lineage { .. }
        | Check::Application { .. }
        | Check::JobRun { .. }
        | Check::Session { .. }
        | Check::Configuration { .. }
        | Check::Exemption { .. }
        | Check::Scope { .. } => false,
    }
}

#[test]
fn every_rule_on_roles_policies_and_the_estate_has_a_case() {
    let cases = cases();
    let findings = cases
        .iter()
        .flat_map(|case| findings(case, &slices(case), true));
    let fired: BTreeSet<_> = findings.map(|finding| finding.rule.to_string()).collect();
    let missing = rules().filter(|rule| is_of_boundaries(rule) && !fired.contains(rule.id));
    let missing: Vec<_> = missing.map(|rule| rule.id).collect();
    assert!(missing.is_empty(), "no case causes {missing:?}");
}

fn gap(operation: &str, resource: Option<&Arn>) -> Gap {
    Gap {
        operation: operation.into(),
        resource: resource.cloned(),
        cause: Cause::Throttled,
        code: "ThrottlingException".into(),
        reason: "Rate exceeded".into(),
    }
}

fn scope_of<'s>(slice: &'s mut Slice, region: &Region, service: Service) -> &'s mut Scope {
    let mut scopes = slice.scopes.iter_mut();
    let scope = scopes.find(|it| (&it.region, it.service) == (region, service));
    scope.unwrap()
}

/// The slice as a walk would have left it that met a gap: one for each gap that it may meet.
fn gapped(slice: &Slice) -> Vec<Slice> {
    let mut all = Vec::new();
    for scope in &slice.scopes {
        let (region, service) = (&scope.region, scope.service);
        let mut other = slice.clone();
        scope_of(&mut other, region, service)
            .gaps
            .push(gap("List", None));
        match service {
            Service::EmrServerless => {
                other.applications.retain(|it| it.region != *region);
                other.job_runs.retain(|it| it.region != *region);
            }
            Service::Iam => (other.roles, other.policies) = (Vec::new(), Vec::new()),
            Service::Organizations | Service::Sts | Service::Account => {}
        }
        all.push(other);
    }
    for application in &slice.applications {
        let (arn, mut other) = (&application.arn, slice.clone());
        other.applications.retain(|it| it.arn != *arn);
        other.job_runs.retain(|it| !it.arn.is_within(arn));
        scope_of(&mut other, &application.region, Service::EmrServerless)
            .gaps
            .push(gap("GetApplication", Some(arn)));
        all.push(other);
    }
    for (at, policy) in slice.policies.iter().enumerate() {
        let mut other = slice.clone();
        other.policies[at].tags = None;
        scope_of(&mut other, &Region::global(), Service::Iam)
            .gaps
            .push(gap("ListPolicyTags", Some(&policy.arn)));
        all.push(other.clone());
        other.policies.remove(at);
        scope_of(&mut other, &Region::global(), Service::Iam).gaps =
            vec![gap("GetPolicy", Some(&policy.arn))];
        all.push(other);
    }
    all
}

/// The slices of a case with a scope for all that is in them, and the list of the organization.
fn scoped(case: &Case) -> Vec<Slice> {
    let mut slices = slices(case);
    for slice in &mut slices {
        let regions: BTreeSet<_> = slice.applications.iter().map(|it| &it.region).collect();
        let scopes = regions.into_iter().cloned();
        let scopes = scopes.map(|region| Scope::audited(region, Service::EmrServerless));
        let scopes: Vec<_> = scopes.collect();
        slice.scopes.extend(scopes);
    }
    let listed = Scope::audited(Region::global(), Service::Organizations);
    slices[0].scopes.push(listed);
    slices
}

#[test]
fn a_finding_that_a_gap_takes_away_hangs_on_what_the_gap_hides() {
    let (mut wrong, mut lost) = (Vec::new(), BTreeSet::new());
    for case in &cases() {
        let whole = scoped(case);
        let before = findings(case, &whole, true);
        for at in 0..whole.len() {
            for other in gapped(&whole[at]) {
                let mut slices = whole.clone();
                slices[at] = other;
                let is_listed =
                    slices[0].looked_at(&Region::global(), Service::Organizations, &Arn::from("*"));
                let now = findings(case, &slices, is_listed);
                let now: BTreeSet<_> = now.iter().map(|it| &it.fingerprint).collect();
                for finding in before.iter().filter(|it| !now.contains(&it.fingerprint)) {
                    lost.insert(finding.rule.clone());
                    let is_read = |scope| slices.iter().any(|it| ReadScope::is_read_in(scope, it));
                    if finding.read_from.iter().all(is_read) {
                        let gaps = slices[at].scopes.iter().flat_map(|it| &it.gaps);
                        let gaps: Vec<_> = gaps.map(|it| (&it.operation, &it.resource)).collect();
                        wrong.push(format!("{}: {} without {gaps:?}", case.name, finding.rule));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Every rule whose answer is read from more than its own resource is among them.
    for rule in [
        "application-retaggable",
        "boundary-reachable",
        "job-run-role-other-team",
        "role-policy-other-team",
        "trust-admits-foreign-account",
        "trust-source-other-team",
    ] {
        assert!(
            lost.iter().any(|it| it.as_str() == rule),
            "{rule}: {lost:?}"
        );
    }
}
