use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::adversary::{Adversary, Target, boundary_of, policies_of_choice, value};
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;

rule! {
    /// A role may take permissions boundaries away
    ///
    /// Flags statements by which a role of a team may delete the permissions boundary of any team's role that
    /// has one, its own included, or put `AdministratorAccess` in its place. Roles of `[teams] shared` are
    /// trusted to do so.
    ///
    /// ## Why it matters
    /// A boundary limits what a team can give its own roles: without it, whoever writes their policies gives
    /// them everything.
    ///
    /// ## How to fix
    /// Leave boundaries to a role of the platform, or allow `iam:PutRolePermissionsBoundary` only with the
    /// boundary's own ARN in `iam:PermissionsBoundary`.
    ///
    /// Source: IAM User Guide, "Permissions boundaries for IAM entities".
    "boundary-removable", Critical, Role { check }, tells: Effect
}

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    let (delete, put) = (
        "iam:DeleteRolePermissionsBoundary",
        "iam:PutRolePermissionsBoundary",
    );
    let Some(mut adversary) = Adversary::new(holder, inventory, cx, &[delete, put]) else {
        return Vec::new();
    };
    let choice = policies_of_choice(inventory);
    for role in adversary.roles().filter(|it| it.boundary.is_some()) {
        let target = Target::role(role);
        adversary.attempt(delete, target, &[boundary_of(role)], "");
        for policy in choice
            .iter()
            .filter(|it| Some(*it) != role.boundary.as_ref())
        {
            let other = [("iam:PermissionsBoundary", value(policy.as_str()))];
            let how = format!(" to `{policy}`");
            if adversary.attempt(put, target, &other, &how).may() {
                break;
            }
        }
    }
    adversary.faults()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::ManagedPolicy;
    use crate::subject::bench::{Bench, allow, arn, managed, role};

    fn boundary() -> ManagedPolicy {
        managed("boundary", "", &allow("s3:*", "*", ""))
    }

    /// A role of `ads` with a statement, beside one of `billing` that has a boundary.
    fn beside(statement: &str) -> Bench {
        let bounded = role("billing", "billing").bounded_by(&boundary());
        Bench::of([role("ads", "ads").may(statement), bounded]).policies([boundary()])
    }

    const BOTH: &str = "iam:DeleteRolePermissionsBoundary iam:PutRolePermissionsBoundary";

    #[test]
    fn taking_a_boundary_away_is_flagged_of_roles_that_have_one() {
        let bench = beside(&allow(BOTH, "*", ""));
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `arn:aws:iam::111122223333:role/ads` may \
             iam:DeleteRolePermissionsBoundary `arn:aws:iam::111122223333:role/billing` (proven); so \
             may iam:PutRolePermissionsBoundary"
        );
        bench.mended(&RULE);
        assert_eq!(beside(&allow(BOTH, &arn("ads"), "")).faults(&RULE), []);
    }

    #[test]
    fn putting_another_in_its_place_is_flagged() {
        let told = beside(&allow("iam:PutRolePermissionsBoundary", "*", "")).evidence(&RULE);
        assert!(
            told.ends_with("(proven) to `arn:aws:iam::aws:policy/AdministratorAccess`"),
            "{told}"
        );
    }

    #[test]
    fn putting_the_same_boundary_alone_passes() {
        let arn = boundary().arn;
        let held = format!("ArnEquals iam:PermissionsBoundary {arn}");
        let held = allow("iam:PutRolePermissionsBoundary", "*", &held);
        assert_eq!(beside(&held).faults(&RULE), []);
    }

    #[test]
    fn a_shared_team_may_manage_boundaries() {
        let bench = beside(&allow(BOTH, "*", ""));
        assert_eq!(bench.shared("ads").faults(&RULE), []);
    }
}
