use crate::finding::Fault;
use crate::iam::{Holder, Inventory};
use crate::settings::Context;
use crate::subject::adversary::{Adversary, Target, boundary_of, policies_of_choice, value};
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

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
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
