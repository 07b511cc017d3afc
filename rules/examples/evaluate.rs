//! Evaluates the requests of `tests/oracle`, one JSON object a line, as the oracle does.
//!
//! With `--print`, reads policies and prints them back instead.
#![expect(clippy::print_stdout, reason = "a filter prints")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead as _};

use lineward_rules::iam::{
    Access, Caller, Context, Document, Known, Request, ask_documents, assume_access,
    identity_access,
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    id: String,
    principal: String,
    action: String,
    resource: String,
    resource_account: String,
    context: BTreeMap<String, Value>,
    identity_policies: Vec<Named>,
    resource_policy: Option<Value>,
    boundary: Option<Value>,
}

#[derive(Deserialize)]
struct Named {
    policy: Value,
}

#[derive(Deserialize)]
struct Policy {
    id: String,
    policy: Value,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let print = std::env::args().nth(1).as_deref() == Some("--print");
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = if print {
            let policy: Policy = serde_json::from_str(&line)?;
            match Document::from_value(&policy.policy) {
                Ok(document) => json!({ "id": policy.id, "policy": document.to_value() }),
                Err(error) => json!({ "id": policy.id, "error": error.to_string() }),
            }
        } else {
            let case: Case = serde_json::from_str(&line)?;
            match evaluate(&case) {
                Ok(access) => json!({ "id": case.id, "result": word(access) }),
                Err(error) => json!({ "id": case.id, "error": error.to_string() }),
            }
        };
        println!("{answer}");
    }
    Ok(())
}

fn evaluate(case: &Case) -> Result<Access, Box<dyn std::error::Error>> {
    let mut context = Context::closed();
    for (key, value) in &case.context {
        let values = match value {
            Value::Array(list) => list.iter().map(text).collect(),
            one @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)) => {
                vec![text(one)]
            }
        };
        context.set(key, Known::Values(Cow::Owned(values)));
    }
    let request = Request {
        action: &case.action,
        resource: &case.resource,
        caller: Caller::Role {
            arn: &case.principal,
        },
        context,
    };
    let parsed = |value: &Value| Document::from_value(value);
    let identity: Vec<_> = case.identity_policies.iter().collect();
    let identity: Vec<_> = identity
        .into_iter()
        .map(|named| parsed(&named.policy))
        .collect::<Result<_, _>>()?;
    let boundary = case.boundary.as_ref().map(parsed).transpose()?;
    let trust = case.resource_policy.as_ref().map(parsed).transpose()?;
    let own = ask_documents(identity.iter().map(|it| ((), it)), &request);
    let bounded = boundary
        .as_ref()
        .map(|it| ask_documents([((), it)], &request));
    let account = case.principal.split(':').nth(4).unwrap_or_default();
    Ok(match &trust {
        Some(trust) => {
            let trust = ask_documents([((), trust)], &request);
            let same = account == case.resource_account;
            assume_access(&own, bounded.as_ref(), &trust, same)
        }
        None => identity_access(&own, bounded.as_ref()),
    })
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn word(access: Access) -> &'static str {
    match access {
        Access::Allowed => "Allowed",
        Access::Conditional => "Conditional",
        Access::NotAllowed => "ImplicitlyDenied",
        Access::Denied => "ExplicitlyDenied",
    }
}
