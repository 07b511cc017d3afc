//! Roles, policies and their statements in a few words.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::estate::{Application, Arn, InlinePolicy, ManagedPolicy, Role};

/// The account of roles and policies of which nothing else is said.
pub(crate) const HOME: &str = "111122223333";

/// An allowing statement. Actions and resources are words; conditions are like
/// `StringEquals aws:ResourceTag/Team ads; Bool aws:SecureTransport true`.
pub(crate) fn allow(actions: &str, resources: &str, conditions: &str) -> String {
    let scope =
        json!({ "Effect": "Allow", "Action": words(actions), "Resource": words(resources) });
    under(scope, conditions)
}

/// A denying statement.
pub(crate) fn deny(actions: &str, resources: &str, conditions: &str) -> String {
    let scope = json!({ "Effect": "Deny", "Action": words(actions), "Resource": words(resources) });
    under(scope, conditions)
}

/// A statement of a trust policy. Whom it admits is like `AWS 111122223333 *`.
pub(crate) fn admit(whom: &str, conditions: &str) -> String {
    let (kind, names) = whom.split_once(' ').unwrap();
    let names = json!({ kind: words(names) });
    let scope = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": names });
    under(scope, conditions)
}

/// Lets EMR Serverless start the jobs of an account with a role.
pub(crate) fn admit_jobs(account: &str) -> String {
    let conditions = format!("StringEquals aws:SourceAccount {account}");
    admit("Service emr-serverless.amazonaws.com", &conditions)
}

fn under(mut statement: Value, conditions: &str) -> String {
    for condition in conditions.split("; ").filter(|text| !text.is_empty()) {
        let mut parts = condition.splitn(3, ' ');
        let mut next = || parts.next().unwrap();
        let (operator, key, values) = (next(), next(), next());
        statement["Condition"][operator][key] = words(values);
    }
    statement.to_string()
}

fn words(text: &str) -> Value {
    let words: Vec<_> = text.split(' ').collect();
    match words.as_slice() {
        [one] => json!(one),
        several => json!(several),
    }
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

fn tags(team: &str) -> BTreeMap<String, String> {
    let team = (!team.is_empty()).then(|| ("Team".to_owned(), team.to_owned()));
    team.into_iter().collect()
}

/// The ARN of a role of the account.
pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:iam::{HOME}:role/{name}")
}

/// A role that runs jobs, of a team or, where that is empty, untagged. Its name may have a path.
pub(crate) fn role(name: &str, team: &str) -> Role {
    role_in(HOME, name, team)
}

/// The same in another account.
pub(crate) fn role_in(account: &str, name: &str, team: &str) -> Role {
    Role {
        arn: Arn::from(format!("arn:aws:iam::{account}:role/{name}")),
        name: name.rsplit('/').next().unwrap().into(),
        tags: tags(team),
        trust: document(&admit_jobs(account)),
        ..Role::example()
    }
}

/// A customer managed policy of a team.
pub(crate) fn managed(name: &str, team: &str, statements: &str) -> ManagedPolicy {
    ManagedPolicy {
        arn: Arn::from(format!("arn:aws:iam::{HOME}:policy/{name}")),
        name: name.into(),
        version: "v1".into(),
        document: document(statements),
        tags: Some(tags(team)),
    }
}

/// An application of a team.
pub(crate) fn application(id: &str, team: &str) -> Application {
    Application {
        arn: Arn::from(format!(
            "arn:aws:emr-serverless:eu-west-1:{HOME}:/applications/{id}"
        )),
        id: id.into(),
        tags: tags(team),
        ..Application::example()
    }
}

impl Role {
    /// With the inline policy `p` of these statements.
    pub(crate) fn may(mut self, statements: &str) -> Self {
        let (name, document) = ("p".into(), document(statements));
        self.inline_policies.push(InlinePolicy { name, document });
        self
    }

    /// With a trust policy of these statements.
    pub(crate) fn trusting(mut self, statements: &str) -> Self {
        self.trust = document(statements);
        self
    }

    /// With a managed policy attached.
    pub(crate) fn holding(mut self, policy: &ManagedPolicy) -> Self {
        self.attached_policies.push(policy.arn.clone());
        self
    }

    /// With a permissions boundary.
    pub(crate) fn bounded_by(mut self, policy: &ManagedPolicy) -> Self {
        self.boundary = Some(policy.arn.clone());
        self
    }
}
