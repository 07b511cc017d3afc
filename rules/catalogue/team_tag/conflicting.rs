use crate::finding::Fault;
use crate::finding::Remediation;
use crate::iam::{Holder, Inventory};
use crate::settings::Context;
use crate::subject::role::Tagged;
use crate::subject::rule::rule;

rule! {
    /// Two team tags name different teams
    ///
    /// Flags customer managed policies, and roles as they were read, that carry the team tag twice, in two
    /// cases of its key, with different values.
    ///
    /// ## Why it matters
    /// A condition on `aws:ResourceTag/Team` meets one of the two, and which one isn't documented: "unexpected
    /// condition failures" is what AWS says of it. Whoever may add a tag in another case may thereby change the
    /// team.
    ///
    /// ## How to fix
    /// Take away the tag that is wrong, and keep the key of `[teams] tag`.
    ///
    /// Source: IAM User Guide, "Tags for AWS Identity and Access Management resources".
    "team-tag-conflicting", High, Role { check }
}

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let all = Tagged::of(holder, inventory);
    all.filter_map(|it| fault(it, cx)).collect()
}

fn fault(tagged: Tagged<'_>, cx: &Context<'_>) -> Option<Fault> {
    let tags = tagged.team_tags(cx.policy);
    let (_, value) = tags.first()?;
    if tags.iter().all(|(_, other)| other == value) {
        return None;
    }
    let said = tags
        .iter()
        .map(|(key, value)| format!("`{key}` = `{value}`"));
    let evidence = format!("carries {}", said.collect::<Vec<_>>().join(" and "));
    let key = cx.policy.team_tag.as_str();
    let others = tags.iter().filter(|(it, _)| *it != key);
    let untag = others.map(|(it, _)| tagged.untag(it));
    let aws_cli = format!(
        "# set `{key}` to the right team first\n{}",
        untag.collect::<Vec<_>>().join("\n")
    );
    let fix = Remediation {
        aws_cli,
        terraform: tagged.tag(key, "<team>").terraform,
    };
    Some(tagged.fault(evidence, cx).mended_by(fix))
}
