use crate::finding::Fault;
use crate::finding::Remediation;
use crate::iam::{Holder, Inventory};
use crate::settings::Context;
use crate::subject::role::Tagged;
use crate::subject::rule::rule;

rule! {
    /// The team tag's key is written in another case
    ///
    /// Flags roles and customer managed policies whose team tag has a key that differs from `[teams] tag` in
    /// case, such as `team`. Two keys with different values are `team-tag-conflicting`'s.
    ///
    /// ## Why it matters
    /// IAM finds `aws:ResourceTag/Team` in any case, yet compares the values of `aws:TagKeys`, and the tags of
    /// policies, with regard to case: a guard that keeps everybody from the tag `Team` doesn't keep them from
    /// `team`. Much else that reads tags, such as cost allocation, sees two tags.
    ///
    /// ## How to fix
    /// Write the key as `[teams] tag` has it. A role can't hold both at once, a policy can.
    ///
    /// Source: IAM User Guide, "Tags for AWS Identity and Access Management resources".
    "team-tag-miscased", Medium, Role { check }
}

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let all = Tagged::of(holder, inventory);
    all.filter_map(|it| fault(it, cx)).collect()
}

fn fault(tagged: Tagged<'_>, cx: &Context<'_>) -> Option<Fault> {
    let key = cx.policy.team_tag.as_str();
    let tags = tagged.team_tags(cx.policy);
    let (_, value) = tags.first()?;
    if tags.iter().any(|(_, other)| other != value) {
        return None;
    }
    let wrong: Vec<&str> = tags
        .iter()
        .map(|(it, _)| *it)
        .filter(|it| *it != key)
        .collect();
    let (first, _) = wrong.split_first()?;
    let is_there = wrong.len() < tags.len();
    let evidence = if is_there {
        format!("carries `{first}` beside `{key}`")
    } else {
        format!("its team stands under `{first}`, not `{key}`")
    };
    let untag: Vec<_> = wrong.iter().map(|it| tagged.untag(it)).collect();
    let untag = untag.join("\n");
    let set = tagged.tag(key, value);
    let aws_cli = match tagged {
        _ if is_there => untag,
        Tagged::Role(_) => format!("{untag}\n{}", set.aws_cli),
        Tagged::Policy(..) => format!("{}\n{untag}", set.aws_cli),
    };
    let fix = Remediation { aws_cli, ..set };
    Some(tagged.fault(evidence, cx).mended_by(fix))
}
