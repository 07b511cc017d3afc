use std::collections::BTreeSet;

use crate::estate::ManagedPolicy;
use crate::finding::Fault;
use crate::iam::Inventory;
use crate::remedy::tag_policy;
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// The policy of a team's role carries no team tag
    ///
    /// Flags customer managed policies that are attached to a role with a team, and carry no team tag
    /// themselves, or an empty one. AWS's own policies can't be tagged. Where the tags of a policy could not
    /// be read, nothing is flagged: the gap says so.
    ///
    /// ## Why it matters
    /// Nothing tells whose policy it is, and a guard on the team tag of policies doesn't keep others from
    /// rewriting it.
    ///
    /// ## How to fix
    /// Tag the policy with its team, or with one of `[teams] shared` where several teams hold it.
    ///
    /// Source: IAM User Guide, "Tags for AWS Identity and Access Management resources".
    "policy-team-missing", Medium, ManagedPolicy { check }
}

fn check(policy: &ManagedPolicy, inventory: &Inventory<'_>, cx: &Context<'_>) -> Option<Fault> {
    let tags = policy.tags.as_ref()?;
    let key = &cx.policy.team_tag;
    let fact = match cx.policy.team(tags) {
        None => format!("has no tag `{key}`"),
        Some(team) if team.trim().is_empty() => format!("its tag `{key}` is empty"),
        Some(_) => return None,
    };
    let roles = inventory.roles.iter();
    let mut holders = roles.filter_map(|it| {
        let attached = it.role.attached_policies.contains(&policy.arn);
        attached.then_some((it.role, it.team?))
    });
    let (role, team) = holders.next()?;
    let mut teams: BTreeSet<&str> = holders.map(|(_, team)| team).collect();
    teams.insert(team);
    let meant = if teams.len() == 1 { team } else { "<team>" };
    let evidence = format!("{fact}; role `{}` of team `{team}` holds it", role.name);
    let fix = tag_policy(policy, key, meant);
    let owner = (teams.len() == 1).then_some(team);
    Some(Fault::of(&policy.arn, owner, evidence).mended_by(fix))
}
