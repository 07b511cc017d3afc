use crate::estate::ReadScope;
use crate::finding::{Fault, Remediation};
use crate::graph::Estate;
use crate::graph::stranger::{by_stranger, stranger};
use crate::iam::{Effect, Inventory, Principal, Truth};
use crate::remedy::iam::{guard, mend};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::Stated;
use crate::subject::trust::{named, target};

rule! {
    /// Whoever assumes a role may choose its team tag
    ///
    /// Flags roles whose trust policy lets the caller pass session tags (`sts:TagSession`) without
    /// holding the team's tag to its own value, where a policy of the estate relies on
    /// `aws:PrincipalTag/<team tag>`.
    ///
    /// ## Why it matters
    /// A session tag overrides the role's tag of the same key. Whoever may assume the role says of himself which
    /// team he is of, and every policy that compares the caller's team believes it.
    ///
    /// ## How to fix
    /// Leave `sts:TagSession` out; or ask for
    /// `"StringEquals": {"aws:RequestTag/<team tag>": "<team>"}`, or list in
    /// `"ForAllValues:StringEquals": {"aws:TagKeys": […]}` the keys that may be passed.
    ///
    /// Source: IAM User Guide, "Pass session tags in AWS STS".
    "session-tag-spoofable", High, Estate { check }
}

fn check(estate: &Estate<'_>, _: &Context<'_>) -> Vec<Fault> {
    let mut relying = estate.accounts.iter().filter(|it| it.relies_on_caller_tag);
    let Some(first) = relying.next() else {
        return Vec::new();
    };
    let faults = estate.accounts.iter().flat_map(|it| it.spoofable.clone());
    faults
        .map(|fault| {
            let relying = ReadScope::roles_of(first.account.as_str());
            fault.read_from([relying])
        })
        .collect()
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
