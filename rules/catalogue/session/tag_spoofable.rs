use crate::finding::{Fault, Remediation};
use crate::graph::stranger::{by_stranger, stranger};
use crate::graph::{Estate, Spoofable};
use crate::iam::{
    Choice, Context as Keys, Effect, Holder, Inventory, Known, Principal, Statement, Tags, Truth,
};
use crate::remedy::iam::{guard, mend};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::Stated;
use crate::subject::trust::{named, target};

rule! {
    /// Whoever assumes a role may choose its team tag
    ///
    /// Flags roles whose trust policy lets the caller pass session tags (`sts:TagSession`) without
    /// holding the team's tag to its own value, where a policy compares `aws:PrincipalTag/<team tag>` that the session
    /// can meet: one of the role's own, on data or on roles to pass and assume, or the trust policy of another team's
    /// role that lets it in.
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
    "session-tag-spoofable", Critical, Estate { check }
}

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let spoofable = estate.accounts.iter().flat_map(|it| &it.spoofable);
    let faults = spoofable.filter_map(|it| {
        if let Some(opens) = &it.opens {
            return Some(it.fault.clone().noting(&format!(", and {opens}")));
        }
        let from = estate.find(it.role.as_str())?;
        let (to, team) = estate.assumed_by_tag(from, cx)?;
        let target = estate.node(to)?;
        let reached = format!(", and so assumes `{}` of team `{team}`", target.arn);
        let fault = it.fault.clone().noting(&reached);
        Some(fault.read_from(estate.roles_of(&[from, to])))
    });
    faults.collect()
}

/// The trust that lets the caller choose its team tag.
pub(crate) fn spoofable(inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Spoofable> {
    let mut found = Vec::new();
    for holder in &inventory.roles {
        let Some(held) = &holder.trust else {
            continue;
        };
        let statements = held.document.statements.iter();
        let faults = statements.filter_map(|statement| {
            let stated = Stated {
                inventory,
                holder,
                held,
                statement,
            };
            spoof(&stated, cx)
        });
        let mut faults = faults.peekable();
        if faults.peek().is_none() {
            continue;
        }
        let opens = opens(holder, inventory, cx);
        found.extend(faults.map(|fault| Spoofable {
            role: holder.role.arn.clone(),
            fault,
            opens: opens.clone(),
        }));
    }
    found
}

/// What a chosen team tag opens to a role within its account: what its own policies compare with it, or another
/// team's execution role.
fn opens(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Option<String> {
    let key = format!("aws:PrincipalTag/{}", cx.policy.team_tag);
    let compared = holder.policies.iter().find_map(|held| {
        let statements = held.document.statements.iter();
        let mut allows = statements.filter(|it| it.effect == Effect::Allow);
        let comparing = allows.find(|it| is_about_data(it) && meets(it, &key, holder.team, cx))?;
        Some(format!("{}, {} compares it", held.name, comparing.label()))
    });
    compared.or_else(|| {
        let targets = inventory
            .roles
            .iter()
            .filter(|it| it.is_execution && it.team != holder.team);
        let mut targets = targets.filter_map(|it| Some((it, it.team?)));
        targets.find_map(|(target, team)| {
            let (mut request, plain) = inventory.pass(holder, target, Tags::Honoured);
            let known = Known::One(team.to_owned().into());
            request.context.set(key.clone(), known);
            let is_agreed = holder.team.is_some()
                && !cx
                    .policy
                    .crosses(holder.team, target.team, &target.role.arn, cx.now);
            let opens = !is_agreed && !plain.access.may() && holder.may(&request).access.may();
            opens.then(|| format!("so passes `{}` of team `{team}`", target.role.arn))
        })
    })
}

/// Whether what a statement says of the caller's team may be met by a session of another team than the role's.
fn meets(statement: &Statement, key: &str, own: Option<&str>, cx: &Context<'_>) -> bool {
    let known = cx.policy.teams.iter().map(String::as_str);
    let mut others = known
        .chain(["lineward-probe"])
        .filter(|it| Some(*it) != own);
    let is_met = |team: &str| {
        let context = Keys::open().with(key.to_owned(), team.to_owned());
        let mut asked = statement.conditions.iter().filter(|it| it.is_on(key));
        asked.all(|it| it.holds(statement.version, &context).may())
    };
    statement.reads_key(key) && others.any(is_met)
}

/// Whether a statement is about more than roles and jobs, of which it can be seen what they come to.
fn is_about_data(statement: &Statement) -> bool {
    let decided = ["iam:", "sts:", "emr-serverless:"];
    let is_decided = |it: &String| {
        let it = it.to_ascii_lowercase();
        decided.iter().any(|service| it.starts_with(service))
    };
    match &statement.actions {
        Choice::Only(actions) => !actions.iter().all(is_decided),
        Choice::AllBut(_) => true,
    }
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
