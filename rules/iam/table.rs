//! Which condition keys work for which action and resource. The data is in `actions.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::iam::pattern::covers_action;

/// What AWS's Service Authorization Reference says of IAM, STS and EMR Serverless.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The day of the data.
    pub date: String,
    global: Vec<String>,
    resource: BTreeMap<String, Resource>,
    action: BTreeMap<String, Action>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resource {
    #[expect(dead_code, reason = "kept for readers of the data")]
    arn: String,
    keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    resources: Vec<String>,
    keys: Vec<String>,
}

/// Global keys whose presence hangs on the action: that they are global says nothing.
const BY_ACTION: [&str; 3] = ["aws:RequestTag/", "aws:ResourceTag/", "aws:TagKeys"];

impl Table {
    /// The table of `actions.toml`.
    pub fn get() -> &'static Self {
        static TABLE: LazyLock<Table> = LazyLock::new(|| {
            #[expect(
                clippy::expect_used,
                reason = "the text is compiled in, and a test reads it"
            )]
            toml::from_str(include_str!("actions.toml")).expect("`actions.toml` is well-formed")
        });
        &TABLE
    }

    /// The actions that a pattern covers, of the services that the table knows.
    pub fn actions(&self, pattern: &str) -> impl Iterator<Item = &str> {
        let names = self.action.keys().map(String::as_str);
        names.filter(move |name| covers_action(pattern, name))
    }

    /// Whether all that a pattern covers belongs to services that the table knows.
    pub fn knows(&self, pattern: &str) -> bool {
        let service = pattern.split(':').next().unwrap_or_default();
        let mut known = self.action.keys().filter_map(|it| it.split(':').next());
        known.any(|it| it.eq_ignore_ascii_case(service))
    }

    /// Whether a condition key works for an action, on any of its resource types.
    pub fn works(&self, action: &str, key: &str) -> bool {
        let Some(action) = self.action.get(action) else {
            return true;
        };
        let by_action = BY_ACTION.iter().any(|it| is_key(it, key));
        let of_resources = action
            .resources
            .iter()
            .filter_map(|name| self.resource.get(name))
            .flat_map(|it| &it.keys);
        let mut keys = action.keys.iter().chain(of_resources);
        keys.any(|it| is_key(it, key))
            || (!by_action && self.global.iter().any(|it| is_key(it, key)))
    }
}

fn is_key(known: &str, key: &str) -> bool {
    if known.ends_with('/') {
        let start = key.get(..known.len());
        return start.is_some_and(|start| start.eq_ignore_ascii_case(known));
    }
    known.eq_ignore_ascii_case(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_work_where_the_reference_says() {
        let table = Table::get();
        let cases = [
            ("sts:AssumeRole", "iam:ResourceTag/Team", true),
            ("sts:AssumeRole", "aws:ResourceTag/team", true),
            ("sts:AssumeRole", "aws:PrincipalTag/Team", true),
            ("iam:PassRole", "iam:PassedToService", true),
            ("iam:TagRole", "iam:passedtoservice", false),
            ("emr-serverless:StartJobRun", "aws:ResourceTag/Team", true),
            (
                "emr-serverless:StartJobRun",
                "emr-serverless:ResourceTag/Team",
                false,
            ),
            (
                "emr-serverless:CreateApplication",
                "aws:ResourceTag/Team",
                false,
            ),
            (
                "emr-serverless:CreateApplication",
                "aws:RequestTag/Team",
                true,
            ),
            ("iam:CreatePolicyVersion", "iam:ResourceTag/Team", false),
            ("iam:CreatePolicyVersion", "aws:ResourceTag/Team", true),
            ("s3:GetObject", "s3:ExistingObjectTag/Team", true),
        ];
        for (action, key, expected) in cases {
            assert_eq!(table.works(action, key), expected, "{action} {key}");
        }
        assert!(table.knows("iam:*") && !table.knows("s3:GetObject") && !table.knows("*"));
        assert!(table.actions("emr-serverless:Start*").count() > 1);
    }
}
