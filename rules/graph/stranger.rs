//! Whom a trust policy admits that it does not name.

use std::collections::BTreeMap;

use crate::estate::Arn;
use crate::graph::{Kept, Node};

use crate::iam::{
    Caller, Effect, Inventory, Principal, Request, Statement, Target, Truth, context,
};
use crate::settings::Context;

/// An account that is nobody's, to see whom a trust policy admits.
pub(crate) const NOBODY: &str = "000000000000";

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
pub(crate) fn admitted<'s>(
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

/// A request to assume a role by a role without tags of some account, which may be of another organization.
pub(crate) fn by_stranger<'a>(
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
pub(crate) fn no_tags() -> &'static BTreeMap<String, String> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    &NONE
}

/// The ARN of a role that doesn't exist, in an account.
pub(crate) fn stranger(target: Target<'_>, account: &str) -> Arn {
    let partition = Arn::from(target.resource);
    let partition = partition.partition();
    Arn::from(format!(
        "arn:{partition}:iam::{account}:role/lineward-probe"
    ))
}

/// Whether a policy of the account relies on the team tag of its caller: in a condition's key or as a variable.
pub(crate) fn relies_on_caller_tag(inventory: &Inventory<'_>, cx: &Context<'_>) -> bool {
    let key = format!("aws:PrincipalTag/{}", cx.policy.team_tag);
    let mut statements = inventory
        .documents()
        .flat_map(|document| &document.statements);
    statements.any(|statement| statement.reads_key(&key))
}
