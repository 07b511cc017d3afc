use crate::finding::Fault;
use crate::iam::{Effect, Holder, Inventory};
use crate::settings::Context;
use crate::subject::adversary::{Adversary, Target, tag_keys};
use crate::subject::rule::rule;

rule! {
    /// A role may change the team of roles
    ///
    /// Flags statements by which a role of a team may give any team's role of the account, its own team's
    /// among them, another team with `iam:TagRole`, or take its team away with `iam:UntagRole`; and those by
    /// which it may call a role of nobody, which passes or assumes others, another team's. It is asked by
    /// evaluation: denials and permissions boundaries count. Roles of `[teams] shared` are trusted to do so.
    ///
    /// ## Why it matters
    /// Every guard that compares team tags holds only as long as the tags do: whoever may write them may make
    /// himself one of the other team, or the other team's role one of his own.
    ///
    /// ## How to fix
    /// Leave tagging to a role of the platform. Where the role must tag, it takes both: `aws:ResourceTag/Team`
    /// with its own team, and `aws:RequestTag/Team` with its own team or `aws:TagKeys` without the team's tag.
    /// `iam:UntagRole` knows `aws:TagKeys` alone of the two.
    ///
    /// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and
    /// Access Management".
    "role-retaggable", Critical, Role { check }, tells: Effect
}

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (tag, untag) = ("iam:TagRole", "iam:UntagRole");
    let Some(mut adversary) = Adversary::new(holder, inventory, cx, &[tag, untag]) else {
        return Vec::new();
    };
    for role in adversary.roles() {
        adversary.retag(tag, untag, Target::role(role));
    }
    let untagged = inventory
        .roles
        .iter()
        .filter(|it| it.team.is_none() && leads_on(it));
    for target in untagged {
        for keys in tag_keys(&cx.policy.team_tag) {
            if adversary.give_away(tag, Target::role(target.role), holder.team, &keys) {
                break;
            }
        }
    }
    adversary.faults()
}

/// Whether a role passes or assumes others, so that it matters whose it is called.
fn leads_on(holder: &Holder<'_>) -> bool {
    let statements = holder
        .policies
        .iter()
        .flat_map(|it| &it.document.statements);
    let mut allows = statements.filter(|it| it.effect == Effect::Allow);
    allows.any(|it| it.is_about("iam:PassRole") || it.is_about("sts:AssumeRole"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Account, Arn, InlinePolicy, Role, Slice};
    use crate::finding::Verdict;

    fn role(name: &str, team: &str, statement: &str) -> Role {
        let policies = (!statement.is_empty()).then(|| InlinePolicy {
            name: "tag".into(),
            document: format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#),
        });
        Role {
            arn: Arn::from(format!("arn:aws:iam::111122223333:role/{name}")),
            name: name.into(),
            tags: [("Team".to_owned(), team.to_owned())].into(),
            inline_policies: policies.into_iter().collect(),
            ..Role::example()
        }
    }

    fn faults(statement: &str) -> Vec<Fault> {
        let slice = Slice {
            roles: vec![
                role("ads", "ads", statement),
                role("billing", "billing", ""),
                role("billing-2", "billing", ""),
            ],
            ..Slice::new(Account::example())
        };
        let cx = Context::example();
        let inventory = Inventory::new(&slice, cx.policy, None);
        check(&inventory.roles[0], &inventory, &cx)
    }

    fn evidence(statement: &str) -> String {
        let faults = faults(statement);
        assert_eq!(faults.len(), 1, "{faults:?}");
        let Verdict::Fail(evidence) = &faults[0].verdict else {
            panic!("{faults:?}");
        };
        evidence.clone()
    }

    #[test]
    fn one_statement_is_one_fault_with_its_first_target_and_its_mended_policy() {
        let statement =
            r#"{"Effect":"Allow","Action":["iam:TagRole","iam:UntagRole"],"Resource":"*"}"#;
        assert_eq!(
            evidence(statement),
            "inline policy `tag` of `ads`, statement 1: `arn:aws:iam::111122223333:role/ads` may \
             iam:TagRole `arn:aws:iam::111122223333:role/ads` (proven), to make it team `billing`'s; \
             so may iam:UntagRole; and so 2 others"
        );
        let fix = &faults(statement)[0].remedy.written().aws_cli;
        assert!(fix.contains("delete-role-policy"), "{fix}");
    }

    #[test]
    fn a_pin_of_the_request_alone_lets_others_roles_be_taken() {
        let taken = evidence(
            r#"{"Effect":"Allow","Action":"iam:TagRole","Resource":"*","Condition":{"StringEquals":
            {"aws:RequestTag/Team":"${aws:PrincipalTag/Team}"}}}"#,
        );
        assert!(taken.contains("role/billing` (proven), to make it team `ads`'s"));
    }

    #[test]
    fn a_pin_of_the_target_alone_lets_ones_own_roles_be_given_away() {
        let given = evidence(
            r#"{"Effect":"Allow","Action":"iam:TagRole","Resource":"*","Condition":{"StringEquals":
            {"aws:ResourceTag/Team":"ads"}}}"#,
        );
        assert!(given.contains("role/ads` (proven), to make it team `billing`'s"));
    }

    #[test]
    fn what_cannot_be_known_is_said() {
        let given = evidence(
            r#"{"Effect":"Allow","Action":"iam:UntagRole","Resource":"*","Condition":{"Bool":
            {"aws:MultiFactorAuthPresent":"true"}}}"#,
        );
        assert!(given.contains("(conditional on `aws:MultiFactorAuthPresent`)"));
    }
}
