//! Rules about single statements of policies, whatever role holds them.

use crate::estate::Arn;
use crate::fault::Fault;
use crate::finding::Remediation;
use crate::iam::mend::{mend, restate};
use crate::iam::{
    Condition, Context, Effect, Held, Holder, Inventory, PolicyName, Statement, Table, Truth,
};
use crate::policy::Policy;
use crate::rule::Rule;

mod condition_admits_other_teams;
mod condition_fails_open;
mod condition_key_ineffective;
mod condition_wildcard_team;
mod policy_allows_notaction;
mod policy_allows_notresource;
mod policy_arn_prefix_collision;
mod policy_deny_gap;
mod policy_notprincipal;
mod policy_variable_default_team;
mod policy_variable_inert;

pub(crate) static RULES: &[&Rule] = &[
    &condition_admits_other_teams::RULE,
    &condition_fails_open::RULE,
    &condition_key_ineffective::RULE,
    &condition_wildcard_team::RULE,
    &policy_allows_notaction::RULE,
    &policy_allows_notresource::RULE,
    &policy_arn_prefix_collision::RULE,
    &policy_deny_gap::RULE,
    &policy_notprincipal::RULE,
    &policy_variable_default_team::RULE,
    &policy_variable_inert::RULE,
];

/// What decides the boundary between teams: running with a role, becoming one, and changing one.
pub(crate) const BOUNDARY_ACTIONS: [&str; 22] = [
    "iam:PassRole",
    "sts:AssumeRole",
    "sts:TagSession",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:PutRolePolicy",
    "iam:AttachRolePolicy",
    "iam:DetachRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:DeletePolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:DeleteRolePermissionsBoundary",
    "iam:CreateRole",
    "emr-serverless:StartJobRun",
    "emr-serverless:StartSession",
    "emr-serverless:AccessLivyEndpoints",
    "emr-serverless:AccessInteractiveEndpoints",
    "emr-serverless:TagResource",
    "emr-serverless:UntagResource",
];

/// A statement, with the policy that it stands in and the role that holds it.
#[derive(Clone, Copy, Debug)]
pub struct Stated<'a> {
    /// The account's roles.
    pub inventory: &'a Inventory<'a>,
    /// The role.
    pub holder: &'a Holder<'a>,
    /// The policy: inline, attached, or the role's trust policy.
    pub held: &'a Held<'a>,
    /// The statement.
    pub statement: &'a Statement,
}

/// Whose tag a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeamKey {
    /// `aws:ResourceTag/Team`, `iam:ResourceTag/Team`
    Resource,
    /// `aws:PrincipalTag/Team`
    Principal,
    /// `aws:RequestTag/Team`
    Request,
}

impl TeamKey {
    /// Whose team tag a condition compares, if any's.
    pub fn of(condition: &Condition, policy: &Policy) -> Option<Self> {
        let (prefix, tag) = condition.key.split_once('/')?;
        if !tag.eq_ignore_ascii_case(&policy.team_tag) {
            return None;
        }
        match prefix.to_ascii_lowercase().as_str() {
            "aws:resourcetag" | "iam:resourcetag" => Some(Self::Resource),
            "aws:principaltag" => Some(Self::Principal),
            "aws:requesttag" => Some(Self::Request),
            _ => None,
        }
    }
}

impl<'a> Stated<'a> {
    /// The actions of the boundary that the statement is about.
    pub fn actions(&self) -> impl Iterator<Item = &'static str> {
        let statement = self.statement;
        BOUNDARY_ACTIONS
            .into_iter()
            .filter(|action| statement.is_about(action))
    }

    /// Whether it is of a trust policy.
    pub fn is_trust(&self) -> bool {
        matches!(self.held.name, PolicyName::Trust(_))
    }

    /// Its conditions on somebody's team tag.
    pub fn team_conditions(
        &self,
        policy: &Policy,
    ) -> impl Iterator<Item = (TeamKey, &'a Condition)> {
        let conditions = self.statement.conditions.iter();
        conditions.filter_map(|it| Some((TeamKey::of(it, policy)?, it)))
    }

    /// A fault of this statement.
    pub fn fault(&self, evidence: &str) -> Fault {
        Fault::of_statement(self.holder, self.held.name, self.statement, evidence)
    }

    /// The ARN of a role of this account that doesn't exist, to see what a pattern covers.
    pub fn probe(&self, name: &str) -> Arn {
        let account = &self.inventory.account;
        let partition = account.arn.partition();
        Arn::from(format!("arn:{partition}:iam::{}:role/{name}", account.id))
    }
    /// Whether it is an allowing one about the boundary.
    pub fn is_boundary_allow(&self) -> bool {
        self.statement.effect == Effect::Allow && self.actions().next().is_some()
    }

    /// The actions of the boundary that it is about and that a condition key works for.
    pub fn guarded_by(&self, key: &str) -> impl Iterator<Item = &'static str> {
        self.actions().filter(|it| Table::get().works(it, key))
    }

    /// Its conditions on the team of the other side: in identity policies that of what is reached or asked
    /// for, in trust policies that of who calls. One's own tag is there for all to see. Keys that work for
    /// none of its actions guard nothing, and are the matter of `condition-key-ineffective`.
    pub fn guards(&self, policy: &Policy) -> impl Iterator<Item = (TeamKey, &'a Condition)> {
        let own = if self.is_trust() {
            TeamKey::Resource
        } else {
            TeamKey::Principal
        };
        let across = self.team_conditions(policy).filter(move |it| it.0 != own);
        across.filter(|(_, it)| self.guarded_by(&it.key).next().is_some())
    }

    /// What is known of a request wherever it goes: the tags of the role's own side.
    pub fn known(&self) -> Context<'static> {
        let tags = &self.holder.role.tags;
        if self.is_trust() {
            let context = Context::open().with_tags("aws:ResourceTag/", tags);
            return context.with_tags("iam:ResourceTag/", tags);
        }
        Context::open().with_tags("aws:PrincipalTag/", tags)
    }

    /// Whether its conditions on somebody's tag may be met by a team, all of them.
    pub fn admits(&self, key: TeamKey, team: &str, policy: &Policy) -> bool {
        let conditions = self.team_conditions(policy).filter(|it| it.0 == key);
        Truth::all(conditions.map(|(_, it)| {
            let context = self.known().with(&it.key, team);
            it.holds(self.statement.version, &context)
        }))
        .may()
    }

    /// What a condition compares tags with, to mean the role's own team: a policy that several roles may hold
    /// means the team of whoever calls.
    pub fn own_team(&self, policy: &Policy) -> String {
        match (self.held.name, self.holder.team) {
            (PolicyName::Inline(..) | PolicyName::Trust(_), Some(team)) => team.to_owned(),
            _ => format!("${{aws:PrincipalTag/{}}}", policy.team_tag),
        }
    }

    /// Its policy with another statement in its place.
    pub fn restated(&self, to: &Statement) -> Remediation {
        self.mended(|list, at| restate(list, at, self.statement, to))
    }

    /// Its policy, changed.
    pub fn mended(&self, change: impl FnOnce(&mut Vec<serde_json::Value>, usize)) -> Remediation {
        let role = self.holder.role;
        mend(self.held.name, role, self.statement.index, Box::new(change))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Account, InlinePolicy, ManagedPolicy, Role, Slice};
    use crate::finding::Severity;
    use crate::rule::{Check, Context};
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

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
                let stated = Stated {
                    inventory: &inventory,
                    holder,
                    held,
                    statement,
                };
                for rule in RULES {
                    if let Check::Statement { check } = rule.check {
                        faults.extend(check(&stated, &cx).map(|fault| (rule.id, fault)));
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
        let fix = &faults_before[0].1.remediation.aws_cli;
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
        let fix = faults(&wide, "inline")[0].1.remediation.aws_cli.clone();
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
        let fix = &latent[0].1.remediation.aws_cli;
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
}
