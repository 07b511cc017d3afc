use crate::estate::ManagedPolicy;
use crate::finding::Fault;
use crate::iam::Inventory;
use crate::remedy::tag_policy;
use crate::settings::Context;
use crate::subject::role::unknown_team;
use crate::subject::rule::rule;

rule! {
    /// The policy names a team that doesn't exist
    ///
    /// Flags customer managed policies of roles in scope whose team tag holds a value that no `[[team]]` of the
    /// configuration and none of `[teams] shared` has, to the letter. Where the configuration lists no team, no
    /// register is kept and nothing is flagged.
    ///
    /// ## Why it matters
    /// Whoever may change policies by their team's tag may not change this one, and whoever carries the same
    /// slip may.
    ///
    /// ## How to fix
    /// Correct the tag, or register the team.
    ///
    /// Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
    "policy-team-unknown", Medium, ManagedPolicy { check }
}

fn check(policy: &ManagedPolicy, _: &Inventory<'_>, cx: &Context<'_>) -> Option<Fault> {
    let team = cx.policy.team(policy.tags.as_ref()?)?;
    let evidence = unknown_team(team, cx)?;
    let near = cx.policy.near_team(team).unwrap_or("<team>");
    let fix = tag_policy(policy, &cx.policy.team_tag, near);
    Some(Fault::of(&policy.arn, Some(team), evidence).mended_by(fix))
}
