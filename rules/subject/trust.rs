//! A statement of a trust policy, and whom it admits.

use crate::finding::Remediation;
use crate::iam::{Effect, Known, Principal, Principals, Request, Statement, Target};
use crate::remedy::iam::{guard, mend, part_services};
use crate::settings::Context;
use crate::subject::statement::StatementSubject;

/// Whether this statement lets somebody assume a team's role.
pub(crate) fn lets_assume(stated: &StatementSubject<'_>) -> bool {
    stated.is_trust()
        && stated.holder.team.is_some()
        && stated.statement.effect == Effect::Allow
        && stated.statement.is_about("sts:AssumeRole")
}

/// Those that a statement names, one by one.
pub(crate) fn named<'a>(stated: &StatementSubject<'a>) -> &'a [Principal] {
    match &stated.statement.principals {
        Some(Principals::Only(list)) => list,
        Some(Principals::AllBut(_)) | None => &[],
    }
}

/// The keys of a statement that the inventory can't know, as evidence of what it hangs on.
pub(crate) fn unknown_keys(statement: &Statement, request: &Request<'_>) -> String {
    let keys = statement.conditions.iter().map(|it| &it.key);
    let unknown = keys.filter(|key| *request.context.get(key) == Known::Unknown);
    let keys: Vec<_> = unknown.map(|key| format!("`{key}`")).collect();
    keys.join(", ")
}

/// The role whose trust policy a statement stands in, as what is asked for.
pub(crate) fn target<'a>(stated: &StatementSubject<'a>) -> Target<'a> {
    let role = stated.holder.role;
    Target {
        resource: role.arn.as_str(),
        tags: &role.tags,
    }
}

/// The trust policy whose statement admits the team's own roles alone.
pub(crate) fn guarded(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Remediation {
    let role = stated.holder.role;
    let team = stated.holder.team.unwrap_or_default();
    let tag = format!("aws:PrincipalTag/{}", cx.policy.team_tag);
    mend(
        stated.held.name,
        role,
        stated.statement.index,
        |list, at| {
            part_services(list, at);
            guard(list, at, &[("StringEquals", tag.as_str(), team)]);
        },
    )
}
