//! Rules about who may assume a role.

use std::collections::BTreeMap;

use crate::estate::{Arn, Role};
use crate::fault::Fault;
use crate::finding::Remediation;
use crate::graph::{Kept, Node};
use serde_json::{Value, json};

use crate::iam::mend::{guard, mend};
use crate::iam::{
    Caller, Effect, Inventory, Known, Principal, Principals, Request, Statement, Target, Truth,
    context,
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

/// Whether a statement of the trust policy of `target` admits roles of whatever account, and whether that is
/// sure. `trust` is the whole policy: what it denies to everybody is open to nobody.
pub(crate) fn open<'s>(
    statement: &Statement,
    trust: &(impl Iterator<Item = &'s Statement> + Clone),
    target: Target<'_>,
    cx: &Context<'_>,
) -> Option<(Open, bool)> {
    let caller = stranger(target, NOBODY);
    let admits = |organization| {
        let request = by_stranger(statement, target, &caller, organization);
        admitted(statement, trust.clone(), &request)
    };
    let all = admits(Some("o-lineward-probe"));
    let ours = admits(cx.organization);
    if all == Truth::True {
        Some((Open::ToAll, true))
    } else if ours == Truth::True || (cx.organization.is_none() && ours.may()) {
        Some((Open::ToOrganization, true))
    } else if all.may() {
        Some((Open::ToAll, false))
    } else {
        ours.may().then_some((Open::ToOrganization, false))
    }
}

/// Whether a statement admits a role without tags of the caller's account as well as the caller: then
/// `trust-admits-account` says so.
pub(crate) fn admits_account(kept: &Kept, caller: &Node, target: &Node, cx: &Context<'_>) -> bool {
    let is_account = |it: &Principal| matches!(it, Principal::Account(_));
    let stranger = stranger(target.asked(), caller.arn.account());
    let request = by_stranger(&kept.statement, target.asked(), &stranger, cx.organization);
    kept.statement.named().iter().any(is_account) && kept.statement.matches(&request) == Truth::True
}

/// What a statement of a trust policy says of a request that no denial beside it takes back for sure.
fn admitted<'s>(
    statement: &Statement,
    trust: impl Iterator<Item = &'s Statement>,
    request: &Request<'_>,
) -> Truth {
    let names = |it: &Statement| {
        let principals = it.principals.as_ref();
        principals.is_some_and(|it| it.names(request.caller).is_some())
    };
    let mut denials = trust.filter(|it| it.effect == Effect::Deny && names(it));
    if !names(statement) || denials.any(|it| it.matches(request) == Truth::True) {
        return Truth::False;
    }
    statement.matches(request)
}

/// The keys of a statement that the inventory can't know, as evidence of what it hangs on.
fn unknown_keys(statement: &Statement, request: &Request<'_>) -> String {
    let keys = statement.conditions.iter().map(|it| &it.key);
    let unknown = keys.filter(|key| *request.context.get(key) == Known::Unknown);
    let keys: Vec<_> = unknown.map(|key| format!("`{key}`")).collect();
    keys.join(", ")
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
    statement: &Statement,
    target: Target<'a>,
    caller: &'a Arn,
    organization: Option<&'a str>,
) -> Request<'a> {
    let context = context(caller, no_tags(), target, organization);
    Request {
        action: "sts:AssumeRole",
        resource: target.resource,
        caller: Caller::Role {
            arn: caller.as_str(),
        },
        // Where session tags may be passed, the caller chooses them.
        context: if statement.is_about("sts:TagSession") {
            context
        } else {
            context.untagged()
        },
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

/// Gives the services of a statement one of their own, where it names others as well: what holds roles to a
/// team holds no service, and the other way round. The place of theirs.
pub(crate) fn part_services(statements: &mut Vec<Value>, at: usize) -> usize {
    let Some(held) = statements.get_mut(at) else {
        return at;
    };
    let mut services = held.clone();
    let Some(Value::Object(principals)) = held.get_mut("Principal") else {
        return at;
    };
    if principals.len() < 2 {
        return at;
    }
    let Some(names) = principals.remove("Service") else {
        return at;
    };
    if let Some(fields) = services.as_object_mut() {
        fields.remove("Sid");
        fields.insert("Principal".into(), json!({ "Service": names }));
    }
    statements.push(services);
    statements.len() - 1
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
    let who = names.filter(|_| allows)?;
    let tag = &cx.policy.team_tag;
    let caller = stranger(target(stated), stated.inventory.account.id.as_str());
    let mut request = by_stranger(statement, target(stated), &caller, cx.organization);
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
        .filter(|it| it.named().contains(&Principal::Anyone))
        .any(|it| it.effect == Effect::Deny && it.matches(&request) == Truth::True);
    if denied || !statement.matches(&request).may() {
        return None;
    }
    let request = format!("aws:RequestTag/{tag}");
    // Of no team, it is for its owner to say which tags may be passed.
    let keys = holder.team.map_or_else(Remediation::default, |own| {
        mend(
            stated.held.name,
            holder.role,
            statement.index,
            |list, at| {
                guard(list, at, &[("StringEqualsIfExists", &request, own)]);
            },
        )
    });
    let evidence = format!("`{who}` may pass a session tag `{tag}` of its own choice");
    Some(stated.fault(&evidence).mended_by(keys))
}
