use std::collections::BTreeSet;

use crate::estate::Arn;
use crate::finding::Fault;
use crate::iam::{Holder, Inventory};
use crate::settings::Context;
use crate::subject::adversary::{
    Adversary, Target, boundary_of, everything, policies_of_choice, value,
};
use crate::subject::confinement::is_confined;
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

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
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
