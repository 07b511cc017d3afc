use crate::finding::Fault;
use crate::finding::Remediation;
use crate::iam::{Base, Condition, Operator, Truth};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::{Stated, TeamKey};

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

fn check(stated: &Stated<'_>, cx: &Context<'_>) -> Option<Fault> {
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

fn is_open((key, condition): (TeamKey, &Condition), stated: &Stated<'_>, cx: &Context<'_>) -> bool {
    let mut actions = stated.guarded_by(&condition.key);
    let mut others = stated.guards(cx.policy).filter(|it| it.0 == key);
    key != TeamKey::Request
        && condition.passes_missing() != Truth::False
        && actions.any(|it| it != "iam:PassRole")
        && !others.any(|(_, it)| it.passes_missing() == Truth::False)
}

fn fix(stated: &Stated<'_>, condition: &Condition, cx: &Context<'_>) -> Remediation {
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
