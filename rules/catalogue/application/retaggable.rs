use crate::finding::Fault;
use crate::iam::{Holder, Inventory};
use crate::settings::Context;
use crate::subject::adversary::{Adversary, Target};
use crate::subject::rule::rule;

rule! {
    /// A role may change the team of applications
    ///
    /// Flags statements by which a role of a team may give any team's application of the account, its own
    /// team's among them, another team with `emr-serverless:TagResource`, or take its team away with
    /// `emr-serverless:UntagResource`. Roles of `[teams] shared` are trusted to do so.
    ///
    /// ## Why it matters
    /// Who may submit to an application, and where its findings go, hangs on its team tag.
    ///
    /// ## How to fix
    /// Leave tagging to a role of the platform. A role that creates applications needs
    /// `emr-serverless:TagResource` to tag them: pin `aws:RequestTag/Team` and `aws:ResourceTag/Team` to its
    /// own team.
    ///
    /// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EMR
    /// Serverless".
    "application-retaggable", High, Role { check }, tells: Effect
}

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (tag, untag) = ("emr-serverless:TagResource", "emr-serverless:UntagResource");
    let Some(mut adversary) = Adversary::new(holder, inventory, cx, &[tag, untag]) else {
        return Vec::new();
    };
    for application in inventory.applications {
        if cx
            .policy
            .team(&application.tags)
            .is_some_and(|it| !it.is_empty())
        {
            let target = Target {
                arn: application.arn.as_str(),
                tags: Some(&application.tags),
            };
            adversary.retag(tag, untag, target);
        }
    }
    adversary.faults()
}
