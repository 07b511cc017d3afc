//! The mended document of a policy, all its other statements kept.

use serde_json::{Value, json};

use crate::estate::Role;
use crate::finding::Remediation;
use crate::iam::PolicyName;
use crate::iam::{Choice, Statement};
use crate::remedy::shell;

/// The policy with one statement changed, as commands and as Terraform.
pub fn mend(
    name: PolicyName<'_>,
    role: &Role,
    at: usize,
    change: impl FnOnce(&mut Vec<Value>, usize),
) -> Remediation {
    let Ok(mut document) = serde_json::from_str::<Value>(name.text()) else {
        return Remediation::default();
    };
    let mut statements = match document.get("Statement") {
        Some(Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
        None => return Remediation::default(),
    };
    // What stood for itself in the older version goes on doing so, but for what is mended.
    if document.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
        let others = statements
            .iter_mut()
            .enumerate()
            .filter(|(place, _)| *place != at);
        others.for_each(|(_, statement)| keep_literal(statement));
    }
    change(&mut statements, at);
    if statements.is_empty() {
        return dropped(name, role);
    }
    let Some(fields) = document.as_object_mut() else {
        return Remediation::default();
    };
    fields.insert("Statement".into(), statements.into());
    // Variables stand for something in this version alone.
    fields.insert("Version".into(), "2012-10-17".into());
    written(name, role, &document)
}

/// Writes what looks like a variable so that it is read as the text it was.
fn keep_literal(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.replace("${", "${$}{"),
        Value::Array(list) => list.iter_mut().for_each(keep_literal),
        Value::Object(fields) => fields.values_mut().for_each(keep_literal),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A policy can't be without a statement: it goes.
fn dropped(name: PolicyName<'_>, role: &Role) -> Remediation {
    let (command, terraform) = match name {
        PolicyName::Inline(_, policy) => (
            format!("delete-role-policy --policy-name {}", shell(policy)),
            "# remove the aws_iam_role_policy",
        ),
        PolicyName::Managed(policy) => (
            format!(
                "detach-role-policy --policy-arn {}",
                shell(policy.arn.as_str())
            ),
            "# remove the aws_iam_role_policy_attachment",
        ),
        PolicyName::Trust(_) => return Remediation::default(),
    };
    let (account, holder) = (role.arn.account(), shell(&role.name));
    Remediation {
        aws_cli: format!("# in account {account}\naws iam {command} --role-name {holder}"),
        terraform: terraform.to_owned(),
    }
}

fn written(name: PolicyName<'_>, role: &Role, document: &Value) -> Remediation {
    // Pretty JSON never holds a line that is `EOF` alone: text in it is quoted, breaks escaped.
    let body = serde_json::to_string_pretty(document).unwrap_or_default();
    let argument = format!("--policy-document \"$(cat <<'EOF'\n{body}\nEOF\n)\"");
    let code = body.replace("${", "$${").replace("%{", "%%{");
    let holder = shell(&role.name);
    let (command, attribute) = match name {
        PolicyName::Inline(_, policy) => (
            format!(
                "aws iam put-role-policy --role-name {holder} --policy-name {} {argument}",
                shell(policy)
            ),
            "policy",
        ),
        PolicyName::Trust(_) => (
            format!("aws iam update-assume-role-policy --role-name {holder} {argument}"),
            "assume_role_policy",
        ),
        PolicyName::Managed(policy) if policy.arn.account() == "aws" => {
            let arn = shell(policy.arn.as_str());
            return Remediation {
                aws_cli: format!(
                    "# AWS keeps this policy: put one of your own in its place\n\
                     aws iam put-role-policy --role-name {holder} --policy-name {} {argument}\n\
                     aws iam detach-role-policy --role-name {holder} --policy-arn {arn}",
                    shell(&policy.name)
                ),
                terraform: format!("policy = jsonencode({code})"),
            };
        }
        PolicyName::Managed(policy) => (
            format!(
                "# a policy keeps five versions at most: delete the oldest where there are\n\
                 aws iam create-policy-version --policy-arn {} --set-as-default {argument}",
                shell(policy.arn.as_str())
            ),
            "policy",
        ),
    };
    Remediation {
        aws_cli: format!("# in account {}\n{command}", role.arn.account()),
        terraform: format!("{attribute} = jsonencode({code})"),
    }
}

/// Confines an action of an allowing statement to resources and conditions; its other actions keep theirs.
pub fn confine(
    statements: &mut Vec<Value>,
    at: usize,
    statement: &Statement,
    action: &str,
    resources: &[String],
    conditions: &[(&str, &str, &str)],
) {
    let mut confined = json!({ "Effect": "Allow", "Action": action, "Resource": resources });
    // What else it asks for it goes on asking for.
    let asked = statements.get(at).and_then(|held| held.get("Condition"));
    if let Some(asked) = asked.filter(|it| it.is_object()) {
        set(&mut confined, &["Condition"], asked.clone());
    }
    for (operator, key, value) in conditions {
        set(&mut confined, &["Condition", operator, key], json!(value));
    }
    match &statement.actions {
        Choice::Only(names) if names.iter().all(|it| it.eq_ignore_ascii_case(action)) => {
            if let Some(held) = statements.get_mut(at) {
                if let Some(sid) = held.get("Sid") {
                    set(&mut confined, &["Sid"], sid.clone());
                }
                *held = confined;
            }
        }
        Choice::Only(names) if names.iter().any(|it| it.eq_ignore_ascii_case(action)) => {
            forbid(statements, at, statement, &[action]);
            statements.push(confined);
        }
        // A pattern that covers it may be needed for much else.
        Choice::Only(_) | Choice::AllBut(_) => {
            statements.push(json!({
                "Effect": "Deny", "Action": action, "NotResource": resources,
            }));
            let equal = conditions.iter().filter(|it| it.0 == "StringEquals");
            statements.extend(equal.map(|(_, key, value)| {
                json!({
                    "Effect": "Deny", "Action": action, "Resource": "*",
                    "Condition": { "StringNotEquals": { *key: value } },
                })
            }));
        }
    }
}

/// Takes actions from an allowing statement: by leaving them out where it names them, or else by a denial.
pub fn forbid(statements: &mut Vec<Value>, at: usize, statement: &Statement, actions: &[&str]) {
    let is_taken = |name: &str| actions.iter().any(|it| it.eq_ignore_ascii_case(name));
    if let Choice::Only(names) = &statement.actions {
        let kept: Vec<_> = names.iter().filter(|name| !is_taken(name)).collect();
        let rest = Statement {
            actions: Choice::Only(kept.iter().map(|&name| name.clone()).collect()),
            ..statement.clone()
        };
        if !actions.iter().any(|action| rest.is_about(action)) {
            if kept.is_empty() {
                if at < statements.len() {
                    statements.remove(at);
                }
            } else if let Some(held) = statements.get_mut(at) {
                set(held, &["Action"], json!(kept));
            }
            return;
        }
    }
    statements.push(json!({ "Effect": "Deny", "Action": actions, "Resource": "*" }));
}

/// Adds conditions to a statement.
pub fn guard(statements: &mut [Value], at: usize, conditions: &[(&str, &str, &str)]) {
    let Some(held) = statements.get_mut(at) else {
        return;
    };
    for (operator, key, value) in conditions {
        set(held, &["Condition", operator, key], json!(value));
    }
}

/// Lets an allowing statement give an action only where a key equals a value; its other actions keep what they
/// have.
pub fn guard_action(
    statements: &mut Vec<Value>,
    at: usize,
    statement: &Statement,
    action: &str,
    guard: (&str, &str),
) {
    guard_actions(statements, at, statement, &[action], guard);
}

/// Lets an allowing statement give some actions only where a key equals a value; its other actions keep what they
/// have.
pub fn guard_actions(
    statements: &mut Vec<Value>,
    at: usize,
    statement: &Statement,
    actions: &[&str],
    (key, value): (&str, &str),
) {
    let is_among = |name: &String| actions.iter().any(|it| it.eq_ignore_ascii_case(name));
    let is_named = |names: &[String], action: &str| {
        let mut names = names.iter();
        names.any(|it| it.eq_ignore_ascii_case(action))
    };
    match &statement.actions {
        Choice::Only(names) if names.iter().all(is_among) => {
            guard(statements, at, &[("StringEquals", key, value)]);
        }
        Choice::Only(names) if actions.iter().all(|action| is_named(names, action)) => {
            let mut own = statements.get(at).cloned().unwrap_or_else(|| json!({}));
            let guarded = match actions {
                [action] => json!(action),
                _ => json!(actions),
            };
            set(&mut own, &["Action"], guarded);
            if let Some(fields) = own.as_object_mut() {
                fields.remove("Sid");
            }
            forbid(statements, at, statement, actions);
            statements.push(own);
            let last = statements.len() - 1;
            guard(statements, last, &[("StringEquals", key, value)]);
        }
        // A pattern that covers one may be needed for much else.
        Choice::Only(_) | Choice::AllBut(_) => statements.push(json!({
            "Effect": "Deny", "Action": actions, "Resource": "*",
            "Condition": { "StringNotEquals": { key: value } },
        })),
    }
}

/// Sets what stands at a path of objects, which are made where they are missing.
fn set(value: &mut Value, path: &[&str], to: Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = to;
        return;
    };
    if let Some(fields) = value.as_object_mut() {
        let field = fields.entry(*first).or_insert_with(|| json!({}));
        set(field, rest, to);
    }
}

/// Gives the services of a statement one of their own, where it names others as well: what holds roles to a
/// team holds no service, and the other way round. The place of theirs.
pub fn part_services(statements: &mut Vec<Value>, at: usize) -> usize {
    let Some(held) = statements.get_mut(at) else {
        return at;
    };
    let mut services = held.clone();
    let Some(Value::Object(principals)) = held.get_mut("Principal") else {
        return at;
    };
    if principals.len() < 2 {
        return at;
    }
    let Some(names) = principals.remove("Service") else {
        return at;
    };
    if let Some(fields) = services.as_object_mut() {
        fields.remove("Sid");
        fields.insert("Principal".into(), json!({ "Service": names }));
    }
    statements.push(services);
    statements.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::InlinePolicy;
    use crate::iam::Document;

    fn mended(statement: &str, change: impl FnOnce(&mut Vec<Value>, usize, &Statement)) -> Value {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Kept","Effect":"Allow","Action":"s3:*","Resource":"*"}},{statement}]}}"#
        );
        let role = Role {
            inline_policies: vec![InlinePolicy {
                name: "p".into(),
                document: text.clone(),
            }],
            ..Role::example()
        };
        let document = Document::parse(&text).unwrap();
        let stated = document.statements[1].clone();
        let fix = mend(PolicyName::Inline(&role, "p"), &role, 1, |list, at| {
            change(list, at, &stated);
        });
        let body = fix.aws_cli.split_once("<<'EOF'\n").unwrap().1;
        let value: Value = serde_json::from_str(body.split_once("\nEOF\n").unwrap().0).unwrap();
        assert_eq!(value["Statement"][0]["Sid"], "Kept");
        assert!(Document::from_value(&value).is_ok());
        value["Statement"].clone()
    }

    #[test]
    fn an_action_is_confined_and_its_neighbours_kept() {
        let own = ["arn:aws:iam::1:role/a".to_owned()];
        let confined = |statement: &str| {
            mended(statement, |list, at, stated| {
                confine(list, at, stated, "iam:PassRole", &own, &[]);
            })
        };
        let alone = confined(r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}"#);
        assert_eq!(alone[1]["Resource"], json!(own));
        let among = confined(
            r#"{"Effect":"Allow","Action":["iam:PassRole","iam:GetRole"],"Resource":"*"}"#,
        );
        assert_eq!(among[1]["Action"], json!(["iam:GetRole"]));
        assert_eq!(among[2]["Resource"], json!(own));
        let wide = confined(r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#);
        assert_eq!(wide[2]["Effect"], "Deny");
        assert_eq!(wide[2]["NotResource"], json!(own));
    }

    #[test]
    fn a_policy_without_a_statement_goes() {
        let role = Role {
            inline_policies: vec![InlinePolicy {
                name: "p".into(),
                document: r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#
                    .into(),
            }],
            ..Role::example()
        };
        let drop = |list: &mut Vec<Value>, at| drop(list.remove(at));
        let fix = mend(PolicyName::Inline(&role, "p"), &role, 0, drop);
        let expected = "delete-role-policy --policy-name p --role-name ads-execution";
        assert!(fix.aws_cli.ends_with(expected), "{}", fix.aws_cli);
    }

    #[test]
    fn what_looks_like_a_variable_in_an_older_version_stays_text() {
        let body = |version: &str| {
            let document = format!(
                r#"{{{version}"Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${{x}}"}},
                {{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}}]}}"#
            );
            let role = Role {
                inline_policies: vec![InlinePolicy {
                    name: "p".into(),
                    document,
                }],
                ..Role::example()
            };
            let drop = |list: &mut Vec<Value>, at| drop(list.remove(at));
            mend(PolicyName::Inline(&role, "p"), &role, 1, drop).aws_cli
        };
        assert!(body("").contains("b/${$}{x}"));
        assert!(body(r#""Version":"2008-10-17","#).contains("b/${$}{x}"));
        assert!(body(r#""Version":"2012-10-17","#).contains("b/${x}"));
    }

    #[test]
    fn actions_are_left_out_or_denied() {
        let without = |statement: &str| {
            mended(statement, |list, at, stated| {
                forbid(list, at, stated, &["iam:TagRole", "iam:UntagRole"]);
            })
        };
        let named =
            without(r#"{"Effect":"Allow","Action":["iam:TagRole","iam:GetRole"],"Resource":"*"}"#);
        assert_eq!(named[1]["Action"], json!(["iam:GetRole"]));
        let alone = without(r#"{"Effect":"Allow","Action":"iam:TagRole","Resource":"*"}"#);
        assert_eq!(alone.as_array().unwrap().len(), 1);
        let wide = without(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
        assert_eq!(wide[2]["Effect"], "Deny");
    }
}
