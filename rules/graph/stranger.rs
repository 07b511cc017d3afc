//! Whom a trust policy admits that it does not name.

use std::collections::BTreeMap;

use crate::estate::Arn;
use crate::graph::{LocatedStatement, Node};

use crate::iam::{
    Caller, Context as Keys, Effect, Known, Principal, Request, Statement, Target, Truth, context,
};
use crate::settings::Context;

/// An account that is nobody's, to see whom a trust policy admits.
pub(crate) const NOBODY: &str = "000000000000";

/// An organization that is nobody's.
pub(crate) const NO_ORGANIZATION: &str = "o-lineward-probe";

/// Whom a statement of a trust policy admits that it doesn't name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strangers<'s> {
    /// A role without tags of any account of the organization.
    Organization,
    /// One of any account of another organization, which its conditions name.
    Foreign(&'s str),
    /// One of any account of AWS.
    Everybody,
}

/// Whether a statement of the trust policy of `target` admits roles of whatever account, and whether that is
/// sure. `trust` is the whole policy: what it denies to everybody is open to nobody.
pub(crate) fn open<'s>(
    statement: &'s Statement,
    trust: &(impl Iterator<Item = &'s Statement> + Clone),
    target: Target<'_>,
    cx: &Context<'_>,
) -> Option<(Strangers<'s>, bool)> {
    let caller = stranger(target, NOBODY);
    let asked = |organization, place: Option<&str>| {
        let mut request = by_stranger(statement, target, &caller, organization);
        if let Some(id) = place {
            let path = format!("{id}/r-lineward/ou-lineward/");
            request.context.set(PATHS, Known::Many(vec![path]));
        }
        admitted(statement, trust.clone(), &request)
    };
    let of = |id| asked(Some(id), Some(id));
    let all = of(NO_ORGANIZATION);
    let ours = asked(cx.organization, None);
    // What takes in a unit that doesn't exist takes in all of them.
    let is_ours = cx.organization.map(of) == Some(Truth::True) || ours == Truth::True;
    // Which organization is another's can be told where one's own is known. Where it isn't, what a condition names
    // is taken for it.
    let mut named = organizations(statement);
    let is_ours = is_ours || cx.organization.is_none() && named.any(|id| of(id) == Truth::True);
    let mut foreign =
        organizations(statement).filter(|it| cx.organization.is_some_and(|own| own != *it));
    if all == Truth::True {
        Some((Strangers::Everybody, true))
    } else if let Some(id) = foreign.find(|id| of(id) == Truth::True) {
        Some((Strangers::Foreign(id), true))
    } else if is_ours {
        Some((Strangers::Organization, true))
    } else if all.may() {
        Some((Strangers::Everybody, false))
    } else {
        ours.may().then_some((Strangers::Organization, false))
    }
}

/// The key with the places in the tree of its organization that a caller's account has.
const PATHS: &str = "aws:PrincipalOrgPaths";

/// The organizations that a statement's conditions name.
fn organizations(statement: &Statement) -> impl Iterator<Item = &str> {
    let conditions = statement.conditions.iter();
    let naming = conditions.filter(|it| it.is_on("aws:PrincipalOrgID") || it.is_on(PATHS));
    let values = naming.flat_map(|it| &it.values);
    let ids = values.filter_map(|it| it.split('/').next());
    ids.filter(|it| !it.contains(['*', '?', '$']))
}

/// Whether a trust policy holds whoever comes by a statement to an external id that not everybody can guess:
/// what any text meets, or none at all, is no guard.
pub(crate) fn asks_external_id<'s>(
    statement: &Statement,
    trust: &(impl Iterator<Item = &'s Statement> + Clone),
) -> bool {
    let key = "sts:ExternalId";
    let is_met = |known: Known<'static>| {
        let mut context = Keys::open();
        context.set(key, known);
        let mut asked = statement.conditions.iter().filter(|it| it.is_on(key));
        let denies = |it: &Statement| {
            let is_asked = it.conditions.iter().any(|it| it.is_on(key));
            it.effect == Effect::Deny && is_asked && it.applies(&context) == Truth::True
        };
        asked.all(|it| it.holds(statement.version, &context) == Truth::True)
            && !trust.clone().any(denies)
    };
    !is_met(Known::Absent) && !is_met(Known::One(GUESS.into()))
}

/// An external id that nobody has agreed on.
const GUESS: &str = "lineward-probe";

/// The external id with which somebody who knows none meets a statement's conditions on it.
fn chosen_external_id(statement: &Statement) -> Known<'static> {
    if asks_external_id(statement, &std::iter::empty()) {
        return Known::Unknown;
    }
    let key = "sts:ExternalId";
    let without = Keys::open().without(key);
    let mut asked = statement.conditions.iter().filter(|it| it.is_on(key));
    if asked.all(|it| it.holds(statement.version, &without) == Truth::True) {
        return Known::Absent;
    }
    Known::One(GUESS.into())
}

/// Whether a statement admits a role without tags of the caller's account as well as the caller: then
/// `trust-admits-account` says so.
pub(crate) fn admits_account(
    kept: &LocatedStatement,
    caller: &Node,
    target: &Node,
    cx: &Context<'_>,
) -> bool {
    let is_account = |it: &Principal| matches!(it, Principal::Account(_));
    let accounts = kept.statement.accounts_of_conditions();
    let names_account =
        kept.statement.named().iter().any(is_account) || accounts.contains(&caller.arn.account());
    let stranger = stranger(target.asked(), caller.arn.account());
    let request = by_stranger(&kept.statement, target.asked(), &stranger, cx.organization);
    names_account && kept.statement.matches(&request) == Truth::True
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
    let mut context = context(caller, no_tags(), target, organization);
    context.set("sts:ExternalId", chosen_external_id(statement));
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
