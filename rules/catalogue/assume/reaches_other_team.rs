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
    /// `[[sharing]]` between the two teams, and teams that are `shared`, are not a crossing.
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
            let fault = kept.fault(caller, &evidence);
            faults.push(Fault {
                read_from: estate.way_from(&[from, step.to], [step]),
                remedy: kept.replaced_by(caller, &guarded).into(),
                ..fault.unless_forbidden(caller.unread_limit.as_deref())
            });
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, admit, allow, arn, deny, managed, role, role_in};

    const BILLING: &str = "arn:aws:iam::222233334444:role/billing";

    /// A role of `ads` with these statements, and one of `billing` that trusts it under conditions.
    fn between(statements: &str, conditions: &str) -> Bench {
        let trust = admit(&format!("AWS {}", arn("ads")), conditions);
        let target = role_in("222233334444", "billing", "billing").trusting(&trust);
        Bench::of([role("ads", "ads").may(statements), target])
    }

    #[test]
    fn what_both_sides_allow_is_flagged_with_both_statements() {
        let bench = between(&allow("sts:AssumeRole", BILLING, ""), "");
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `arn:aws:iam::111122223333:role/ads` may assume \
             `arn:aws:iam::222233334444:role/billing` (inline policy `p` of `ads`, statement 1; trust \
             policy of `billing`, statement 1) of team `billing` (proven)"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn what_hangs_on_an_unknown_key_is_conditional() {
        let conditions = "Bool aws:MultiFactorAuthPresent true";
        let told = between(&allow("sts:AssumeRole", "*", ""), conditions).evidence(&RULE);
        assert!(told.ends_with("of team `billing` (conditional)"), "{told}");
    }

    #[test]
    fn a_denial_a_boundary_and_a_guard_of_the_trust_policy_keep_it_out() {
        let allowed = allow("sts:AssumeRole", "*", "");
        let denied = deny("sts:AssumeRole", BILLING, "");
        let denied = [allowed.as_str(), &denied].join(",");
        assert_eq!(between(&denied, "").faults(&RULE), []);
        let guard = "StringEquals aws:PrincipalTag/Team billing";
        assert_eq!(between(&allowed, guard).faults(&RULE), []);
        let boundary = managed("boundary", "", &allow("s3:*", "*", ""));
        let caller = role("ads", "ads").may(&allowed).bounded_by(&boundary);
        let trust = admit(&format!("AWS {}", arn("ads")), "");
        let target = role_in("222233334444", "billing", "billing").trusting(&trust);
        let bench = Bench::of([caller, target]).policies([boundary]);
        assert_eq!(bench.faults(&RULE), []);
    }

    #[test]
    fn a_boundary_that_was_not_read_may_forbid_it() {
        let boundary = managed("gone", "", &allow("s3:*", "*", ""));
        let caller = role("ads", "ads").may(&allow("sts:AssumeRole", BILLING, ""));
        let trust = admit(&format!("AWS {}", arn("ads")), "");
        let target = role_in("222233334444", "billing", "billing").trusting(&trust);
        let reason = Bench::of([caller.bounded_by(&boundary), target]).unknown(&RULE);
        let end = "team `billing` (conditional), unless the role's boundary \
                   `arn:aws:iam::111122223333:policy/gone`, which was not read, forbids it";
        assert!(reason.ends_with(end), "{reason}");
    }

    #[test]
    fn an_agreement_lets_one_way_only() {
        let bench = || between(&allow("sts:AssumeRole", BILLING, ""), "");
        assert_eq!(bench().agreed("ads", "billing").faults(&RULE), []);
        assert_eq!(bench().agreed("billing", "ads").faults(&RULE).len(), 1);
        assert_eq!(bench().shared("billing").faults(&RULE), []);
    }
}
