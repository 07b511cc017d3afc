use crate::finding::Fault;
use crate::iam::{Effect, Holder};
use crate::settings::Context;
use crate::subject::adversary::{Adversary, Target, tag_keys};
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;

rule! {
    /// A role may change the team of roles
    ///
    /// Flags statements by which a role of a team may give any team's role of the account, its own team's
    /// among them, another team with `iam:TagRole`, or take its team away with `iam:UntagRole`; and those by
    /// which it may call an untagged role, which passes or assumes others, another team's. It is asked by
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

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
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
    use super::RULE;
    use crate::subject::bench::{Bench, allow, role};

    const BOTH: &str = "iam:TagRole iam:UntagRole";

    fn among(statement: &str) -> Bench {
        let others = ["billing", "billing-2"].map(|name| role(name, "billing"));
        Bench::of(
            [role("ads", "ads").may(statement)]
                .into_iter()
                .chain(others),
        )
    }

    #[test]
    fn one_statement_is_one_fault_with_its_first_target_and_its_mended_policy() {
        let bench = among(&allow(BOTH, "*", ""));
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `arn:aws:iam::111122223333:role/ads` may \
             iam:TagRole `arn:aws:iam::111122223333:role/ads` (proven), to make it team `billing`'s; \
             so may iam:UntagRole; and so 2 others"
        );
        let fix = bench.fault(&RULE).remedy.written().aws_cli;
        assert!(fix.contains("delete-role-policy"), "{fix}");
        bench.mended(&RULE);
    }

    #[test]
    fn a_pin_of_the_request_alone_lets_others_roles_be_taken() {
        let pinned = "StringEquals aws:RequestTag/Team ${aws:PrincipalTag/Team}";
        let taken = among(&allow("iam:TagRole", "*", pinned)).evidence(&RULE);
        assert!(taken.contains("role/billing` (proven), to make it team `ads`'s"));
    }

    #[test]
    fn a_pin_of_the_target_alone_lets_ones_own_roles_be_given_away() {
        let pinned = "StringEquals aws:ResourceTag/Team ads";
        let given = among(&allow("iam:TagRole", "*", pinned)).evidence(&RULE);
        assert!(given.contains("role/ads` (proven), to make it team `billing`'s"));
    }

    #[test]
    fn what_cannot_be_known_is_said() {
        let pinned = "Bool aws:MultiFactorAuthPresent true";
        let given = among(&allow("iam:UntagRole", "*", pinned)).evidence(&RULE);
        assert!(given.contains("(conditional on `aws:MultiFactorAuthPresent`)"));
    }

    #[test]
    fn both_pins_together_pass() {
        let pinned = "StringEquals aws:RequestTag/Team ads; StringEquals aws:ResourceTag/Team ads";
        assert_eq!(among(&allow("iam:TagRole", "*", pinned)).faults(&RULE), []);
    }
}
