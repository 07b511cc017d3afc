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

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, admit, allow, arn, role, role_in};

    fn assuming(resource: &str, conditions: &str) -> Bench {
        let caller = role("ads", "ads").may(&allow("sts:AssumeRole", resource, conditions));
        Bench::of([caller, role_in("222233334444", "billing", "billing")])
    }

    const BILLING: &str = "arn:aws:iam::222233334444:role/billing";

    #[test]
    fn what_only_the_trust_policy_there_refuses_is_flagged() {
        let bench = assuming(BILLING, "");
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `arn:aws:iam::111122223333:role/ads` may assume \
             `arn:aws:iam::222233334444:role/billing` of team `billing` as far as its own policies \
             go; the trust policy there refuses"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn a_pattern_that_covers_the_role_counts_and_one_for_all_accounts_does_not() {
        assert!(
            assuming("arn:aws:iam::222233334444:role/b*", "")
                .evidence(&RULE)
                .contains(BILLING)
        );
        assert_eq!(assuming("*", "").faults(&RULE), []);
    }

    #[test]
    fn its_own_guard_or_an_agreement_is_enough() {
        let guard = "StringEquals iam:ResourceTag/Team ${aws:PrincipalTag/Team}";
        assert_eq!(assuming(BILLING, guard).faults(&RULE), []);
        let agreed = assuming(BILLING, "").agreed("ads", "billing");
        assert_eq!(agreed.faults(&RULE), []);
    }

    #[test]
    fn where_the_trust_policy_admits_it_too_another_rule_speaks() {
        let caller = role("ads", "ads").may(&allow("sts:AssumeRole", BILLING, ""));
        let trust = admit(&format!("AWS {}", arn("ads")), "");
        let target = role_in("222233334444", "billing", "billing").trusting(&trust);
        assert_eq!(Bench::of([caller, target]).faults(&RULE), []);
    }
}
