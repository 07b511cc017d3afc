use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::adversary::{Adversary, Target};
use crate::subject::role::RoleSubject;
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

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
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

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, allow, managed, role};

    const BOTH: &str = "iam:TagPolicy iam:UntagPolicy";

    fn among(statement: &str) -> Bench {
        let read = allow("s3:GetObject", "*", "");
        let mut unread = managed("unread", "billing", &read);
        unread.tags = None;
        let untagged = managed("untagged", "", &read);
        let teams = ["ads", "billing"].map(|team| managed(team, team, &read));
        let policies = teams.into_iter().chain([untagged, unread]);
        Bench::of([role("ads", "ads").may(statement)]).policies(policies)
    }

    #[test]
    fn one_statement_is_one_fault_that_counts_the_policies_of_teams() {
        let bench = among(&allow(BOTH, "*", ""));
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `arn:aws:iam::111122223333:role/ads` may \
             iam:TagPolicy `arn:aws:iam::111122223333:policy/ads` (proven), to make it team \
             `billing`'s; so may iam:UntagPolicy; and so 1 other"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn tags_pinned_to_its_own_team_pass() {
        let pinned = "StringEquals aws:RequestTag/Team ads; StringEquals aws:ResourceTag/Team ads";
        let pinned = allow("iam:TagPolicy", "*", pinned);
        assert_eq!(among(&pinned).faults(&RULE), []);
    }

    #[test]
    fn a_denial_of_the_teams_key_passes_only_what_it_names() {
        let denied = |key: &str| {
            let conditions = format!("ForAnyValue:StringEquals aws:TagKeys {key}");
            let denial = crate::subject::bench::deny(BOTH, "*", &conditions);
            among(&[allow(BOTH, "*", ""), denial].join(","))
        };
        assert_eq!(denied("Team").faults(&RULE), []);
        assert_eq!(denied("Owner").faults(&RULE).len(), 1);
    }

    #[test]
    fn a_shared_team_may_tag() {
        let bench = among(&allow(BOTH, "*", ""));
        assert_eq!(bench.shared("ads").faults(&RULE), []);
    }
}
