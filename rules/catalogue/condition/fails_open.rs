use crate::finding::Fault;
use crate::finding::Remediation;
use crate::iam::{Base, Condition, Operator, Truth};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::{StatementSubject, TeamKey};

rule! {
    /// A condition on the team lets through what has no team
    ///
    /// Flags allowing statements whose condition on a team tag is also met where the tag is missing:
    /// operators with `IfExists`, negated operators, `ForAllValues` and `Null: "true"`. In identity
    /// policies it is the tag of what is reached, in trust policies the caller's. A condition on the
    /// same tag that needs it, such as `Null: "false"`, closes the statement again. Conditions on
    /// `aws:RequestTag` are left out, for a tag that isn't sent changes no team; `iam:PassRole` is the
    /// matter of the `passrole-…` rules.
    ///
    /// ## Why it matters
    /// A role or application without a team tag belongs to anybody, and whoever may take a tag off
    /// opens it to all. A negated operator lets through every team that it doesn't list, new ones
    /// included.
    ///
    /// ## How to fix
    /// Compare with `StringEquals`, which a missing tag doesn't meet, and name the own team. Or keep the
    /// operator, and add `"Null": {"aws:ResourceTag/<team tag>": "false"}`.
    ///
    /// Source: IAM User Guide, "Condition operators".
    "condition-fails-open", High, Statement { check },
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
    let (key, condition) = stated
        .guards(cx.policy)
        .find(|it| is_open(*it, stated, cx))?;
    let who = match key {
        TeamKey::Resource => "what it reaches",
        TeamKey::Principal => "the caller",
        TeamKey::Request => "the request",
    };
    let fault = stated.fault(&format!(
        "`{condition}` is also met where {who} has no tag `{}`",
        cx.policy.team_tag
    ));
    Some(fault.mended_by(fix(stated, condition, cx)))
}

fn is_open(
    (key, condition): (TeamKey, &Condition),
    stated: &StatementSubject<'_>,
    cx: &Context<'_>,
) -> bool {
    let mut actions = stated.guarded_by(&condition.key);
    let mut others = stated.guards(cx.policy).filter(|it| it.0 == key);
    key != TeamKey::Request
        && condition.passes_missing() != Truth::False
        && actions.any(|it| it != "iam:PassRole")
        && !others.any(|(_, it)| it.passes_missing() == Truth::False)
}

fn fix(stated: &StatementSubject<'_>, condition: &Condition, cx: &Context<'_>) -> Remediation {
    let base = condition.operator.base;
    let says_nothing = base.is_negated() || base == Base::Null;
    let closed = Condition {
        operator: Operator::plain(if says_nothing {
            Base::StringEquals
        } else {
            base
        }),
        key: condition.key.clone(),
        values: if says_nothing {
            vec![stated.own_team(cx.policy)]
        } else {
            condition.values.clone()
        },
    };
    stated.restated(&stated.statement.with_condition(condition, Some(closed)))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, admit, allow, role};

    fn having(actions: &str, conditions: &str) -> Bench {
        Bench::of([role("ads", "ads").may(&allow(actions, "*", conditions))])
    }

    #[test]
    fn a_condition_that_a_missing_tag_meets_is_flagged_and_closed() {
        let bench = having(
            "sts:AssumeRole",
            "StringEqualsIfExists iam:ResourceTag/Team ads",
        );
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `StringEqualsIfExists iam:ResourceTag/Team ads` is \
             also met where what it reaches has no tag `Team`"
        );
        bench.mended(&RULE);
        for conditions in [
            "StringNotEquals iam:ResourceTag/Team billing",
            "ForAllValues:StringEquals iam:ResourceTag/Team ads",
            "Null iam:ResourceTag/Team true",
        ] {
            having("sts:AssumeRole", conditions).mended(&RULE);
        }
    }

    #[test]
    fn in_a_trust_policy_it_is_the_callers_tag() {
        let trust = admit(
            "AWS 111122223333",
            "StringNotEquals aws:PrincipalTag/Team billing",
        );
        let bench = Bench::of([role("ads", "ads").trusting(&trust)]);
        let told = bench.evidence(&RULE);
        assert!(told.ends_with("is also met where the caller has no tag `Team`"));
        bench.mended(&RULE);
    }

    #[test]
    fn a_condition_that_needs_the_tag_passes() {
        for conditions in [
            "StringEquals iam:ResourceTag/Team ads",
            "StringEqualsIfExists iam:ResourceTag/Team ads; Null iam:ResourceTag/Team false",
            "StringEqualsIfExists iam:ResourceTag/Owner ads",
            "StringEqualsIfExists aws:PrincipalTag/Team ads",
        ] {
            assert_eq!(having("sts:AssumeRole", conditions).faults(&RULE), []);
        }
    }

    #[test]
    fn what_other_rules_speak_of_passes() {
        let passing = having(
            "iam:PassRole",
            "StringEqualsIfExists iam:ResourceTag/Team ads",
        );
        assert_eq!(passing.faults(&RULE), []);
        let tagging = having(
            "iam:TagRole",
            "StringEqualsIfExists aws:RequestTag/Team ads",
        );
        assert_eq!(tagging.faults(&RULE), []);
    }
}
