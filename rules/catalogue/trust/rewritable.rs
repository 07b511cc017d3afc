use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::adversary::{Adversary, Target};
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;

rule! {
    /// A role may rewrite who may assume roles of teams
    ///
    /// Flags statements by which a role of a team may change the trust policy of any team's role with
    /// `iam:UpdateAssumeRolePolicy`. Its own team's roles count: by its data role a team lets others in. Roles
    /// of `[teams] shared` are trusted to do so.
    ///
    /// ## Why it matters
    /// In its own account a role that is named in a trust policy needs no other permission to become that
    /// role.
    ///
    /// ## How to fix
    /// Leave trust policies to a role of the platform.
    ///
    /// Source: IAM User Guide, "Cross-account policy evaluation logic".
    "trust-rewritable", Critical, Role { check }, tells: Effect
}

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    let action = "iam:UpdateAssumeRolePolicy";
    let Some(mut adversary) = Adversary::new(holder, inventory, cx, &[action]) else {
        return Vec::new();
    };
    for role in adversary.roles() {
        adversary.attempt(action, Target::role(role), &[], "");
    }
    adversary.faults()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, allow, arn, deny, role};

    fn beside(statements: &str) -> Bench {
        let judged = role("ads", "ads").may(statements);
        Bench::of([judged, role("billing", "billing"), role("untagged", "")])
    }

    const REWRITE: &str = "iam:UpdateAssumeRolePolicy";

    #[test]
    fn one_statement_is_one_fault_that_counts_the_roles_of_teams() {
        let bench = beside(&allow(REWRITE, "*", ""));
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `arn:aws:iam::111122223333:role/ads` may \
             iam:UpdateAssumeRolePolicy `arn:aws:iam::111122223333:role/ads` (proven); and so 1 other"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn what_an_unknown_key_guards_is_conditional() {
        let guarded = allow(
            "iam:Update*",
            &arn("billing"),
            "Bool aws:MultiFactorAuthPresent true",
        );
        let bench = beside(&guarded);
        let told = bench.evidence(&RULE);
        assert!(
            told.ends_with("(conditional on `aws:MultiFactorAuthPresent`)"),
            "{told}"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn roles_of_nobody_a_denial_and_a_shared_team_pass() {
        assert_eq!(
            beside(&allow(REWRITE, &arn("untagged"), "")).faults(&RULE),
            []
        );
        let open = allow(REWRITE, "*", "");
        let denied = [open.clone(), deny("iam:*", "*", "")].join(",");
        assert_eq!(beside(&denied).faults(&RULE), []);
        assert_eq!(beside(&open).shared("ads").faults(&RULE), []);
    }
}
