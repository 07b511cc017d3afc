//! Policy documents: what stands in them, scalar or list, with the place of each statement.

use serde_json::{Map, Value, json};

use crate::estate::AccountId;
use crate::iam::condition::Condition;
use crate::iam::context::Context;
use crate::iam::pattern::{Pattern, covers_action, covers_resource};
use crate::iam::principal::{Principal, Principals};
use crate::iam::truth::Truth;

mod parse;

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The version of the policy language.
    pub version: Version,
    /// What it states.
    pub statements: Vec<Statement>,
}

/// A version of the policy language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `2008-10-17`, which is also that of documents that say none: `${…}` is text.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// Whether a statement gives or takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It gives.
    Allow,
    /// It takes, whatever else gives.
    Deny,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// Any of these.
    Only(Vec<String>),
    /// All but these.
    AllBut(Vec<String>),
}

/// A statement of a policy document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// Its id, if it has one.
    pub sid: Option<String>,
    /// Whether it gives or takes.
    pub effect: Effect,
    /// The version of its document, which decides what `${…}` means.
    pub version: Version,
    /// What it is about.
    pub actions: Choice,
    /// On what; nothing in trust policies.
    pub resources: Option<Choice>,
    /// For whom; nothing in identity policies.
    pub principals: Option<Principals>,
    /// Under which conditions, all of them.
    pub conditions: Vec<Condition>,
    /// Its place in the document, from 0: the last field, so that statements are ordered by what they say.
    pub index: usize,
}

/// Why a document can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is no JSON.
    #[error("the policy document is no JSON (line {line}, column {column})")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// Something in it is not what IAM's grammar has there.
    #[error("`{path}` of the policy document {problem}")]
    Grammar {
        /// Where, such as `Statement[1].Effect`.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
}

impl Document {
    /// Reads a document.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let value: Value = serde_json::from_str(text).map_err(|error| DocumentError::Json {
            line: error.line(),
            column: error.column(),
        })?;
        Self::from_value(&value)
    }

    /// Reads a document that is JSON already.
    pub fn from_value(value: &Value) -> Result<Self, DocumentError> {
        parse::document(value)
    }

    /// The document as JSON: the same in meaning, with every list written as a list.
    pub fn to_value(&self) -> Value {
        let version = match self.version {
            Version::V2008 => "2008-10-17",
            Version::V2012 => "2012-10-17",
        };
        let statements: Vec<_> = self.statements.iter().map(Statement::to_value).collect();
        json!({ "Version": version, "Statement": statements })
    }
}

impl Statement {
    /// Whether it is about an action, such as `iam:PassRole`. Case doesn't count.
    pub fn is_about(&self, action: &str) -> bool {
        self.actions
            .chosen(|pattern| covers_action(pattern, action).into())
            == Truth::True
    }

    /// Whether it gives everything, or everything that can be done to roles.
    pub fn is_administrative(&self) -> bool {
        let of_roles = [
            "iam:AttachRolePolicy",
            "iam:CreateRole",
            "iam:PassRole",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UpdateAssumeRolePolicy",
        ];
        self.effect == Effect::Allow && of_roles.iter().all(|action| self.is_about(action))
    }

    /// Whether it is about a resource. A statement of a trust policy is about its role.
    pub fn covers(&self, resource: &str, context: &Context<'_>) -> Truth {
        self.resources.as_ref().map_or(Truth::True, |choice| {
            choice.chosen(|pattern| {
                if !pattern.contains("${") {
                    return covers_resource(pattern, resource).into();
                }
                Pattern::wild(pattern, self.version).matches_resource(resource, context)
            })
        })
    }

    /// Whether it may be about a resource, whatever the request: a quick answer that spares making one.
    pub fn may_cover(&self, resource: &str) -> bool {
        self.resources.as_ref().is_none_or(|choice| {
            choice
                .chosen(|pattern| {
                    if pattern.contains("${") {
                        return Truth::Unknown;
                    }
                    covers_resource(pattern, resource).into()
                })
                .may()
        })
    }

    /// Whether its conditions are met.
    pub fn applies(&self, context: &Context<'_>) -> Truth {
        let conditions = self.conditions.iter();
        Truth::all(conditions.map(|condition| condition.holds(self.version, context)))
    }

    /// Those that it names one by one, as `Principal` or `NotPrincipal`.
    pub fn named(&self) -> &[Principal] {
        self.principals.as_ref().map_or(&[], Principals::list)
    }

    /// The accounts that its conditions hold the caller to, where its principals hold it to none.
    pub fn accounts_of_conditions(&self) -> Vec<&str> {
        let is_open = match &self.principals {
            Some(Principals::Only(list)) => list.contains(&Principal::Anyone),
            Some(Principals::AllBut(_)) => true,
            None => false,
        };
        let is_account = |it: &&str| AccountId::is_valid(it);
        let mut accounts = Vec::new();
        for condition in self.conditions.iter().filter(|_| is_open) {
            let values = condition.values.iter().map(String::as_str);
            if condition.operator.base.is_negated() {
                continue;
            }
            if condition.is_on("aws:PrincipalAccount") {
                accounts.extend(values.filter(is_account));
            } else if condition.is_on("aws:PrincipalArn") {
                let of_arns = values.filter_map(|arn| arn.split(':').nth(4));
                accounts.extend(of_arns.filter(is_account));
            }
        }
        accounts
    }

    /// Whether its conditions speak of who calls, beyond what its principals say.
    pub fn narrows_callers(&self) -> bool {
        let mut keys = self.conditions.iter().map(|it| it.key.to_ascii_lowercase());
        keys.any(|key| key == "aws:principalarn" || key.starts_with("aws:principaltag/"))
    }

    /// Whether what it says depends on a condition key: by a condition on it, or as a variable. Case doesn't
    /// count.
    pub fn reads_key(&self, key: &str) -> bool {
        let variables = self
            .resources
            .iter()
            .flat_map(Choice::patterns)
            .chain(self.conditions.iter().flat_map(|it| &it.values));
        self.conditions.iter().any(|it| it.is_on(key))
            || self.version == Version::V2012
                && variables.into_iter().any(|text| names_variable(text, key))
    }

    /// How people name it: by its id, or else by its place from 1.
    pub fn label(&self) -> String {
        match &self.sid {
            Some(sid) if !sid.is_empty() => format!("statement {} (`{sid}`)", self.index + 1),
            _ => format!("statement {}", self.index + 1),
        }
    }

    /// The statement as JSON.
    pub fn to_value(&self) -> Value {
        let mut fields = Map::new();
        if let Some(sid) = &self.sid {
            fields.insert("Sid".into(), sid.as_str().into());
        }
        let effect = match self.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        };
        fields.insert("Effect".into(), effect.into());
        if let Some(principals) = &self.principals {
            let (key, value) = principals.to_value();
            fields.insert(key.into(), value);
        }
        self.actions.write("Action", &mut fields);
        if let Some(resources) = &self.resources {
            resources.write("Resource", &mut fields);
        }
        if !self.conditions.is_empty() {
            let mut blocks = Map::new();
            for condition in &self.conditions {
                let block = blocks
                    .entry(condition.operator.to_string())
                    .or_insert_with(|| json!({}));
                if let Some(block) = block.as_object_mut() {
                    block.insert(condition.key.clone(), json!(condition.values));
                }
            }
            fields.insert("Condition".into(), blocks.into());
        }
        fields.into()
    }
}

impl Choice {
    /// Whether something is chosen, given which patterns match it.
    pub fn chosen(&self, matches: impl Fn(&str) -> Truth) -> Truth {
        match self {
            Self::Only(patterns) => Truth::any(patterns.iter().map(|it| matches(it))),
            Self::AllBut(patterns) => !Truth::any(patterns.iter().map(|it| matches(it))),
        }
    }

    /// Its patterns.
    pub fn patterns(&self) -> &[String] {
        match self {
            Self::Only(patterns) | Self::AllBut(patterns) => patterns,
        }
    }

    fn write(&self, name: &str, fields: &mut Map<String, Value>) {
        match self {
            Self::Only(patterns) => fields.insert(name.into(), json!(patterns)),
            Self::AllBut(patterns) => fields.insert(format!("Not{name}"), json!(patterns)),
        };
    }
}

/// Whether a text holds `${key}`, with a default or without.
fn names_variable(text: &str, key: &str) -> bool {
    text.split("${").skip(1).any(|rest| {
        let name = rest.split(['}', ',']).next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case(key)
    })
}

/// What a statement is told by, whatever its place: its id, or else what it says.
pub fn part(policy: &str, statement: &Statement) -> String {
    match &statement.sid {
        Some(sid) if !sid.is_empty() => format!("{policy}\0{sid}"),
        _ => format!("{policy}\0{}", statement.to_value()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_and_a_list_of_one_are_the_same() {
        let scalar = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*",
            "Condition":{"Bool":{"aws:SecureTransport":true}}}}"#;
        let list = r#"{"Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["*"],
            "Condition":{"Bool":{"aws:SecureTransport":["true"]}}}]}"#;
        assert_eq!(Document::parse(scalar), Document::parse(list));
    }

    #[test]
    fn what_is_printed_parses_to_the_same() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Sid":"A","Effect":"Deny","NotPrincipal":{"AWS":["111111111111","*"],"Service":"s"},
             "NotAction":"a:B","NotResource":"arn:x",
             "Condition":{"ForAllValues:StringLikeIfExists":{"aws:TagKeys":["a","b"]},"Null":{"k":"true"}}}]}"#;
        let document = Document::parse(text).unwrap();
        assert_eq!(Document::from_value(&document.to_value()), Ok(document));
    }

    #[test]
    fn an_error_says_where() {
        let cases = [
            ("{", "the policy document is no JSON (line 1, column 1)"),
            ("{}", "`Statement` of the policy document is missing"),
            (
                r#"{"Statement":[{"Effect":"allow","Action":"a"}]}"#,
                "`Statement[0].Effect` of the policy document is neither Allow nor Deny",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"a","Condition":{"Like":{"k":"v"}}}}"#,
                "`Statement[0].Condition.Like` of the policy document is not a known operator",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":[["a"]]}}"#,
                "`Statement[0].Action` of the policy document is not a text",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(Document::parse(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_key_is_read_in_a_condition_and_as_a_variable() {
        let key = "aws:PrincipalTag/team";
        let condition = |name: &str, value: &str| {
            format!(r#""Condition":{{"StringEquals":{{"{name}":"{value}"}}}},"Resource":"*""#)
        };
        let cases = [
            ("2012-10-17", condition("AWS:principaltag/Team", "a"), true),
            (
                "2012-10-17",
                condition("aws:PrincipalTag/team2", "a"),
                false,
            ),
            (
                "2012-10-17",
                condition("k", "${aws:principalTag/team}"),
                true,
            ),
            (
                "2012-10-17",
                condition("k", "${aws:PrincipalTag/team, 'x'}"),
                true,
            ),
            ("2012-10-17", condition("k", "aws:PrincipalTag/team"), false),
            (
                "2008-10-17",
                condition("k", "${aws:PrincipalTag/team}"),
                false,
            ),
            (
                "2012-10-17",
                r#""Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}/*""#.to_owned(),
                true,
            ),
            (
                "2012-10-17",
                r#""Sid":"aws:PrincipalTag/team","Resource":"*""#.to_owned(),
                false,
            ),
        ];
        for (version, rest, expected) in cases {
            let text = format!(
                r#"{{"Version":"{version}","Statement":{{"Effect":"Allow","Action":"s3:*",{rest}}}}}"#
            );
            let document = Document::parse(&text).unwrap();
            assert_eq!(document.statements[0].reads_key(key), expected, "{text}");
        }
    }

    #[test]
    fn actions_match_in_any_case() {
        let text = r#"{"Statement":{"Effect":"Allow","Action":"IAM:pass*","Resource":"*"}}"#;
        let document = Document::parse(text).unwrap();
        assert!(document.statements[0].is_about("iam:PassRole"));
        assert!(!document.statements[0].is_about("iam:TagRole"));
    }
}
