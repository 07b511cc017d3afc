use crate::finding::Fault;
use crate::graph::Estate;
use crate::remedy::iam::guard_action;
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// Only another team's trust policy keeps a role from assuming theirs
    ///
    /// Flags roles of a team whose own policies allow them to assume a role of another team, which that role's
    /// trust policy refuses today.
    ///
    /// ## Why it matters
    /// It is one edit of a trust policy from being open, and nobody there would know.
    ///
    /// ## How to fix
    /// Let the policy name the team's own roles, or compare the role's tag with the team's.
    ///
    /// Source: IAM User Guide, "Cross-account policy evaluation logic".
    "assume-latent-other-team", Medium, Estate { check }, yields_to: [assume::reaches_other_team]
}

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let faults = estate.refused.iter().filter_map(|refusal| {
        let (caller, target) = (estate.node(refusal.from)?, estate.node(refusal.to)?);
        let assume = caller.assume();
        let kept = assume.get(refusal.allowed_by?)?;
        let team = target.team.as_deref().unwrap_or_default();
        let evidence = format!(
            "`{}` may assume `{}` of team `{team}` as far as its own policies go; the trust policy there \
             refuses",
            caller.arn, target.arn
        );
        let tag = format!("iam:ResourceTag/{}", cx.policy.team_tag);
        let own = format!("${{aws:PrincipalTag/{}}}", cx.policy.team_tag);
        let guarded = kept.changed(|list, at| {
            guard_action(list, at, &kept.statement, "sts:AssumeRole", (&tag, &own));
        });
        Some(Fault {
            read_from: estate.roles_of(&[refusal.from, refusal.to]),
            remedy: kept.replaced_by(caller, &guarded).into(),
            ..kept.fault(caller, &evidence)
        })
    });
    faults.collect()
}
