use crate::finding::Fault;
use crate::iam::{Holder, Inventory};
use crate::remedy::tag_role;
use crate::settings::Context;
use crate::subject::evidence;
use crate::subject::role::unknown_team;
use crate::subject::rule::rule;

rule! {
    /// The role names a team that doesn't exist
    ///
    /// Flags roles whose team tag holds a value that no `[[team]]` of the configuration and none of
    /// `[teams] shared` has, to the letter: IAM compares tag values with regard to case. Where the
    /// configuration lists no team, no register is kept and nothing is flagged.
    ///
    /// ## Why it matters
    /// Policies that compare team tags treat it as a team of its own: it reaches nothing of the team that was
    /// meant, or all that carries the same slip.
    ///
    /// ## How to fix
    /// Correct the tag, or register the team.
    ///
    /// Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
    "role-team-unknown", Medium, Role { check }
}

fn check(holder: &Holder<'_>, _: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let Some(evidence) = holder.team.and_then(|team| unknown_team(team, cx)) else {
        return Vec::new();
    };
    let near = holder.team.and_then(|team| cx.policy.near_team(team));
    let meant = near.unwrap_or("<team>");
    let fix = tag_role(&holder.role.arn, &cx.policy.team_tag, meant);
    vec![evidence::of_role(holder, evidence).mended_by(fix)]
}
