use std::collections::BTreeSet;

use serde_json::Value;

use crate::finding::Fault;
use crate::finding::Remediation;
use crate::iam::{Base, Choice, Condition, Effect, Operator, Truth};
use crate::settings::Context;
use crate::settings::Sharing;
use crate::subject::rule::rule;
use crate::subject::statement::{StatementSubject, TeamKey};

rule! {
    /// A denial lists the teams it keeps apart
    ///
    /// Flags denials about the boundary that compare a team tag, of what is reached or of the caller, with a
    /// list of other teams: `StringEquals`, `StringLike` and their kin. The safe form is
    /// `StringNotEquals` with the own team, which a missing tag meets as well.
    ///
    /// ## Why it matters
    /// What isn't listed slips through: a team that was founded later, and a role or application that
    /// has no team tag.
    ///
    /// ## How to fix
    /// Deny all but the own team.
    ///
    /// Source: IAM User Guide, "Condition operators".
    "policy-deny-gap", Medium, Statement { check }
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    let own = stated.bounded_team(cx.policy)?;
    let statement = stated.statement;
    if statement.effect == Effect::Allow {
        return None;
    }
    let mut conditions = stated.team_conditions(cx.policy);
    let (key, condition) = conditions.find(|(key, condition)| {
        let context = stated.known().with(&condition.key, own);
        *key != TeamKey::Request
            && condition.operator.base.is_text_list()
            // One that the own team meets as well is there for something else.
            && !condition.holds(statement.version, &context).may()
            && stated.guarded_by(&condition.key).next().is_some()
    })?;
    let untagged = match (condition.passes_missing(), key) {
        (Truth::True, _) => "",
        (_, TeamKey::Principal) => ", and callers without a team",
        (_, TeamKey::Resource | TeamKey::Request) => ", and what has no team",
    };
    let fault = stated.fault(&format!(
        "denies by `{condition}`, which lets through teams that it doesn't list{untagged}"
    ));
    Some(fault.mended_by(fix(stated, key, condition, cx)))
}

fn fix(
    stated: &StatementSubject<'_>,
    key: TeamKey,
    listed: &Condition,
    cx: &Context<'_>,
) -> Remediation {
    let Some(values) = let_through(stated, key, listed, cx) else {
        return Remediation::default();
    };
    let confined = Condition {
        operator: Operator::STRING_NOT_EQUALS,
        key: listed.key.clone(),
        values,
    };
    let mut statement = stated.statement.with_condition(listed, Some(confined));
    if stated.is_trust() {
        // Services have no tags, and are let in by name.
        statement.conditions.push(Condition {
            operator: Operator::plain(Base::Bool),
            key: "aws:PrincipalIsAWSService".into(),
            values: vec!["false".into()],
        });
    }
    let actions: Vec<_> = stated.guarded_by(&listed.key).collect();
    let is_one = |name: &String| actions.iter().any(|it| name.eq_ignore_ascii_case(it));
    match &stated.statement.actions {
        Choice::Only(names) if names.iter().all(is_one) => stated.restated(&statement),
        // Of other actions, what has no tag is to stay as it is.
        Choice::Only(_) | Choice::AllBut(_) => {
            statement.sid = None;
            statement.actions = Choice::Only(actions.into_iter().map(str::to_owned).collect());
            let added = statement.to_value();
            stated.mended(|list: &mut Vec<Value>, _| list.push(added))
        }
    }
}

/// The teams that a denial is to leave alone: the own one, those that serve all, and those that agreed to it.
fn let_through(
    stated: &StatementSubject<'_>,
    key: TeamKey,
    listed: &Condition,
    cx: &Context<'_>,
) -> Option<Vec<String>> {
    let policy = cx.policy;
    if key == TeamKey::Principal && !stated.is_trust() {
        // It speaks of whoever holds it: of all teams that there are, but for those it lists.
        let is_listed = |team: &&String| {
            let context = stated.known().with(&listed.key, team.as_str());
            listed.holds(stated.statement.version, &context).may()
        };
        let others = policy.teams.iter().filter(|it| !is_listed(it));
        let others: Vec<_> = others.cloned().collect();
        return (!others.is_empty()).then_some(others);
    }
    let own = stated.holder.team;
    let agreed = |it: &&Sharing| match key {
        TeamKey::Principal => Some(it.to.as_str()) == own,
        TeamKey::Resource | TeamKey::Request => Some(it.from.as_str()) == own,
    };
    let agreed = policy.sharing.iter().filter(agreed).map(|it| match key {
        TeamKey::Principal => &it.from,
        TeamKey::Resource | TeamKey::Request => &it.to,
    });
    let others: BTreeSet<_> = agreed.chain(&policy.shared_teams).cloned().collect();
    let teams = std::iter::once(stated.own_team(policy)).chain(others);
    Some(teams.collect())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, allow, deny, role};

    fn denied(actions: &str, conditions: &str) -> Bench {
        Bench::of([role("ads", "ads").may(&deny(actions, "*", conditions))])
    }

    #[test]
    fn a_list_of_other_teams_is_flagged_and_becomes_all_but_its_own() {
        let bench = denied(
            "sts:AssumeRole",
            "StringEquals iam:ResourceTag/Team billing",
        );
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: denies by `StringEquals iam:ResourceTag/Team \
             billing`, which lets through teams that it doesn't list, and what has no team"
        );
        bench.mended(&RULE);
        let kin = denied(
            "sts:AssumeRole iam:GetRole",
            "StringLike iam:ResourceTag/Team b*",
        );
        let fix = kin.fault(&RULE).remedy.written().aws_cli;
        assert!(fix.contains("StringNotEquals"), "{fix}");
    }

    #[test]
    fn what_has_no_team_is_not_named_where_the_denial_meets_it() {
        let bench = denied(
            "sts:AssumeRole",
            "StringEqualsIfExists iam:ResourceTag/Team billing",
        );
        assert!(
            bench
                .evidence(&RULE)
                .ends_with("teams that it doesn't list")
        );
    }

    #[test]
    fn a_trust_policy_that_denies_callers_by_list_is_flagged() {
        let listed = r#"{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":
            {"StringEquals":{"aws:PrincipalTag/Team":"billing"}}}"#;
        let bench = Bench::of([role("ads", "ads").trusting(listed)]);
        assert!(
            bench
                .evidence(&RULE)
                .ends_with("and callers without a team")
        );
        bench.mended(&RULE);
    }

    #[test]
    fn all_but_its_own_team_and_what_its_own_team_meets_pass() {
        for conditions in [
            "StringNotEquals iam:ResourceTag/Team ads",
            "StringEquals iam:ResourceTag/Team ads billing",
            "StringEquals iam:ResourceTag/Owner billing",
        ] {
            assert_eq!(denied("sts:AssumeRole", conditions).faults(&RULE), []);
        }
        let allowed = allow(
            "sts:AssumeRole",
            "*",
            "StringEquals iam:ResourceTag/Team billing",
        );
        let allowed = Bench::of([role("ads", "ads").may(&allowed)]);
        assert_eq!(allowed.faults(&RULE), []);
    }
}
