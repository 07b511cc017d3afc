//! A request with the policies that decide it, as `tests/oracle/grammar.py` makes them up.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lineward_rules::iam::{
    Access, Caller, Context, Document, DocumentError, Known, Request, ask_documents, assume_access,
    identity_access,
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Case {
    pub(crate) id: String,
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

impl Case {
    /// What our evaluator makes of it, in the oracle's words.
    pub(crate) fn verdict(&self) -> Result<&'static str, DocumentError> {
        let mut context = Context::closed();
        for (key, value) in &self.context {
            let known = match value {
                Value::Array(list) => Known::Many(list.iter().map(text).collect()),
                one @ (Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Object(_)) => Known::One(Cow::Owned(text(one))),
            };
            context.set(key.as_str(), known);
        }
        let request = Request {
            action: &self.action,
            resource: &self.resource,
            caller: Caller::Role {
                arn: &self.principal,
            },
            context,
        };
        let parsed = |value: &Value| Document::from_value(value);
        let identity: Vec<_> = self.identity_policies.iter().collect();
        let identity: Vec<_> = identity
            .into_iter()
            .map(|named| parsed(&named.policy))
            .collect::<Result<_, _>>()?;
        let boundary = self.boundary.as_ref().map(parsed).transpose()?;
        let trust = self.resource_policy.as_ref().map(parsed).transpose()?;
        let own = ask_documents(identity.iter().map(|it| ((), it)), &request);
        let bounded = boundary
            .as_ref()
            .map(|it| ask_documents([((), it)], &request));
        let account = self.principal.split(':').nth(4).unwrap_or_default();
        let access = match &trust {
            Some(trust) => {
                let trust = ask_documents([((), trust)], &request);
                let same = account == self.resource_account;
                assume_access(&own, bounded.as_ref(), &trust, same)
            }
            None => identity_access(&own, bounded.as_ref()),
        };
        Ok(word(access))
    }
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
