use crate::estate::Arn;
use crate::finding::Fault;
use crate::iam::{Base, Choice, Condition, Operator, Pattern, Truth};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::{StatementSubject, TeamKey};

rule! {
    /// A condition on the team lists other teams
    ///
    /// Flags allowing statements whose condition on a team tag lists a registered team besides the
    /// role's own: in identity policies one that the role may reach, in trust policies one that may come
    /// in. What a `[[sharing]]` entry agrees to is left out, and so are shared teams.
    ///
    /// ## Why it matters
    /// The values of a condition are alternatives: each team that is listed is let through.
    ///
    /// ## How to fix
    /// Take the other teams off the list. Where it is meant, agree to it with a `[[sharing]]` entry, which
    /// names an owner and ends some day.
    ///
    /// Source: IAM User Guide, "Conditions with multiple context keys or values".
    "condition-admits-other-teams", Medium, Statement { check },
    tells: Form,
    yields_to: [passrole::names_other_team],
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    stated.bounded_team(cx.policy)?;
    if !stated.is_boundary_allow() {
        return None;
    }
    let mut guards = stated.guards(cx.policy);
    let (condition, others) = guards.find_map(|(key, condition)| {
        let others = others(stated, key, condition, cx);
        (!others.is_empty()).then_some((condition, others))
    })?;
    let mut teams: Vec<_> = others.iter().map(|it| format!("`{}`", it.1)).collect();
    teams.sort_unstable();
    teams.dedup();
    let fault = stated.fault(&format!("`{condition}` admits {}", teams.join(", ")));
    let is_other = |value: &String| others.iter().any(|(it, _)| *it == value);
    let own = condition.values.iter().filter(|it| !is_other(it)).cloned();
    let mut own = Condition {
        values: own.collect(),
        ..condition.clone()
    };
    if own.values.is_empty() {
        own.operator = Operator::STRING_EQUALS;
        own.values = vec![stated.own_team(cx.policy)];
    }
    let mended = stated.statement.with_condition(condition, Some(own));
    Some(fault.mended_by(stated.restated(&mended)))
}

/// The values of a condition that name another team to which nothing is agreed, with that team.
fn others<'c, 'p>(
    stated: &StatementSubject<'_>,
    key: TeamKey,
    condition: &'c Condition,
    cx: &Context<'p>,
) -> Vec<(&'c String, &'p str)> {
    if !condition.operator.base.is_text_list() {
        return Vec::new();
    }
    let values = condition.values.iter();
    let named = values.filter_map(|it| Some((it, named(stated, condition.operator.base, it, cx)?)));
    named
        .filter(|(_, team)| stated.admits(key, team, cx.policy) && crosses(stated, key, team, cx))
        .collect()
}

/// The registered team that a value names.
fn named<'p>(
    stated: &StatementSubject<'_>,
    base: Base,
    value: &str,
    cx: &Context<'p>,
) -> Option<&'p str> {
    let pattern = Pattern::wild(value, stated.statement.version);
    let known = stated.known();
    let is_named = |team: &&str| {
        if base == Base::StringLike {
            pattern.matches(team, &known) == Truth::True
        } else if base == Base::StringEqualsIgnoreCase {
            value.eq_ignore_ascii_case(team)
        } else {
            value == *team
        }
    };
    let mut named = cx.policy.teams.iter().map(String::as_str).filter(is_named);
    let first = named.next();
    // A pattern that matches more is `condition-wildcard-team`'s.
    first.filter(|_| named.next().is_none() && !pattern.is_everything())
}

fn crosses(stated: &StatementSubject<'_>, key: TeamKey, other: &str, cx: &Context<'_>) -> bool {
    let own = stated.holder.team;
    match key {
        TeamKey::Principal => {
            let role = &stated.holder.role.arn;
            cx.policy.crosses(Some(other), own, role, cx.now)
        }
        TeamKey::Resource => {
            let reached = reached(stated, other, cx);
            let mut reached = reached.iter();
            reached.any(|arn| cx.policy.crosses(own, Some(other), arn, cx.now))
        }
        TeamKey::Request => false,
    }
}

/// What a statement reaches of another team: the ARNs that it names; for a pattern, what is known below it,
/// or else the pattern itself.
fn reached(stated: &StatementSubject<'_>, other: &str, cx: &Context<'_>) -> Vec<Arn> {
    let everything = ["*".to_owned()];
    let patterns = match &stated.statement.resources {
        Some(Choice::Only(patterns)) => patterns.as_slice(),
        Some(Choice::AllBut(_)) | None => &everything,
    };
    let is_about = |ours: bool| {
        let mut actions = stated.actions();
        actions.any(|it| it.starts_with("emr-serverless:") == ours)
    };
    let (of_roles, of_applications) = (is_about(false), is_about(true));
    let roles = stated.inventory.roles.iter().filter(|_| of_roles);
    let roles = roles.filter(|it| it.team == Some(other));
    let applications = stated.inventory.applications.iter();
    let applications = applications
        .filter(|it| of_applications && cx.policy.team(&it.tags) == Some(other))
        .map(|it| &it.arn);
    let targets: Vec<_> = roles.map(|it| &it.role.arn).chain(applications).collect();
    let known = stated.known();
    let mut reached = Vec::new();
    for text in patterns {
        let pattern = Pattern::wild(text, stated.statement.version);
        let covered = targets.iter().filter(|arn| {
            pattern.has_wildcard() && pattern.matches_resource(arn.as_str(), &known).may()
        });
        let before = reached.len();
        reached.extend(covered.map(|&arn| arn.clone()));
        if reached.len() == before {
            reached.push(Arn::from(text.as_str()));
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, admit, allow, arn, role};

    fn assuming(conditions: &str) -> Bench {
        let statement = allow("sts:AssumeRole", "*", conditions);
        Bench::of([
            role("ads", "ads").may(&statement),
            role("billing", "billing"),
        ])
    }

    #[test]
    fn another_team_in_the_list_is_flagged_and_taken_off() {
        let bench = assuming("StringEquals iam:ResourceTag/Team ads billing");
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `StringEquals iam:ResourceTag/Team ads, billing` \
             admits `billing`"
        );
        bench.mended(&RULE);
        assuming("StringEquals iam:ResourceTag/Team billing").mended(&RULE);
    }

    #[test]
    fn a_trust_policy_that_lists_another_teams_callers_is_flagged() {
        let trust = admit(
            "AWS 111122223333",
            "StringEquals aws:PrincipalTag/Team ads billing",
        );
        let bench = Bench::of([role("ads", "ads").trusting(&trust)]);
        assert!(bench.evidence(&RULE).ends_with("admits `billing`"));
        bench.mended(&RULE);
    }

    #[test]
    fn its_own_team_a_team_that_is_not_registered_and_its_own_tag_pass() {
        for conditions in [
            "StringEquals iam:ResourceTag/Team ads",
            "StringEquals iam:ResourceTag/Team ads nobody",
            "StringEquals aws:PrincipalTag/Team ads billing",
            "StringNotEquals iam:ResourceTag/Team billing",
        ] {
            assert_eq!(assuming(conditions).faults(&RULE), [], "{conditions}");
        }
    }

    #[test]
    fn an_agreement_or_a_shared_team_passes() {
        let listed = || assuming("StringEquals iam:ResourceTag/Team ads billing");
        assert_eq!(listed().agreed("ads", "billing").faults(&RULE), []);
        assert_eq!(listed().shared("billing").faults(&RULE), []);
    }

    #[test]
    fn an_agreement_on_one_role_leaves_the_others() {
        let statement = allow(
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:role/billing-*",
            "StringEquals iam:ResourceTag/Team billing",
        );
        let roles = ["billing-a", "billing-b"].map(|name| role(name, "billing"));
        let bench = Bench::of(
            [role("ads", "ads").may(&statement)]
                .into_iter()
                .chain(roles),
        );
        let bench = bench.agreed("ads", "billing").under(|policy| {
            policy.sharing[0].resource =
                crate::estate::glob::ArnGlob::exact(&arn("billing-a").as_str().into());
        });
        assert!(bench.evidence(&RULE).ends_with("admits `billing`"));
    }
}
