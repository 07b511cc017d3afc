use crate::finding::Fault;
use crate::finding::Remediation;
use crate::settings::Context;
use crate::subject::role::RoleSubject;
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

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
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
    let set = tagged.tag(key, Some(value));
    let aws_cli = match tagged {
        _ if is_there => untag,
        Tagged::Role(_) => format!("{untag}\n{}", set.aws_cli),
        Tagged::Policy(..) => format!("{}\n{untag}", set.aws_cli),
    };
    let fix = Remediation { aws_cli, ..set };
    Some(tagged.fault(evidence, cx).mended_by(fix))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::{ManagedPolicy, Role};
    use crate::subject::bench::{Bench, allow, managed, role};

    fn lower(role: Role, team: &str) -> Role {
        let mut role = role;
        role.tags.insert("team".into(), team.into());
        role
    }

    fn policy() -> ManagedPolicy {
        let mut policy = managed("p", "", &allow("s3:GetObject", "*", ""));
        let tags = policy.tags.as_mut().unwrap();
        tags.insert("TEAM".into(), "ads".into());
        policy
    }

    #[test]
    fn a_key_in_another_case_is_flagged_and_written_as_it_is_meant() {
        let bench = Bench::of([lower(role("judged", ""), "ads")]);
        assert_eq!(
            bench.evidence(&RULE),
            "its team stands under `team`, not `Team`"
        );
        // A role can't hold both at once.
        let fix = bench.fault(&RULE).remedy.written().aws_cli;
        assert!(fix.find("untag-role") < fix.find(" tag-role"), "{fix}");
        bench.mended(&RULE);
    }

    #[test]
    fn the_same_team_beside_the_right_key_is_flagged() {
        let bench = Bench::of([lower(role("judged", "ads"), "ads")]);
        assert_eq!(bench.evidence(&RULE), "carries `team` beside `Team`");
        let fix = bench.fault(&RULE).remedy.written().aws_cli;
        assert!(!fix.contains(" tag-role"), "{fix}");
        bench.mended(&RULE);
    }

    #[test]
    fn a_policy_is_never_without_its_team() {
        let holder = role("judged", "ads").holding(&policy());
        let bench = Bench::of([holder]).policies([policy()]);
        let fix = bench.fault(&RULE).remedy.written().aws_cli;
        assert!(fix.find(" tag-policy") < fix.find("untag-policy"), "{fix}");
        bench.mended(&RULE);
    }

    #[test]
    fn the_key_as_it_is_set_and_two_teams_pass() {
        assert_eq!(Bench::of([role("judged", "ads")]).faults(&RULE), []);
        let conflicting = lower(role("judged", "ads"), "billing");
        assert_eq!(Bench::of([conflicting]).faults(&RULE), []);
        let bench = Bench::of([lower(role("judged", ""), "ads")]);
        let bench = bench.under(|policy| policy.team_tag = "team".into());
        assert_eq!(bench.faults(&RULE), []);
    }
}
