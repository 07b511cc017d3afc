use crate::finding::Fault;
use crate::graph::{Estate, Kind};
use crate::remedy::iam::guard_action;
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// A role may assume another team's role
    ///
    /// Flags roles of a team that can assume a role of another team, in whatever account: their own policies
    /// allow it, and the other's trust policy admits them. Denials and permissions boundaries count. A
    /// `[[sharing]]` between the two teams, and teams that are `shared`, are no crossing.
    ///
    /// Service control policies are not read; one may still stand in the way.
    ///
    /// ## Why it matters
    /// The boundary is open: the team's jobs read and write what belongs to the other.
    ///
    /// ## How to fix
    /// Let the caller's policy name the team's own roles, or compare the role's tag with the team's:
    /// `"StringEquals": {"iam:ResourceTag/Team": "${aws:PrincipalTag/Team}"}`. Close the other's trust policy,
    /// too. If it is meant to be, agree to it in `[[sharing]]`.
    ///
    /// Source: IAM User Guide, "Cross-account policy evaluation logic".
    "assume-reaches-other-team", Critical, Estate { check }, tells: Effect
}

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (from, steps) in estate.steps.iter().enumerate() {
        let Some(caller) = estate.node(from) else {
            continue;
        };
        let assume = caller.assume();
        for step in steps.iter().filter(|it| it.kind == Kind::Assume) {
            let target = estate.node(step.to);
            let Some(target) = target.filter(|it| estate.crosses(caller, it, cx)) else {
                continue;
            };
            let Some(kept) = step.allowed_by.and_then(|at| assume.get(at)) else {
                continue;
            };
            let team = target.team.as_deref().unwrap_or_default();
            let sure = if step.is_sure {
                "proven"
            } else {
                "conditional"
            };
            let told = estate.told(from, step);
            let evidence = format!(
                "`{}` may assume {told} of team `{team}` ({sure})",
                caller.arn
            );
            let tag = format!("iam:ResourceTag/{}", cx.policy.team_tag);
            let own = format!("${{aws:PrincipalTag/{}}}", cx.policy.team_tag);
            let guarded = kept.changed(|list, at| {
                guard_action(list, at, &kept.statement, "sts:AssumeRole", (&tag, &own));
            });
            faults.push(Fault {
                read_from: estate.way_from(&[from, step.to], [step]),
                remedy: kept.replaced_by(caller, &guarded).into(),
                ..kept.fault(caller, &evidence)
            });
        }
    }
    faults
}
