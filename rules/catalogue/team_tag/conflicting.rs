use crate::finding::Fault;
use crate::finding::Remediation;
use crate::settings::Context;
use crate::subject::role::RoleSubject;
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

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
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
        terraform: tagged.tag(key, None).terraform,
    };
    Some(tagged.fault(evidence, cx).mended_by(fix))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::{ManagedPolicy, Role};
    use crate::subject::bench::{Bench, allow, managed, role};

    fn tagged(lower: &str) -> Role {
        let mut role = role("judged", "ads");
        role.tags.insert("team".into(), lower.into());
        role
    }

    fn policy(lower: &str) -> ManagedPolicy {
        let mut policy = managed("p", "ads", &allow("s3:GetObject", "*", ""));
        let tags = policy.tags.as_mut().unwrap();
        tags.insert("team".into(), lower.into());
        policy
    }

    #[test]
    fn two_teams_in_two_cases_of_the_key_are_flagged() {
        let bench = Bench::of([tagged("billing")]);
        assert_eq!(
            bench.evidence(&RULE),
            "carries `Team` = `ads` and `team` = `billing`"
        );
        let fix = bench.fault(&RULE).remedy.written().aws_cli;
        assert!(
            fix.starts_with("# set `Team` to the right team first\n"),
            "{fix}"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn a_policy_that_roles_hold_is_flagged_once() {
        let holders = ["a", "b"].map(|name| role(name, "ads").holding(&policy("billing")));
        let bench = Bench::of(holders).policies([policy("billing")]);
        let fault = bench.fault(&RULE);
        assert_eq!(fault.resource, Some(policy("").arn));
        bench.mended(&RULE);
    }

    #[test]
    fn one_team_in_two_cases_one_tag_and_another_key_pass() {
        assert_eq!(Bench::of([tagged("ads")]).faults(&RULE), []);
        assert_eq!(Bench::of([role("judged", "ads")]).faults(&RULE), []);
        let mut other = role("judged", "ads");
        other.tags.insert("Teams".into(), "billing".into());
        assert_eq!(Bench::of([other]).faults(&RULE), []);
    }
}
