use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::passrole::{bounded_by_tag_only, reaches_other_team};
use crate::finding::Fault;
use crate::graph::{Estate, Unreliable};
use crate::iam::{Holder, Inventory};
use crate::settings::Context;
use crate::subject::passrole::{allowing, fault, is_on_tag_of_role};
use crate::subject::role::RoleSubject;
use crate::subject::rule::{Check, rule};

rule! {
    /// A guard of `iam:PassRole` compares a tag, which AWS documents as unreliable
    ///
    /// Flags statements that allow a team's role `iam:PassRole` under a condition on the passed role's tag,
    /// where nothing else is found to be open: the resource, or the roles that exist, keep the team within
    /// its bounds today. The same statement in many roles and accounts is one finding.
    ///
    /// ## Why it matters
    /// The condition adds nothing that can be counted on. Should the resource be widened later, it would
    /// look like a boundary and be none.
    ///
    /// ## How to fix
    /// Leave the condition out, and keep `Resource` and `iam:PassedToService`.
    ///
    /// Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
    "passrole-tag-unreliable", Low, Estate { check }
}

fn check(estate: &Estate<'_>, _: &Context<'_>) -> Vec<Fault> {
    let mut same: BTreeMap<&str, Vec<&Unreliable>> = BTreeMap::new();
    for unreliable in estate.accounts.iter().flat_map(|it| &it.unreliable) {
        same.entry(&unreliable.text).or_default().push(unreliable);
    }
    let faults = same.into_values().filter_map(|mut all| {
        all.sort_by_key(|it| (&it.fault.resource, &it.role));
        let fault = all.first()?.fault.clone();
        let roles: BTreeSet<_> = all.iter().map(|it| &it.role).collect();
        let accounts: BTreeSet<_> = roles.iter().map(|it| it.account()).collect();
        Some(match (roles.len(), accounts.len()) {
            (1, _) => fault,
            (all, 1) => fault.noting(&format!("; {all} roles hold the same statement")),
            (all, accounts) => {
                let more = format!("; {all} roles of {accounts} accounts hold the same statement");
                fault.noting(&more)
            }
        })
    });
    faults.collect()
}

/// The statements of an account that guard `iam:PassRole` by a tag, but for those of which more is found.
pub(crate) fn unreliable(inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Unreliable> {
    let all = inventory.roles.iter();
    all.flat_map(|holder| of_role(holder, inventory, cx))
        .collect()
}

fn of_role(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Unreliable> {
    let found = allowing(holder, cx.policy).filter_map(|by| {
        let mut conditions = by.statement.conditions.iter();
        let condition = conditions.find(|it| is_on_tag_of_role(it, cx.policy))?;
        let evidence =
            format!("`{condition}` is not a boundary on iam:PassRole, by AWS's own word");
        let account = holder.role.arn.account();
        Some(Unreliable {
            text: by.statement.to_value().to_string().replace(account, ""),
            role: holder.role.arn.clone(),
            fault: fault(holder, inventory, &by, &evidence),
        })
    });
    let mut found: Vec<_> = found.collect();
    if found.is_empty() {
        return found;
    }
    let exact = [&reaches_other_team::RULE, &bounded_by_tag_only::RULE];
    for rule in exact {
        let Check::Role { check } = rule.check else {
            continue;
        };
        if rule.severity_in(cx.policy).is_some() {
            let told = check(&RoleSubject { holder, inventory }, cx);
            found.retain(|it| !told.iter().any(|told| is_same(told, &it.fault)));
        }
    }
    found
}

fn is_same(told: &Fault, fault: &Fault) -> bool {
    (&told.resource, &told.part) == (&fault.resource, &fault.part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Account, AccountId, Arn, InlinePolicy, Role, Slice};
    use crate::graph::Edges;
    use crate::subject::bench::{Bench, allow, arn, role};

    fn edges(account: &str, roles: &[(&str, &str)], cx: &Context<'_>) -> Edges {
        let role = |&(name, team): &(&str, &str)| {
            let statement = format!(
                r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::{account}:role/emr/*",
                "Condition":{{"StringEquals":{{"iam:ResourceTag/Team":"${{aws:PrincipalTag/Team}}"}}}}}}"#
            );
            Role {
                arn: Arn::from(format!("arn:aws:iam::{account}:role/{name}")),
                name: name.into(),
                tags: [("Team".to_owned(), team.to_owned())].into(),
                trust: r#"{"Version":"2012-10-17","Statement":[]}"#.into(),
                inline_policies: vec![InlinePolicy {
                    name: "pass".into(),
                    document: format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#),
                }],
                ..Role::example()
            }
        };
        let slice = Slice {
            roles: roles.iter().map(role).collect(),
            ..Slice::new(Account::new("aws", AccountId::from(account), ""))
        };
        let inventory = Inventory::new(&slice, cx.policy, None);
        Edges {
            unreliable: unreliable(&inventory, cx),
            ..Edges::of(&inventory, true, cx)
        }
    }

    #[test]
    fn the_same_statement_in_many_roles_and_accounts_is_one_finding() {
        let cx = Context::example();
        let accounts = [
            edges("111122223333", &[("a", "ads"), ("b", "billing")], &cx),
            edges("444455556666", &[("a", "ads")], &cx),
        ];
        let faults = check(&Estate::new(&accounts, true, &cx), &cx);
        assert_eq!(faults.len(), 1, "{faults:?}");
        let told = format!("{:?}", faults[0].verdict);
        let count = "; 3 roles of 2 accounts hold the same statement";
        assert!(told.contains(count), "{told}");
    }

    fn having(action: &str, conditions: &str) -> Bench {
        let statement = allow(action, &arn("ads"), conditions);
        Bench::of([role("ads", "ads").may(&statement)])
    }

    #[test]
    fn a_condition_on_the_tag_of_the_passed_role_is_flagged() {
        for prefix in ["iam", "aws"] {
            let condition = format!("StringEquals {prefix}:ResourceTag/team ads");
            assert_eq!(
                having("iam:PassRole", &condition).evidence(&RULE),
                format!(
                    "inline policy `p` of `ads`, statement 1: `{condition}` is not a boundary on \
                     iam:PassRole, by AWS's own word"
                )
            );
        }
    }

    #[test]
    fn another_tag_another_key_and_another_action_pass() {
        for (action, condition) in [
            ("iam:PassRole", "StringEquals iam:ResourceTag/Owner ads"),
            ("iam:PassRole", "StringEquals aws:PrincipalTag/Team ads"),
            ("sts:AssumeRole", "StringEquals iam:ResourceTag/Team ads"),
        ] {
            assert_eq!(having(action, condition).faults(&RULE), [], "{condition}");
        }
    }

    #[test]
    fn an_untagged_role_is_not_judged() {
        let guarded = allow("iam:PassRole", "*", "StringEquals iam:ResourceTag/Team ads");
        assert_eq!(Bench::of([role("x", "").may(&guarded)]).faults(&RULE), []);
    }
}
