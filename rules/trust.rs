//! Rules about who may assume a role.

use std::collections::BTreeMap;

use crate::estate::{Arn, Role};
use crate::fault::Fault;
use crate::finding::Remediation;
use crate::iam::mend::{guard, mend};
use crate::iam::{
    Caller, Effect, Inventory, Principal, Principals, Request, Statement, Target, Truth, context,
};
use crate::rule::{Context, Rule};
use crate::statement::Stated;

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

/// Whom a statement of a trust policy admits that it doesn't name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    /// A role without tags of any account of the organization.
    ToOrganization,
    /// One of any account of AWS.
    ToAll,
}

/// Whether a statement of the trust policy of `target` admits roles of whatever account.
pub(crate) fn open(statement: &Statement, target: Target<'_>, cx: &Context<'_>) -> Option<Open> {
    let caller = stranger(target, NOBODY);
    let admits = |organization| {
        let request = by_stranger(target, &caller, organization);
        let principals = statement.principals.as_ref();
        match principals.and_then(|it| it.names(request.caller)) {
            Some(_) => statement.matches(&request),
            None => Truth::False,
        }
    };
    if admits(Some("o-lineward-probe")) == Truth::True {
        return Some(Open::ToAll);
    }
    let ours = admits(cx.organization);
    (ours == Truth::True || (cx.organization.is_none() && ours.may()))
        .then_some(Open::ToOrganization)
}

/// The role whose trust policy a statement stands in, as what is asked for.
fn target<'a>(stated: &Stated<'a>) -> Target<'a> {
    let role = stated.holder.role;
    Target {
        resource: role.arn.as_str(),
        tags: &role.tags,
    }
}

/// A request to assume a role by a role without tags of some account, which may be of another organization.
fn by_stranger<'a>(
    target: Target<'a>,
    caller: &'a Arn,
    organization: Option<&'a str>,
) -> Request<'a> {
    Request {
        action: "sts:AssumeRole",
        resource: target.resource,
        caller: Caller::Role {
            arn: caller.as_str(),
        },
        context: context(caller, no_tags(), target, organization),
    }
}

/// The tags of somebody who has none.
fn no_tags() -> &'static BTreeMap<String, String> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    &NONE
}

/// The ARN of a role that doesn't exist, in an account.
fn stranger(target: Target<'_>, account: &str) -> Arn {
    let partition = Arn::from(target.resource);
    let partition = partition.partition();
    Arn::from(format!(
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

/// Whether a policy of the account compares the team tag of its caller, by its text.
pub(crate) fn relies_on_caller_tag(inventory: &Inventory<'_>, cx: &Context<'_>) -> bool {
    let tag = cx.policy.team_tag.to_ascii_lowercase();
    let key = format!("aws:principaltag/{tag}");
    let of_role = |role: &'_ Role| {
        let inline = role.inline_policies.iter().map(|it| &it.document);
        inline
            .chain([&role.trust])
            .any(|it| it.to_ascii_lowercase().contains(&key))
    };
    inventory.roles.iter().any(|it| of_role(it.role))
        || inventory
            .policies
            .iter()
            .any(|it| it.document.to_ascii_lowercase().contains(&key))
}

/// The faults of trust that lets the caller choose its team tag.
pub(crate) fn spoofable(inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for holder in &inventory.roles {
        let Some(held) = &holder.trust else {
            continue;
        };
        let statements = held.document.statements.iter();
        faults.extend(statements.filter_map(|statement| {
            let stated = Stated {
                inventory,
                holder,
                held,
                statement,
            };
            spoof(&stated, cx)
        }));
    }
    faults
}

/// Whether a caller that the statement names may pass another team than its own.
fn spoof(stated: &Stated<'_>, cx: &Context<'_>) -> Option<Fault> {
    let (holder, statement) = (stated.holder, stated.statement);
    let allows = statement.effect == Effect::Allow && statement.is_about("sts:TagSession");
    let names = named(stated).iter().find_map(Principal::aws);
    let who = names.filter(|_| allows && holder.team.is_some())?;
    let tag = &cx.policy.team_tag;
    let caller = stranger(target(stated), stated.inventory.account.id.as_str());
    let mut request = by_stranger(target(stated), &caller, cx.organization);
    request.action = "sts:TagSession";
    // Whose tags the caller has is for its own team to say.
    request.context = request
        .context
        .unknown("aws:PrincipalTag/")
        .unknown("aws:PrincipalArn")
        .unknown("aws:PrincipalAccount")
        .unknown("sts:TransitiveTagKeys")
        .with(format!("aws:RequestTag/{tag}"), "lineward-probe")
        .with("aws:TagKeys", tag.as_str());
    let trust = holder.trust.as_ref()?;
    let denied = trust
        .document
        .statements
        .iter()
        .any(|it| it.effect == Effect::Deny && it.matches(&request) == Truth::True);
    if denied || !statement.matches(&request).may() {
        return None;
    }
    let keys = mend(
        stated.held.name,
        holder.role,
        statement.index,
        |list, at| {
            let own = holder.team.unwrap_or_default();
            let request = format!("aws:RequestTag/{tag}");
            guard(list, at, &[("StringEqualsIfExists", &request, own)]);
        },
    );
    let evidence = format!("`{who}` may pass a session tag `{tag}` of its own choice");
    Some(stated.fault(&evidence).mended_by(keys))
}
