use crate::finding::Fault;
use crate::iam::Choice;
use crate::settings::Context;
use crate::subject::passrole::{allowing, fault};
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;

rule! {
    /// A grant of `iam:PassRole` names a role of another account
    ///
    /// Flags statements that allow a team's role `iam:PassRole` on a role of another account by its ARN.
    ///
    /// ## Why it matters
    /// A role can be passed within its own account only, so the grant does nothing. It was meant for
    /// something.
    ///
    /// ## How to fix
    /// Leave it out, or name the role of this account that was meant. To become a role of another account
    /// takes `sts:AssumeRole`.
    ///
    /// Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
    "passrole-dead", Low, Role { check }
}

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    let account = inventory.account.id.as_str();
    let faults = allowing(holder, cx.policy).filter_map(|by| {
        let mut actions = by.statement.actions.patterns().iter();
        let named = actions.any(|it| it.eq_ignore_ascii_case("iam:PassRole"));
        let Some(Choice::Only(resources)) = by.statement.resources.as_ref().filter(|_| named)
        else {
            return None;
        };
        let role = resources.iter().find(|it| {
            let home = it.split(':').nth(4).unwrap_or_default();
            !it.contains(['*', '?', '$']) && home.len() == 12 && home != account
        })?;
        let evidence = format!("`{role}` is of another account, so it can't be passed here");
        Some(fault(holder, inventory, &by, &evidence))
    });
    faults.collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, allow, arn, role};

    fn having(action: &str, resource: &str) -> Bench {
        Bench::of([role("ads", "ads").may(&allow(action, resource, ""))])
    }

    const ELSEWHERE: &str = "arn:aws:iam::222233334444:role/ads";

    #[test]
    fn a_role_of_another_account_is_flagged_among_others() {
        let bench = having("iam:PassRole", &format!("{} {ELSEWHERE}", arn("ads")));
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `arn:aws:iam::222233334444:role/ads` is of another \
             account, so it can't be passed here"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn roles_of_the_account_patterns_and_other_actions_pass() {
        for (action, resource) in [
            ("iam:PassRole", arn("ads").as_str()),
            ("iam:PassRole", "arn:aws:iam::*:role/ads"),
            ("iam:PassRole", "arn:aws:iam::222233334444:role/*"),
            ("iam:*", ELSEWHERE),
            ("sts:AssumeRole", ELSEWHERE),
        ] {
            assert_eq!(
                having(action, resource).faults(&RULE),
                [],
                "{action} {resource}"
            );
        }
    }
}
