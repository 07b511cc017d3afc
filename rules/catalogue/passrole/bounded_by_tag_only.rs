use crate::finding::Fault;
use crate::iam::{Access, Tags};
use crate::settings::Context;
use crate::subject::passrole::confined;
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;

rule! {
    /// Only a tag keeps a role from passing another team's
    ///
    /// Flags roles of a team that would be allowed to pass a role of another team that EMR Serverless may assume if the
    /// passed role's tags did not count: a condition on `iam:ResourceTag` or `aws:ResourceTag` alone keeps them from it. It is medium where no
    /// policy of the role allows it to start a job.
    ///
    /// ## Why it matters
    /// AWS documents this condition as unreliable for `iam:PassRole`: "Do not try to control who can pass a role by
    /// tagging the role and then using the `ResourceTag` condition key in a policy with the `iam:PassRole` action.
    /// This approach does not have reliable results." It may hold, and it must not be counted on as a boundary.
    ///
    /// ## How to fix
    /// Put the team into `Resource`: the ARNs of its own roles, or a path (`role/emr/<team>/*`), together with
    /// `iam:PassedToService`. Keep the tag for what it is good for: `sts:AssumeRole`.
    ///
    /// Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
    "passrole-bounded-by-tag-only", High, Role { check },
    tells: Crossing,
    yields_to: [passrole::reaches_other_team],
}

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    if holder.team.is_none() || !holder.speaks_of("iam:PassRole") {
        return Vec::new();
    }
    let targets = inventory.roles.iter().filter(|it| it.is_execution);
    let crossings = targets.filter_map(|target| {
        let role = target.role;
        if !holder.may_reach("iam:PassRole", role.arn.as_str())
            || !cx.policy.crosses(holder.team, target.team, &role.arn, cx.now)
        {
            return None;
        }
        let (_, honoured) = inventory.pass(holder, target, Tags::Honoured);
        let (request, unknown) = inventory.pass(holder, target, Tags::Unknown);
        if honoured.access.may() || unknown.access != Access::Conditional {
            return None;
        }
        let (by, arn) = (unknown.by?, request.resource);
        let team = target.team.unwrap_or_default();
        Some((
            by,
            format!(
                "nothing but a tag keeps `{}` from iam:PassRole on `{arn}` of team `{team}`, and AWS \
                 documents that condition as unreliable here",
                holder.role.arn
            ),
        ))
    });
    confined(holder, inventory, crossings.collect())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::finding::Severity;
    use crate::subject::bench::{Bench, allow, arn, role};

    fn may(statements: &str) -> Bench {
        Bench::of([
            role("ads", "ads").may(statements),
            role("billing", "billing"),
        ])
    }

    /// A role that starts jobs, and passes roles.
    fn passing(resource: &str, conditions: &str) -> Bench {
        let pass = allow("iam:PassRole", resource, conditions);
        may(&[pass, allow("emr-serverless:StartJobRun", "*", "")].join(","))
    }

    #[test]
    fn a_tag_that_alone_keeps_from_another_teams_role_is_flagged() {
        let bench = passing("*", "StringEquals iam:ResourceTag/Team ads");
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: nothing but a tag keeps \
             `arn:aws:iam::111122223333:role/ads` from iam:PassRole on \
             `arn:aws:iam::111122223333:role/billing` of team `billing`, and AWS documents that \
             condition as unreliable here"
        );
        assert_eq!(bench.fault(&RULE).severity, None);
        bench.mended(&RULE);
    }

    #[test]
    fn of_a_role_that_starts_no_job_it_is_less_severe() {
        let guard = "StringEquals iam:ResourceTag/Team ads";
        let bench = may(&allow("iam:PassRole", "*", guard));
        let told = bench.evidence(&RULE);
        assert!(told.ends_with("; it may start no job today"), "{told}");
        assert_eq!(bench.fault(&RULE).severity, Some(Severity::Medium));
    }

    #[test]
    fn a_tag_beside_its_own_roles_passes() {
        let guard = "StringEquals iam:ResourceTag/Team ads";
        assert_eq!(passing(&arn("ads"), guard).faults(&RULE), []);
    }

    #[test]
    fn what_is_open_whatever_the_tag_is_the_matter_of_another_rule() {
        assert_eq!(passing("*", "").faults(&RULE), []);
        let theirs = "StringEquals iam:ResourceTag/Team billing";
        assert_eq!(passing("*", theirs).faults(&RULE), []);
    }

    #[test]
    fn an_agreed_role_passes() {
        let bench = passing("*", "StringEquals iam:ResourceTag/Team ads");
        assert_eq!(bench.agreed("ads", "billing").faults(&RULE), []);
    }
}
