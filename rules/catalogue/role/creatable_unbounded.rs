use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Fault;
use crate::iam::{Choice, Holder, Inventory, Known, replace_variables};
use crate::settings::Context;
use crate::subject::adversary::{Adversary, Target, allowing, value};
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;

rule! {
    /// A role may create roles of other teams without a boundary
    ///
    /// Flags statements by which a role of a team may create a role with the tag of another team and without
    /// a permissions boundary. Roles of `[teams] shared` are trusted to do so.
    ///
    /// ## Why it matters
    /// The new role is one of the other team to every guard that compares team tags, and who may assume it is
    /// written by its creator.
    ///
    /// ## How to fix
    /// Allow `iam:CreateRole` only with `aws:RequestTag/Team` of the role's own team and with a boundary in
    /// `iam:PermissionsBoundary`.
    ///
    /// Source: IAM User Guide, "Permissions boundaries for IAM entities".
    "role-creatable-unbounded", High, Role { check }, tells: Effect
}

const ACTION: &str = "iam:CreateRole";

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    let Some(mut adversary) = Adversary::new(holder, inventory, cx, &[ACTION]) else {
        return Vec::new();
    };
    let key = &cx.policy.team_tag;
    let request_tag = format!("aws:RequestTag/{key}");
    let untagged = BTreeMap::new();
    for arn in fresh(holder, inventory) {
        let target = Target {
            arn: &arn,
            tags: Some(&untagged),
        };
        for team in adversary.teams_but(holder.team) {
            let keys = [
                (request_tag.as_str(), value(&team)),
                ("aws:TagKeys", value(key)),
                ("iam:PermissionsBoundary", Known::Absent),
            ];
            let how = format!(" as team `{team}`'s, without a boundary");
            if adversary.attempt(ACTION, target, &keys, &how).may() {
                break;
            }
        }
    }
    adversary.faults()
}

/// ARNs of roles that don't exist, of which the role's policies speak.
fn fresh(holder: &Holder<'_>, inventory: &Inventory<'_>) -> BTreeSet<String> {
    let account = inventory.account;
    let root = format!("arn:{}:iam::{}:role/", account.arn.partition(), account.id);
    let named = allowing(holder).filter(|it| it.is_about(ACTION));
    let patterns = named.flat_map(|it| match &it.resources {
        Some(Choice::Only(patterns)) => patterns.as_slice(),
        Some(Choice::AllBut(_)) | None => &[],
    });
    let paths = patterns.filter_map(|it| it.split_once(":role/").map(|(_, path)| path));
    let paths = paths.map(|path| {
        let path = replace_variables(path, |key| {
            let mut tags = holder.role.tags.iter();
            let (_, value) = tags.find(|(tag, _)| {
                let whole = format!("aws:PrincipalTag/{tag}");
                key.eq_ignore_ascii_case(&whole)
            })?;
            Some(value.clone())
        });
        path.replace('*', "new-role").replace('?', "x")
    });
    let all = paths.chain(["new-role".to_owned()]);
    all.filter(|path| !path.contains("${"))
        .map(|path| format!("{root}{path}"))
        .filter(|arn| inventory.find(arn).is_none())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Account, InlinePolicy, Role, Slice};

    #[test]
    fn the_role_that_is_tried_is_one_that_the_policies_speak_of() {
        let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:Create*",
            "Resource":["arn:aws:iam::*:role/${aws:PrincipalTag/Team}/job-?",
            "arn:aws:iam::111122223333:role/ads-execution","arn:aws:iam::*:role/${aws:userid}"]}}"#;
        let role = Role {
            inline_policies: vec![InlinePolicy {
                name: "create".into(),
                document: document.into(),
            }],
            ..Role::example()
        };
        let slice = Slice {
            roles: vec![role],
            ..Slice::new(Account::example())
        };
        let policy = crate::Policy::default();
        let inventory = Inventory::new(&slice, &policy, None);
        let fresh = fresh(&inventory.roles[0], &inventory);
        let arns: Vec<_> = fresh.iter().map(String::as_str).collect();
        let expected = [
            "arn:aws:iam::111122223333:role/ads/job-x",
            "arn:aws:iam::111122223333:role/new-role",
        ];
        assert_eq!(arns, expected);
    }
}
