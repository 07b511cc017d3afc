use std::collections::BTreeSet;

use crate::estate::Arn;
use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::adversary::{
    Adversary, Target, boundary_of, everything, policies_of_choice, value,
};
use crate::subject::confinement::is_confined;
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;

rule! {
    /// A role may rewrite what roles of teams are allowed
    ///
    /// Flags statements by which a role of a team may change the policies of any team's role, its own
    /// included: write, delete, attach (`AdministratorAccess`) or detach policies of the role, or make, choose
    /// and delete versions of a customer managed policy that is attached to such a role or bounds it. Roles of
    /// `[teams] shared` are trusted to do so. Where the role that is changed keeps a permissions boundary that
    /// confines it to its own team whatever its policies say, as AWS recommends to delegate, its policies may be
    /// changed; who may change the boundary is asked apart.
    ///
    /// ## Why it matters
    /// Whoever writes a role's policies decides whom it may pass and assume: all other guards are his to
    /// remove.
    ///
    /// ## How to fix
    /// Leave policies to a role of the platform. Where a team must attach policies, name them by
    /// `iam:PolicyARN`, and the boundary that the roles must have by `iam:PermissionsBoundary`.
    ///
    /// Source: IAM User Guide, "Permissions boundaries for IAM entities".
    "role-policy-rewritable", Critical, Role { check }, tells: Effect
}

const OF_POLICIES: [&str; 3] = [
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:DeletePolicyVersion",
];

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    let (put, attach, detach, delete) = (
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
        "iam:DetachRolePolicy",
        "iam:DeleteRolePolicy",
    );
    let of_roles = [put, attach, detach, delete];
    let actions = [&of_roles[..], &OF_POLICIES[..]].concat();
    let Some(mut adversary) = Adversary::new(holder, inventory, cx, &actions) else {
        return Vec::new();
    };
    let everything = everything(inventory);
    let choice = policies_of_choice(inventory);
    let mut held: BTreeSet<&Arn> = BTreeSet::new();
    for role in adversary.roles() {
        held.extend(role.attached_policies.iter().chain(&role.boundary));
        // Whatever its policies come to say, its boundary keeps it within its team.
        if is_confined(inventory, role, cx) {
            continue;
        }
        let target = Target::role(role);
        let bound = boundary_of(role);
        let named = |arn: &Arn| [bound.clone(), ("iam:PolicyARN", value(arn.as_str()))];
        adversary.attempt(put, target, std::slice::from_ref(&bound), "");
        for policy in &choice {
            let how = format!(" with `{policy}`");
            if adversary
                .attempt(attach, target, &named(policy), &how)
                .may()
            {
                break;
            }
        }
        // Where nothing is attached today, the right to detach is there all the same.
        let none = role.attached_policies.is_empty().then_some(&everything);
        for arn in role.attached_policies.iter().chain(none) {
            let how = format!(" from `{arn}`");
            adversary.attempt(detach, target, &named(arn), &how);
        }
        adversary.attempt(delete, target, std::slice::from_ref(&bound), "");
    }
    let own = inventory.policies.iter();
    for policy in own.filter(|it| it.arn.account() != "aws" && held.contains(&it.arn)) {
        let target = Target {
            arn: policy.arn.as_str(),
            tags: policy.tags.as_ref(),
        };
        for action in OF_POLICIES {
            adversary.attempt(action, target, &[], "");
        }
    }
    adversary.faults()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::ManagedPolicy;
    use crate::subject::bench::{Bench, allow, arn, deny, managed, role};

    fn held() -> ManagedPolicy {
        managed("held", "billing", &allow("s3:GetObject", "*", ""))
    }

    /// A role of `ads` with statements, beside one of `billing` that holds a policy.
    fn beside(statements: &str) -> Bench {
        let loose = managed("loose", "billing", &allow("s3:GetObject", "*", ""));
        let other = role("billing", "billing").holding(&held());
        Bench::of([role("ads", "ads").may(statements), other]).policies([held(), loose])
    }

    #[test]
    fn one_statement_is_one_fault_that_counts_the_roles_of_teams() {
        let bench = beside(&allow("iam:PutRolePolicy iam:DeleteRolePolicy", "*", ""));
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `arn:aws:iam::111122223333:role/ads` may \
             iam:PutRolePolicy `arn:aws:iam::111122223333:role/ads` (proven); so may \
             iam:DeleteRolePolicy; and so 1 other"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn attaching_is_flagged_with_the_strongest_policy_that_may_be_chosen() {
        let attaching =
            |conditions| beside(&allow("iam:AttachRolePolicy", &arn("billing"), conditions));
        let told = attaching("").evidence(&RULE);
        assert!(
            told.ends_with("(proven) with `arn:aws:iam::aws:policy/AdministratorAccess`"),
            "{told}"
        );
        let of_aws = "ArnLike iam:PolicyARN arn:aws:iam::aws:policy/Power*";
        let told = attaching(of_aws).evidence(&RULE);
        assert!(told.ends_with("aws:policy/PowerUserAccess`"), "{told}");
        let one = "ArnEquals iam:PolicyARN arn:aws:iam::111122223333:policy/held";
        assert_eq!(attaching(one).faults(&RULE), []);
    }

    #[test]
    fn versions_of_a_policy_count_where_a_teams_role_holds_it() {
        let version = |policy: &str| {
            let policy = format!("arn:aws:iam::111122223333:policy/{policy}");
            beside(&allow("iam:CreatePolicyVersion", &policy, ""))
        };
        let told = version("held").evidence(&RULE);
        assert!(told.contains("iam:CreatePolicyVersion `arn:aws:iam::111122223333:policy/held`"));
        assert_eq!(version("loose").faults(&RULE), []);
    }

    #[test]
    fn a_boundary_that_must_be_there_spares_roles_without_it() {
        let must = "StringEquals iam:PermissionsBoundary arn:aws:iam::111122223333:policy/held";
        let writing = allow("iam:PutRolePolicy", "*", must);
        assert_eq!(beside(&writing).faults(&RULE), []);
        let writer = role("ads", "ads").may(&writing);
        let under = |boundary: ManagedPolicy| {
            let bounded = role("billing", "billing").bounded_by(&boundary);
            Bench::of([writer.clone(), bounded]).policies([boundary])
        };
        let wide = managed("held", "billing", &allow("*", "*", ""));
        let told = under(wide).evidence(&RULE);
        assert!(told.contains("iam:PutRolePolicy `arn:aws:iam::111122223333:role/billing`"));
        // One that leaves the role nothing of other teams confines it, whatever its policies come to say.
        assert_eq!(under(held()).faults(&RULE), []);
    }

    #[test]
    fn a_denial_and_a_shared_team_pass() {
        let writing = allow("iam:PutRolePolicy", "*", "");
        let denied = [writing.clone(), deny("iam:Put*", "*", "")].join(",");
        assert_eq!(beside(&denied).faults(&RULE), []);
        assert_eq!(beside(&writing).shared("ads").faults(&RULE), []);
    }
}
