//! Another statement in the place of one, with all that stays the same left as it was written.

use serde_json::Value;

use crate::iam::{Condition, Statement};

/// Puts another statement in the place of one.
pub fn restate(statements: &mut [Value], at: usize, from: &Statement, to: &Statement) {
    if let Some(held) = statements.get_mut(at) {
        apply(held, &from.to_value(), &to.to_value());
    }
}

/// Changes what is held as `from` became `to`: a list of one may have been written as a scalar.
fn apply(held: &mut Value, from: &Value, to: &Value) {
    if from == to {
        return;
    }
    let (Some(fields), Some(to)) = (held.as_object_mut(), to.as_object()) else {
        *held = to.clone();
        return;
    };
    fields.retain(|key, _| to.contains_key(key));
    for (key, value) in to {
        match (fields.get_mut(key), from.get(key)) {
            (Some(held), Some(from)) => apply(held, from, value),
            _ => drop(fields.insert(key.clone(), value.clone())),
        }
    }
}

impl Statement {
    /// The statement with another condition in the place of one, or with none.
    #[must_use]
    pub fn with_condition(&self, from: &Condition, to: Option<Condition>) -> Self {
        let conditions = self.conditions.iter().filter(|it| *it != from);
        let mut conditions: Vec<_> = conditions.cloned().collect();
        if let Some(to) = to {
            conditions.retain(|it| it.operator != to.operator || !it.is_on(&to.key));
            conditions.push(to);
        }
        Self {
            conditions,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::{Document, Operator};
    use serde_json::json;

    #[test]
    fn only_what_changed_is_written_anew() {
        let value = json!({
            "Sid": "One", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*",
            "Condition": {
                "stringequalsifexists": { "iam:ResourceTag/Team": "red" },
                "Bool": { "aws:SecureTransport": true },
            },
        });
        let document = Document::from_value(&json!({ "Statement": value })).unwrap();
        let from = &document.statements[0];
        let guard = from.conditions.iter();
        let guard = guard.clone().find(|it| it.is_on("iam:resourcetag/team"));
        let guard = guard.unwrap();
        let to = from.with_condition(
            guard,
            Some(Condition {
                operator: Operator::parse("StringEquals").unwrap(),
                ..guard.clone()
            }),
        );
        let mut statements = [value.clone()];
        restate(&mut statements, 0, from, &to);
        let mut expected = value;
        expected["Condition"] = json!({
            "Bool": { "aws:SecureTransport": true },
            "StringEquals": { "iam:ResourceTag/Team": ["red"] },
        });
        assert_eq!(statements[0], expected);
    }
}
