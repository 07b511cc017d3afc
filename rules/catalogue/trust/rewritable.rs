use crate::finding::Fault;
use crate::iam::{Holder, Inventory};
use crate::settings::Context;
use crate::subject::adversary::{Adversary, Target};
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

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let action = "iam:UpdateAssumeRolePolicy";
    let Some(mut adversary) = Adversary::new(holder, inventory, cx, &[action]) else {
        return Vec::new();
    };
    for role in adversary.roles() {
        adversary.attempt(action, Target::role(role), &[], "");
    }
    adversary.faults()
}
