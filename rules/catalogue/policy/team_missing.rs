use std::collections::BTreeSet;

use crate::finding::Fault;
use crate::remedy::tag_policy;
use crate::settings::Context;
use crate::subject::role::ManagedPolicySubject;
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

fn check(subject: &ManagedPolicySubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(subject, cx).into_iter().collect()
}

fn fault(subject: &ManagedPolicySubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    let (policy, inventory) = (subject.policy, subject.inventory);
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
    let evidence = format!("{fact}; role `{}` of team `{team}` holds it", role.name);
    let owner = (teams.len() == 1).then_some(team);
    let fix = tag_policy(policy, key, owner);
    Some(Fault::of(&policy.arn, owner, evidence).mended_by(fix))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::ManagedPolicy;
    use crate::subject::bench::{Bench, allow, managed, role};

    fn policy(team: &str) -> ManagedPolicy {
        managed("p", team, &allow("s3:GetObject", "*", ""))
    }

    fn held(policy: ManagedPolicy, teams: &[&str]) -> Bench {
        let holders = teams.iter().map(|team| role(team, team).holding(&policy));
        Bench::of(holders.collect::<Vec<_>>()).policies([policy])
    }

    #[test]
    fn an_untagged_policy_of_a_teams_role_is_flagged_and_tagged() {
        let bench = held(policy(""), &["ads"]);
        assert_eq!(
            bench.evidence(&RULE),
            "has no tag `Team`; role `ads` of team `ads` holds it"
        );
        assert_eq!(bench.fault(&RULE).team.as_deref(), Some("ads"));
        bench.mended(&RULE);
    }

    #[test]
    fn an_empty_tag_is_flagged() {
        let told = held(policy(" "), &["ads"]).evidence(&RULE);
        assert!(told.starts_with("its tag `Team` is empty"), "{told}");
    }

    #[test]
    fn of_two_teams_nobody_can_say_whose_it_is() {
        let fault = held(policy(""), &["ads", "billing"]).fault(&RULE);
        assert_eq!(fault.team, None);
        let fix = fault.remedy.written().aws_cli;
        assert!(fix.contains("${TEAM:?"), "{fix}");
    }

    #[test]
    fn a_tagged_one_one_whose_tags_were_not_read_and_one_that_no_team_holds_pass() {
        let mut unread = policy("");
        unread.tags = None;
        assert_eq!(held(unread, &["ads"]).faults(&RULE), []);
        assert_eq!(held(policy("billing"), &["ads"]).faults(&RULE), []);
        assert_eq!(held(policy(""), &[]).faults(&RULE), []);
        let untagged = role("x", "").holding(&policy(""));
        let bench = Bench::of([untagged]).policies([policy("")]);
        assert_eq!(bench.faults(&RULE), []);
    }
}
