use crate::finding::Fault;
use crate::iam::{Holder, Inventory};
use crate::settings::Context;
use crate::subject::passrole::{allowing, fault, is_on_tag_of_role};
use crate::subject::rule::rule;

rule! {
    /// A guard of `iam:PassRole` compares a tag, which AWS documents as unreliable
    ///
    /// Flags statements that allow a team's role `iam:PassRole` under a condition on the passed role's tag,
    /// where nothing else is found to be open: the resource, or the roles that exist, keep the team within
    /// its bounds today.
    ///
    /// ## Why it matters
    /// The condition adds nothing that can be counted on. Should the resource be widened later, it would
    /// look like a boundary and be none.
    ///
    /// ## How to fix
    /// Leave the condition out, and keep `Resource` and `iam:PassedToService`.
    ///
    /// Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
    "passrole-tag-unreliable", Low, Role { check },
    yields_to: [passrole::reaches_other_team, passrole::bounded_by_tag_only],
}

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let faults = allowing(holder, cx.policy).filter_map(|by| {
        let mut conditions = by.statement.conditions.iter();
        let condition = conditions.find(|it| is_on_tag_of_role(it, cx.policy))?;
        let evidence = format!("`{condition}` is no boundary on iam:PassRole, by AWS's own word");
        Some(fault(holder, inventory, &by, &evidence))
    });
    faults.collect()
}
