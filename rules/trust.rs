//! Rules about who may assume a role.

use crate::Remediation;
use crate::iam::mend::{guard, mend};
use crate::iam::{Caller, Effect, Principal, Principals, Request, Target, context};
use crate::rule::{Context, Rule};
use crate::statement::Stated;
use std::collections::BTreeMap;

mod admits_account;
mod admits_anyone;
mod execution_role_assumable_directly;
mod service_unguarded;
mod source_other_team;

pub(crate) static RULES: &[&Rule] = &[
    &admits_anyone::RULE,
    &admits_account::RULE,
    &service_unguarded::RULE,
    &source_other_team::RULE,
    &execution_role_assumable_directly::RULE,
];

/// An account that is nobody's, to see whom a trust policy admits.
pub(crate) const NOBODY: &str = "000000000000";

/// Whether this statement lets somebody assume a team's role.
fn lets_assume(stated: &Stated<'_>) -> bool {
    stated.is_trust()
        && stated.holder.team.is_some()
        && stated.statement.effect == Effect::Allow
        && stated.statement.is_about("sts:AssumeRole")
}

/// Those that a statement names, one by one.
pub(crate) fn named<'a>(stated: &Stated<'a>) -> &'a [Principal] {
    match &stated.statement.principals {
        Some(Principals::Only(list)) => list,
        Some(Principals::AllBut(_)) | None => &[],
    }
}

/// A request to assume the role by a role without tags of some account, which may be of another organization.
fn by_stranger<'a>(
    stated: &Stated<'a>,
    caller: &'a crate::Arn,
    organization: Option<&str>,
) -> Request<'a> {
    let role = stated.holder.role;
    let target = Target {
        resource: role.arn.as_str(),
        tags: &role.tags,
    };
    Request {
        action: "sts:AssumeRole",
        resource: target.resource,
        caller: Caller::Role {
            arn: caller.as_str(),
        },
        context: context(caller, &BTreeMap::new(), &target, organization),
    }
}

/// The ARN of a role that doesn't exist, in an account.
fn stranger(stated: &Stated<'_>, account: &str) -> crate::Arn {
    let partition = stated.holder.role.arn.partition();
    crate::Arn::from(format!(
        "arn:{partition}:iam::{account}:role/lineward-probe"
    ))
}

/// The trust policy whose statement admits the team's own roles alone.
fn guarded(stated: &Stated<'_>, cx: &Context<'_>) -> Remediation {
    let role = stated.holder.role;
    let team = stated.holder.team.unwrap_or_default();
    let tag = format!("aws:PrincipalTag/{}", cx.policy.team_tag);
    let path = format!("arn:{}:iam::*:role/emr/{team}/*", role.arn.partition());
    mend(
        stated.held.name,
        role,
        stated.statement.index,
        |list, at| {
            let conditions = [
                ("StringEquals", tag.as_str(), team),
                ("ArnLike", "aws:PrincipalArn", path.as_str()),
            ];
            guard(list, at, &conditions);
        },
    )
}
