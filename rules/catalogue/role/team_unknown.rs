use crate::finding::Fault;
use crate::remedy::tag_role;
use crate::settings::Context;
use crate::subject::evidence;
use crate::subject::role::RoleSubject;
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

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let holder = subject.holder;
    let Some(evidence) = holder.team.and_then(|team| unknown_team(team, cx)) else {
        return Vec::new();
    };
    let near = holder.team.and_then(|team| cx.policy.near_team(team));
    let fix = tag_role(&holder.role.arn, &cx.policy.team_tag, near);
    vec![evidence::of_role(holder, evidence).mended_by(fix)]
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, role};

    fn tagged(team: &str) -> Bench {
        Bench::of([role("judged", team)])
    }

    #[test]
    fn a_near_miss_is_flagged_with_the_team_that_is_meant() {
        let bench = tagged("ADS");
        assert_eq!(
            bench.evidence(&RULE),
            "team `ADS` is not registered; did you mean `ads`?"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn another_name_is_flagged_without_a_guess() {
        let bench = tagged("nobody");
        assert_eq!(bench.evidence(&RULE), "team `nobody` is not registered");
        let fix = bench.fault(&RULE).remedy.written().aws_cli;
        assert!(fix.contains("${TEAM:?"), "{fix}");
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
