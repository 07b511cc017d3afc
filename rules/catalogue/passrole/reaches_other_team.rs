use crate::finding::Fault;
use crate::iam::{Holder, Inventory, Tags};
use crate::settings::Context;
use crate::subject::evidence::witness;
use crate::subject::passrole::confined;
use crate::subject::rule::rule;

rule! {
    /// A role may pass another team's role to EMR Serverless
    ///
    /// Flags roles of a team whose policies let them pass a role of another team that EMR Serverless may assume, in
    /// the same account: no pass goes further. Tags of the passed role are taken as the policy means them. A
    /// `[[sharing]]` between the two teams, and teams that are `shared`, are no crossing. It is medium where no policy
    /// of the role allows it to start a job.
    ///
    /// ## Why it matters
    /// Whoever starts a job with the other team's execution role runs code with that team's rights, its data roles
    /// among them.
    ///
    /// ## How to fix
    /// Confine `Resource` to the team's own roles, by ARN or by a path that ends the team's name, and require
    /// `iam:PassedToService` to be `emr-serverless.amazonaws.com`.
    ///
    /// Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
    "passrole-reaches-other-team", Critical, Role { check }, tells: Crossing
}

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    if holder.team.is_none() || !holder.speaks_of("iam:PassRole") {
        return Vec::new();
    }
    let targets = inventory.roles.iter().filter(|it| it.is_execution);
    let crossings = targets.filter_map(|target| {
        let role = target.role;
        if !holder.may_reach("iam:PassRole", role.arn.as_str())
            || !cx
                .policy
                .crosses(holder.team, target.team, &role.arn, cx.now)
        {
            return None;
        }
        let (request, granted) = inventory.pass(holder, target, Tags::Honoured);
        let by = granted.by.filter(|_| granted.access.may())?;
        let told = witness(holder, &request, granted.access, Some(&by));
        let team = target.team.unwrap_or_default();
        Some((by, format!("{told}, which is of team `{team}`")))
    });
    confined(holder, inventory, crossings.collect())
}
