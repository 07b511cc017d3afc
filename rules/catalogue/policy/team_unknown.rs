use crate::finding::Fault;
use crate::remedy::tag_policy;
use crate::settings::Context;
use crate::subject::role::ManagedPolicySubject;
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

fn check(subject: &ManagedPolicySubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(subject, cx).into_iter().collect()
}

fn fault(subject: &ManagedPolicySubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    let policy = subject.policy;
    let team = cx.policy.team(policy.tags.as_ref()?)?;
    let evidence = unknown_team(team, cx)?;
    let near = cx.policy.near_team(team);
    let fix = tag_policy(policy, &cx.policy.team_tag, near);
    Some(Fault::of(&policy.arn, Some(team), evidence).mended_by(fix))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, allow, managed};

    fn tagged(team: &str) -> Bench {
        Bench::of([]).policies([managed("p", team, &allow("s3:GetObject", "*", ""))])
    }

    #[test]
    fn a_near_miss_is_flagged_with_the_team_that_is_meant() {
        let bench = tagged("Ads");
        assert_eq!(
            bench.evidence(&RULE),
            "team `Ads` is not registered; did you mean `ads`?"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn another_name_is_flagged_without_a_guess() {
        let fault = tagged("nobody").fault(&RULE);
        assert!(fault.remedy.written().aws_cli.contains("${TEAM:?"));
    }

    #[test]
    fn a_registered_a_shared_and_a_missing_team_pass() {
        assert_eq!(tagged("ads").faults(&RULE), []);
        assert_eq!(tagged("platform").shared("platform").faults(&RULE), []);
        assert_eq!(tagged("").faults(&RULE), []);
    }

    #[test]
    fn without_a_register_nothing_is_flagged() {
        let bench = tagged("nobody").under(|policy| policy.teams.clear());
        assert_eq!(bench.faults(&RULE), []);
    }
}
