//! What must hold of boundaries whatever the policies: on estates that are made up.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};

use lineward_rules::Context;
use lineward_rules::estate::{
    Account, AccountId, Arn, InlinePolicy, Region, Role, Scope, Service, Slice,
};
use lineward_rules::graph::{Edges, Estate};
use lineward_rules::judge::judge_estate;
use lineward_rules::{Policy, judge};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const ACCOUNTS: [&str; 2] = ["111111111111", "222222222222"];
/// Names of one length, none the beginning of another, so that one can stand for the other in any text.
const TEAMS: [&str; 3] = ["red", "blu", "grn"];
const PARTS: [&str; 3] = ["emr", "exec", "data"];

fn arn(account: &str, team: &str, part: &str) -> String {
    format!("arn:aws:iam::{account}:role/emr/{team}/{part}")
}

/// What a role of each account, team and part is made of.
#[derive(Clone, Debug)]
struct Made {
    account: &'static str,
    team: Option<&'static str>,
    name: (&'static str, &'static str),
    trust: Vec<Value>,
    may: Vec<Value>,
}

fn some_arn() -> impl Strategy<Value = String> {
    let whole = (select(&ACCOUNTS), select(&TEAMS), select(&PARTS));
    let whole = whole.prop_map(|(account, team, part)| arn(account, team, part));
    let wide = select(vec![
        "*",
        "arn:aws:iam::*:role/emr/red/*",
        "arn:aws:iam::222222222222:role/emr/*",
        "arn:aws:iam::*:role/emr/${aws:PrincipalTag/Team}/*",
    ]);
    prop_oneof![3 => whole, 1 => wide.prop_map(str::to_owned)]
}

fn condition() -> impl Strategy<Value = Value> {
    let key = select(vec!["iam:ResourceTag/Team", "aws:PrincipalTag/Team"]);
    let operator = select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIfExists",
        "StringLike",
    ]);
    let value = select(vec!["red", "blu", "grn", "*", "${aws:PrincipalTag/Team}"]);
    let guard = (operator, key, value)
        .prop_map(|(operator, key, value)| json!({ operator: { key: value } }));
    prop_oneof![2 => Just(Value::Null), 1 => guard]
}

fn with_condition(mut statement: Value, condition: Value) -> Value {
    if !condition.is_null() {
        statement["Condition"] = condition;
    }
    statement
}

/// A statement of an identity policy.
fn identity(effect: &'static str) -> impl Strategy<Value = Value> {
    let actions = vec![
        "sts:AssumeRole",
        "sts:*",
        "iam:PassRole",
        "emr-serverless:StartJobRun",
        "*",
    ];
    (select(actions), some_arn(), condition()).prop_map(move |(action, resource, condition)| {
        let resource = if action.starts_with("emr") {
            "*".to_owned()
        } else {
            resource
        };
        let statement = json!({ "Effect": effect, "Action": action, "Resource": resource });
        with_condition(statement, condition)
    })
}

/// A statement of a trust policy.
fn trust(effect: &'static str) -> impl Strategy<Value = Value> {
    let aws = |name: String| json!({ "AWS": name });
    let principal = prop_oneof![
        (select(&ACCOUNTS), select(&TEAMS), select(&PARTS))
            .prop_map(move |(account, team, part)| aws(arn(account, team, part))),
        select(&ACCOUNTS).prop_map(move |account| aws(account.to_owned())),
        Just(json!({ "Service": "emr-serverless.amazonaws.com" })),
        Just(json!("*")),
    ];
    (principal, condition()).prop_map(move |(principal, condition)| {
        let statement =
            json!({ "Effect": effect, "Action": "sts:AssumeRole", "Principal": principal });
        with_condition(statement, condition)
    })
}

fn estate() -> impl Strategy<Value = Vec<Made>> {
    let mut places = Vec::new();
    for account in ACCOUNTS {
        for team in TEAMS {
            places.extend(PARTS.map(|part| (account, team, part)));
        }
    }
    let place = proptest::sample::subsequence(places, 3..8);
    place.prop_flat_map(|places| {
        let roles = places.into_iter().map(|(account, team, part)| {
            let trust = prop::collection::vec(trust("Allow"), 1..3);
            let may = prop::collection::vec(identity("Allow"), 0..3);
            (any::<bool>(), any::<bool>(), trust, may).prop_map(move |(one, two, trust, may)| {
                Made {
                    account,
                    team: (one || two).then_some(team),
                    name: (team, part),
                    trust,
                    may,
                }
            })
        });
        roles.collect::<Vec<_>>()
    })
}

fn document(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn slices(estate: &[Made], tag: &str) -> Vec<Slice> {
    let of = |id: &&'static str| {
        let mut slice = Slice::new(Account::new("aws", AccountId::from(*id), ""));
        slice.scopes = vec![Scope::audited(Region::global(), Service::Iam)];
        let made = estate.iter().filter(|it| it.account == *id);
        slice.roles = made
            .map(|it| Role {
                arn: Arn::from(arn(it.account, it.name.0, it.name.1)),
                name: it.name.1.into(),
                tags: it
                    .team
                    .map(|team| (tag.to_owned(), team.to_owned()))
                    .into_iter()
                    .collect(),
                trust: document(&it.trust),
                inline_policies: vec![InlinePolicy {
                    name: "p".into(),
                    document: document(&it.may),
                }],
                ..Role::example()
            })
            .collect();
        slice
    };
    ACCOUNTS.iter().map(of).collect()
}

fn policy() -> Policy {
    Policy {
        teams: TEAMS.map(str::to_owned).into_iter().collect(),
        ..Policy::default()
    }
}

/// The steps between roles, and the findings: rule, verdict and resource.
type Seen = (
    BTreeSet<(String, String)>,
    BTreeSet<(String, String, String)>,
);

fn seen(slices: &[Slice]) -> Seen {
    let policy = policy();
    let cx = Context {
        now: "2026-11-23T12:00:00Z".parse().unwrap(),
        policy: &policy,
        organization: Some("o-example"),
    };
    let judged: Vec<_> = slices.iter().map(|slice| judge(slice, &cx)).collect();
    let edges: Vec<Edges> = judged.iter().map(|it| it.edges.clone()).collect();
    let estate = Estate::new(&edges, true, &cx);
    let mut steps = BTreeSet::new();
    for (from, all) in estate.steps.iter().enumerate() {
        for step in all {
            let name = |at: usize| estate.nodes[at].arn.to_string();
            steps.insert((name(from), name(step.to)));
        }
    }
    let whole = judge_estate(&edges, true, &cx);
    let own = judged.into_iter().flat_map(|it| it.findings);
    let own = own.filter(|it| !whole.superseded.contains(&it.fingerprint));
    let findings = own.chain(whole.findings.clone()).map(|it| {
        let verdict = it.verdict.as_str().to_owned();
        (it.rule.to_string(), verdict, it.resource.to_string())
    });
    (steps, findings.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn a_denial_never_adds_a_step(
        estate in estate(), at in any::<prop::sample::Index>(), own in identity("Deny"), other in trust("Deny"),
    ) {
        let (before, _) = seen(&slices(&estate, "Team"));
        let mut denied = estate;
        let role = at.get_mut(&mut denied);
        role.may.push(own);
        role.trust.push(other);
        let (after, _) = seen(&slices(&denied, "Team"));
        prop_assert!(after.is_subset(&before), "{:?}", after.difference(&before));
    }

    #[test]
    fn an_allowance_never_removes_a_step(
        estate in estate(), at in any::<prop::sample::Index>(), own in identity("Allow"), other in trust("Allow"),
    ) {
        let (before, _) = seen(&slices(&estate, "Team"));
        let mut allowed = estate;
        let role = at.get_mut(&mut allowed);
        role.may.push(own);
        role.trust.push(other);
        let (after, _) = seen(&slices(&allowed, "Team"));
        prop_assert!(before.is_subset(&after), "{:?}", before.difference(&after));
    }

    #[test]
    fn teams_are_but_names(estate in estate()) {
        let slices = slices(&estate, "Team");
        let renamed = |text: &str| {
            let names = BTreeMap::from([("red", "\u{1}"), ("blu", "\u{2}"), ("grn", "\u{3}")]);
            let back = BTreeMap::from([("\u{1}", "blu"), ("\u{2}", "grn"), ("\u{3}", "red")]);
            let text = names.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
            back.iter().fold(text, |text, (from, to)| text.replace(from, to))
        };
        let others: Vec<Slice> = slices
            .iter()
            .map(|slice| {
                let mut slice = slice.clone();
                for role in &mut slice.roles {
                    role.arn = Arn::from(renamed(role.arn.as_str()));
                    role.trust = renamed(&role.trust);
                    for value in role.tags.values_mut() {
                        *value = renamed(value);
                    }
                    for inline in &mut role.inline_policies {
                        inline.document = renamed(&inline.document);
                    }
                }
                slice
            })
            .collect();
        let (steps, findings) = seen(&slices);
        let expected: BTreeSet<_> =
            steps.iter().map(|(from, to)| (renamed(from), renamed(to))).collect();
        let (other_steps, other_findings) = seen(&others);
        prop_assert_eq!(other_steps, expected);
        // Which of a team's roles stands for all of its ways is told by the order of names: its team counts.
        let told = |(rule, verdict, resource): (String, String, String)| match rule.as_str() {
            "boundary-reachable" => {
                let team = resource.split('/').nth(2).unwrap_or_default().to_owned();
                (rule, verdict, team)
            }
            _ => (rule, verdict, resource),
        };
        let expected: BTreeSet<_> = findings
            .into_iter()
            .map(|(rule, verdict, resource)| told((rule, verdict, renamed(&resource))))
            .collect();
        let found: BTreeSet<_> = other_findings.into_iter().map(told).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn order_form_and_the_case_of_a_tag_key_change_nothing(estate in estate()) {
        let (steps, findings) = seen(&slices(&estate, "Team"));
        let mut turned = estate;
        for role in &mut turned {
            for statement in role.may.iter_mut().chain(&mut role.trust) {
                for key in ["Action", "Resource"] {
                    if let Some(value) = statement.get(key).cloned() {
                        statement[key] = json!([value]);
                    }
                }
            }
            role.may.reverse();
            role.trust.reverse();
        }
        prop_assert_eq!(&seen(&slices(&turned, "Team")), &(steps.clone(), findings.clone()));
        let (other_steps, mut others) = seen(&slices(&turned, "TEAM"));
        others.retain(|it| it.0 != "team-tag-miscased");
        prop_assert_eq!((other_steps, others), (steps, findings));
    }
}
