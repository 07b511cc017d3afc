use std::collections::BTreeSet;

use crate::finding::Fault;
use crate::iam::{Base, Condition, Operator, Pattern, Truth};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::{StatementSubject, TeamKey};

rule! {
    /// A condition on the team admits several teams by a wildcard
    ///
    /// Flags allowing statements that compare a team tag with a pattern that matches everything, or more
    /// than one registered team, where no other condition on the tag leaves the own team alone. A
    /// pattern that matches one team is none, and to `StringEquals` a `*` is text. A role's condition on
    /// its own tag is left out: it can't reach further by it.
    ///
    /// ## Why it matters
    /// The condition looks like a boundary, and asks no more than that there be some team: `*` is met by
    /// every team, `ads*` by `ads` and by `ads-fraud`.
    ///
    /// ## How to fix
    /// Compare with `StringEquals` and the own team, or with `${aws:PrincipalTag/<team tag>}` in
    /// policies that several teams hold.
    ///
    /// Source: IAM User Guide, "Condition operators"; IAM Access Analyzer calls it
    /// `EQUIVALENT_TO_NULL_FALSE`.
    "condition-wildcard-team", High, Statement { check },
    tells: Form,
    yields_to: [passrole::names_other_team],
}

/// A team that nobody registers.
const UNREGISTERED: &str = "\u{1}";

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    stated.bounded_team(cx.policy)?;
    if !stated.is_boundary_allow() {
        return None;
    }
    let mut guards = stated.guards(cx.policy);
    let (condition, value, teams) = guards.find_map(|(key, condition)| {
        let mut values = condition.values.iter();
        values.find_map(|it| Some((condition, it, wide(stated, key, condition, it, cx)?)))
    })?;
    let admitted = if teams.is_empty() {
        "every team".to_owned()
    } else {
        let teams: Vec<_> = teams.iter().map(|it| format!("`{it}`")).collect();
        format!("the teams {}", teams.join(", "))
    };
    let (operator, key) = (condition.operator, &condition.key);
    let fault = stated.fault(&format!("`{operator} {key} {value}` admits {admitted}"));
    let own = Condition {
        operator: Operator::STRING_EQUALS,
        key: condition.key.clone(),
        values: vec![stated.own_team(cx.policy)],
    };
    let mended = stated.statement.with_condition(condition, Some(own));
    Some(fault.mended_by(stated.restated(&mended)))
}

/// The teams that a value admits, where it admits more than one; none where it admits all that can be.
fn wide<'a>(
    stated: &StatementSubject<'_>,
    key: TeamKey,
    condition: &Condition,
    value: &str,
    cx: &Context<'a>,
) -> Option<BTreeSet<&'a str>> {
    let base = condition.operator.base;
    if !matches!(base, Base::StringLike | Base::ArnLike | Base::ArnEquals) {
        return None;
    }
    let pattern = Pattern::wild(value, stated.statement.version);
    let is_foreign =
        |team: &str| stated.holder.team != Some(team) && stated.admits(key, team, cx.policy);
    let teams = cx.policy.teams.iter().map(String::as_str);
    let mut teams = teams.filter(|it| !cx.policy.shared_teams.contains(*it));
    if pattern.is_everything() {
        let all = is_foreign(UNREGISTERED) || teams.any(is_foreign);
        return all.then(BTreeSet::new);
    }
    let known = stated.known();
    let matched: BTreeSet<_> = teams
        .filter(|it| base == Base::StringLike && pattern.matches(it, &known) == Truth::True)
        .collect();
    let wide = matched.len() > 1 && matched.iter().any(|it| is_foreign(it));
    wide.then_some(matched)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, admit, allow, role};

    fn assuming(conditions: &str) -> Bench {
        let statement = allow("sts:AssumeRole", "*", conditions);
        let bench = Bench::of([role("ads", "ads").may(&statement)]);
        bench.under(|policy| policy.teams.extend(["ads-fraud".to_owned()]))
    }

    #[test]
    fn a_pattern_that_every_team_meets_is_flagged() {
        let bench = assuming("StringLike iam:ResourceTag/Team *");
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `StringLike iam:ResourceTag/Team *` admits every \
             team"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn a_pattern_that_two_teams_meet_names_them() {
        let bench = assuming("StringLike iam:ResourceTag/Team ads*");
        let told = bench.evidence(&RULE);
        assert!(
            told.ends_with("admits the teams `ads`, `ads-fraud`"),
            "{told}"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn a_trust_policy_that_any_tagged_caller_meets_is_flagged() {
        let trust = admit("AWS 111122223333", "StringLike aws:PrincipalTag/Team *");
        let bench = Bench::of([role("ads", "ads").trusting(&trust)]);
        assert!(bench.evidence(&RULE).ends_with("admits every team"));
        bench.mended(&RULE);
    }

    #[test]
    fn a_pattern_of_one_team_text_and_what_its_neighbour_narrows_pass() {
        for conditions in [
            "StringLike iam:ResourceTag/Team ad?",
            "StringLike iam:ResourceTag/Team bill*",
            "StringEquals iam:ResourceTag/Team *",
            "StringLike aws:PrincipalTag/Team *",
            "StringLike iam:ResourceTag/Team *; StringEquals aws:ResourceTag/Team ads",
        ] {
            assert_eq!(assuming(conditions).faults(&RULE), [], "{conditions}");
        }
    }
}
