//! IAM's grammar of policies.

use serde_json::{Map, Value};

use crate::iam::condition::{Condition, Operator};
use crate::iam::document::{Choice, Document, DocumentError, Effect, Statement, Version};
use crate::iam::principal::{Principal, Principals};

pub(super) fn document(value: &Value) -> Result<Document, DocumentError> {
    let fields = object(value, "Policy")?;
    for key in fields.keys() {
        if !["Version", "Id", "Statement"].contains(&key.as_str()) {
            return Err(wrong(key, "is not known"));
        }
    }
    let version = match fields.get("Version").map(Value::as_str) {
        None | Some(Some("2008-10-17")) => Version::V2008,
        Some(Some("2012-10-17")) => Version::V2012,
        Some(_) => return Err(wrong("Version", "is neither 2012-10-17 nor 2008-10-17")),
    };
    let statements = match fields.get("Statement") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => return Err(wrong("Statement", "is missing")),
    };
    let statements = statements
        .into_iter()
        .enumerate()
        .map(|(index, value)| statement(index, version, value));
    Ok(Document {
        version,
        statements: statements.collect::<Result<_, _>>()?,
    })
}

fn statement(index: usize, version: Version, value: &Value) -> Result<Statement, DocumentError> {
    let path = format!("Statement[{index}]");
    let fields = object(value, &path)?;
    let at = |key: &str| format!("{path}.{key}");
    let known = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    if let Some(key) = fields.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(wrong(&at(key), "is not known"));
    }
    let choice = |name: &str| -> Result<Option<Choice>, DocumentError> {
        let not = format!("Not{name}");
        match (fields.get(name), fields.get(&not)) {
            (None, None) => Ok(None),
            (Some(value), None) => Ok(Some(Choice::Only(strings(value, &at(name))?))),
            (None, Some(value)) => Ok(Some(Choice::AllBut(strings(value, &at(&not))?))),
            (Some(_), Some(_)) => Err(wrong(&at(name), "stands beside its opposite")),
        }
    };
    let effect = match fields.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(wrong(&at("Effect"), "is neither Allow nor Deny")),
    };
    let principals = match (fields.get("Principal"), fields.get("NotPrincipal")) {
        (None, None) => None,
        (Some(value), None) => Some(Principals::Only(principals(value, &at("Principal"))?)),
        (None, Some(value)) => {
            let path = at("NotPrincipal");
            Some(Principals::AllBut(principals(value, &path)?))
        }
        (Some(_), Some(_)) => return Err(wrong(&at("Principal"), "stands beside its opposite")),
    };
    let sid = fields.get("Sid").and_then(Value::as_str).map(str::to_owned);
    Ok(Statement {
        index,
        sid,
        effect,
        version,
        actions: choice("Action")?.ok_or_else(|| wrong(&at("Action"), "is missing"))?,
        resources: choice("Resource")?,
        principals,
        conditions: conditions(fields.get("Condition"), &at("Condition"))?,
    })
}

fn conditions(value: Option<&Value>, path: &str) -> Result<Vec<Condition>, DocumentError> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let mut conditions = Vec::new();
    for (operator, keys) in object(value, path)? {
        let path = format!("{path}.{operator}");
        let parsed = Operator::parse(operator);
        let operator = parsed.ok_or_else(|| wrong(&path, "is not a known operator"))?;
        for (key, values) in object(keys, &path)? {
            conditions.push(Condition {
                operator,
                key: key.clone(),
                values: strings(values, &format!("{path}.{key}"))?,
            });
        }
    }
    Ok(conditions)
}

fn principals(value: &Value, path: &str) -> Result<Vec<Principal>, DocumentError> {
    if value == "*" {
        return Ok(vec![Principal::Anyone]);
    }
    let mut principals = Vec::new();
    for (kind, names) in object(value, path)? {
        let path = format!("{path}.{kind}");
        for name in strings(names, &path)? {
            let principal = Principal::of(kind, &name);
            principals.push(principal.ok_or_else(|| wrong(&path, "is not a kind of principal"))?);
        }
    }
    Ok(principals)
}

/// One string or many; numbers and booleans stand for their text.
fn strings(value: &Value, path: &str) -> Result<Vec<String>, DocumentError> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(wrong(path, "is not a text")),
    };
    match value {
        Value::Array(list) => list.iter().map(one).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Ok(vec![one(value)?])
        }
    }
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, DocumentError> {
    value
        .as_object()
        .ok_or_else(|| wrong(path, "is no JSON object"))
}

fn wrong(path: &str, problem: &'static str) -> DocumentError {
    DocumentError::Grammar {
        path: path.to_owned(),
        problem,
    }
}
