use crate::finding::Fault;
use crate::iam::{Holder, Inventory};
use crate::settings::Context;
use crate::subject::adversary::{Adversary, Target};
use crate::subject::rule::rule;

rule! {
    /// A role may change the team of policies
    ///
    /// Flags statements by which a role of a team may give any team's customer managed policy of the account
    /// another team with `iam:TagPolicy`, or take its team away with `iam:UntagPolicy`. Roles of
    /// `[teams] shared` are trusted to do so.
    ///
    /// ## Why it matters
    /// It hides a policy that belongs to another team, and opens policies that are guarded by their tags.
    ///
    /// ## How to fix
    /// Leave tagging to a role of the platform, or pin `aws:ResourceTag/Team` and `aws:RequestTag/Team` to the
    /// role's own team. `iam:ResourceTag` doesn't work for policies.
    ///
    /// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and
    /// Access Management".
    "policy-retaggable", Low, Role { check }, tells: Effect
}

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (tag, untag) = ("iam:TagPolicy", "iam:UntagPolicy");
    let Some(mut adversary) = Adversary::new(holder, inventory, cx, &[tag, untag]) else {
        return Vec::new();
    };
    for policy in inventory.policies {
        let team = policy.tags.as_ref().and_then(|it| cx.policy.team(it));
        if team.is_some_and(|it| !it.is_empty()) {
            let target = Target {
                arn: policy.arn.as_str(),
                tags: policy.tags.as_ref(),
            };
            adversary.retag(tag, untag, target);
        }
    }
    adversary.faults()
}
