use crate::finding::Fault;
use crate::iam::{Access, Holder, Inventory, Tags};
use crate::settings::Context;
use crate::subject::passrole::confined;
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

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
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
