//! That the remedies of the rules on statements mend what they are told of.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::estate::{Account, Arn, InlinePolicy, ManagedPolicy, Role, Slice};
use crate::finding::Fault;
use crate::finding::Severity;
use crate::iam::Inventory;
use crate::settings::Context;
use crate::settings::Policy;
use crate::subject::rule::Check;
use crate::subject::statement::StatementSubject;

/// What the rules say of a role of team `ads` whose policy is this, beside one of `ads-fraud`.
fn faults(document: &Value, kind: &str) -> Vec<(&'static str, Fault)> {
    let mut role = Role::example();
    let arn = Arn::from("arn:aws:iam::111122223333:policy/p");
    let mut policies = Vec::new();
    match kind {
        "inline" => role.inline_policies.push(InlinePolicy {
            name: "p".into(),
            document: document.to_string(),
        }),
        "trust" => role.trust = document.to_string(),
        _ => {
            role.attached_policies.push(arn.clone());
            policies.push(ManagedPolicy {
                arn,
                name: "p".into(),
                version: "v1".into(),
                document: document.to_string(),
                tags: None,
            });
        }
    }
    let name = "ads-fraud-execution";
    let other = Role {
        arn: Arn::from(format!("arn:aws:iam::111122223333:role/{name}")),
        name: name.into(),
        tags: BTreeMap::from([("Team".to_owned(), "ads-fraud".to_owned())]),
        ..Role::example()
    };
    let slice = Slice {
        roles: vec![role, other],
        policies,
        ..Slice::new(Account::example())
    };
    let teams = ["ads", "ads-fraud", "billing"].map(str::to_owned);
    let policy = Policy {
        teams: teams.into_iter().collect(),
        ..Policy::default()
    };
    let cx = Context {
        policy: &policy,
        ..Context::example()
    };
    let inventory = Inventory::new(&slice, &policy, None);
    let holder = &inventory.roles[0];
    let held = holder.policies.iter().chain(&holder.trust);
    let mut faults = Vec::new();
    for held in held {
        for statement in &held.document.statements {
            let stated = StatementSubject {
                inventory: &inventory,
                holder,
                held,
                statement,
            };
            // The others' effects are tested by the cases of `tests/estates/boundaries`.
            let forms = ["condition-", "policy-"];
            let is_form = |id: &str| forms.iter().any(|it| id.starts_with(it));
            for rule in crate::catalogue::rules().filter(|rule| is_form(rule.id)) {
                if let Check::Statement { check } = rule.check {
                    faults.extend(
                        check(&stated, &cx)
                            .into_iter()
                            .map(|fault| (rule.id, fault)),
                    );
                }
            }
        }
    }
    faults
}

fn document(statement: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

fn assume(condition: &Value) -> Value {
    json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Condition": condition,
        "Resource": "arn:aws:iam::444455556666:role/ads-data" })
}

/// The statements of the mended document, which has no fault any more.
fn mended(document: &Value, kind: &str, rule: &str) -> Value {
    let faults_before = faults(document, kind);
    let ids: Vec<_> = faults_before.iter().map(|it| it.0).collect();
    assert_eq!(ids, [rule], "{document}");
    let fix = &faults_before[0].1.remedy.written().aws_cli;
    let body = fix.split_once("<<'EOF'\n").unwrap().1;
    let body = body.split_once("\nEOF\n").unwrap().0;
    let after: Value = serde_json::from_str(body).unwrap();
    assert_eq!(faults(&after, kind), [], "{after}");
    after["Statement"].clone()
}

#[test]
fn what_a_remedy_says_mends_its_fault() {
    let tag = "iam:ResourceTag/Team";
    let own = json!({ "StringEquals": { tag: ["ads"] } });
    let guards = [
        (
            "condition-fails-open",
            json!({ "StringEqualsIfExists": { tag: "ads" } }),
        ),
        (
            "condition-fails-open",
            json!({ "StringNotLike": { tag: "bill*" } }),
        ),
        ("condition-fails-open", json!({ "Null": { tag: true } })),
        (
            "condition-wildcard-team",
            json!({ "StringLike": { tag: "ads*" } }),
        ),
        (
            "condition-wildcard-team",
            json!({ "StringLike": { tag: ["ads", "*"] } }),
        ),
        (
            "condition-admits-other-teams",
            json!({ "StringEquals": { tag: ["billing", "ads"] } }),
        ),
        (
            "condition-admits-other-teams",
            json!({ "StringLike": { tag: "bill*" } }),
        ),
    ];
    for (rule, condition) in guards {
        let after = mended(&document(&assume(&condition)), "inline", rule);
        assert_eq!(after, json!([assume(&own)]), "{condition}");
    }
    let wide = assume(&json!({ "StringLike": { tag: "*" } }));
    let after = mended(&document(&wide), "managed", "condition-wildcard-team");
    let variable = json!({ "StringEquals": { tag: ["${aws:PrincipalTag/Team}"] } });
    assert_eq!(after, json!([assume(&variable)]));
}

#[test]
fn a_key_is_replaced_by_the_one_that_is_meant() {
    let rule = "condition-key-ineffective";
    let of = |effect: &str, action: &str, key: &str| {
        json!({ "Effect": effect, "Action": action, "Resource": "*",
            "Condition": { "StringEquals": { key: "ads" } } })
    };
    let cases = [
        (
            "emr-serverless:StartJobRun",
            "emr-serverless:ResourceTag/Team",
            "aws:ResourceTag/Team",
        ),
        (
            "emr-serverless:CreateApplication",
            "aws:ResourceTag/Team",
            "aws:RequestTag/Team",
        ),
    ];
    for (action, from, to) in cases {
        for effect in ["Allow", "Deny"] {
            let after = mended(&document(&of(effect, action, from)), "inline", rule);
            let mut expected = of(effect, action, to);
            expected["Condition"]["StringEquals"][to] = json!(["ads"]);
            assert_eq!(after, json!([expected]));
        }
    }
    let dead = of("Allow", "iam:GetRole", "iam:PassedToService");
    assert_eq!(
        faults(&document(&dead), "inline")[0].1.severity,
        Some(Severity::Low)
    );
    let list = json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }, dead]);
    let both = json!({ "Version": "2012-10-17", "Statement": list });
    assert_eq!(mended(&both, "inline", rule), json!([list[0]]));
}

#[test]
fn variables_come_to_mean_what_they_say() {
    let own = json!({ "StringEquals": { "iam:ResourceTag/Team": "${aws:PrincipalTag/Team}" } });
    let old = json!({ "Statement": assume(&own) });
    assert_eq!(
        mended(&old, "inline", "policy-variable-inert"),
        json!([assume(&own)])
    );
    let text = "${aws:PrincipalTag/Team, 'ads'}";
    let default = assume(&json!({ "StringEquals": { "iam:ResourceTag/Team": text } }));
    let after = mended(
        &document(&default),
        "inline",
        "policy-variable-default-team",
    );
    let values = &after[0]["Condition"]["StringEquals"]["iam:ResourceTag/Team"];
    assert_eq!(*values, json!(["${aws:PrincipalTag/Team}"]));
}

#[test]
fn a_denial_spares_the_own_team_alone() {
    let deny = |action: &str, condition: &Value| json!({ "Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition });
    let listed = json!({ "StringEquals": { "aws:ResourceTag/Team": "billing" } });
    let rule = "policy-deny-gap";
    let after = mended(&document(&deny("sts:AssumeRole", &listed)), "inline", rule);
    let own = json!({ "StringNotEquals": { "aws:ResourceTag/Team": ["ads"] } });
    assert_eq!(after, json!([deny("sts:AssumeRole", &own)]));
    // What else it denies by the list stays, and is a gap still.
    let wide = document(&deny("*", &listed));
    let fix = faults(&wide, "inline")[0]
        .1
        .remedy
        .written()
        .aws_cli
        .clone();
    assert!(
        fix.contains("StringNotEquals") && fix.contains("\"iam:TagRole\""),
        "{fix}"
    );
}

#[test]
fn a_prefix_that_covers_a_role_of_another_team_is_confined_to_the_own() {
    let pass = |resource: &str| {
        document(&json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": resource }))
    };
    let rule = "policy-arn-prefix-collision";
    let open = pass("arn:aws:iam::111122223333:role/ads-*");
    let fault = &faults(&open, "inline")[0].1;
    assert_eq!(fault.severity, None);
    let after = mended(&open, "inline", rule);
    assert_eq!(
        after[0]["Resource"],
        json!(["arn:aws:iam::111122223333:role/ads-execution"])
    );
    // Another account's roles are not known here.
    let latent = faults(&pass("arn:aws:iam::444455556666:role/ads-*"), "inline");
    assert_eq!(latent[0].1.severity, Some(Severity::Low));
    let fix = &latent[0].1.remedy.written().aws_cli;
    assert!(fix.contains("444455556666:role/ads-fraud*"), "{fix}");
}

#[test]
fn what_is_allowed_but_for_some_is_named() {
    let role = "arn:aws:iam::444455556666:role/ads-data";
    let all = document(&json!({ "Effect": "Allow", "NotAction": "s3:*", "Resource": role }));
    let after = mended(&all, "inline", "policy-allows-notaction");
    assert!(
        after[0]["NotAction"]
            .as_array()
            .unwrap()
            .contains(&json!("iam:PassRole"))
    );
    let but = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "NotResource": role });
    let after = mended(&document(&but), "inline", "policy-allows-notresource");
    assert_eq!(
        after[0]["Resource"],
        json!(["arn:aws:iam::111122223333:role/ads-execution"])
    );
    let trust = json!({ "Effect": "Allow", "Action": "sts:AssumeRole",
        "NotPrincipal": { "AWS": "arn:aws:iam::111122223333:root" } });
    let after = mended(&document(&trust), "trust", "policy-notprincipal");
    let principal = &after[0]["Principal"];
    assert_eq!(*principal, json!({ "AWS": ["111122223333"] }));
    let mut deny = trust;
    deny["Effect"] = json!("Deny");
    let after = mended(&document(&deny), "trust", "policy-notprincipal");
    let account = &after[0]["Condition"]["StringNotEquals"]["aws:PrincipalAccount"];
    assert_eq!(*account, json!(["111122223333"]));
}
