use std::collections::BTreeMap;

use crate::estate::{AccountId, ReadScope, ReadScopes};
use crate::finding::Fault;
use crate::finding::Verdict;
use crate::graph::{Estate, Node, account_of};
use crate::iam::Effect;
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// Whether a role stays within its team can't be told
    ///
    /// Says of roles of a team, and of those of nobody that a team's jobs come to, what could not be decided, so
    /// that nothing is called clean that wasn't seen: a policy that can't be read, a step into or out of an account
    /// whose roles were not read, or a job in an application that was not read. It never fails; it is `unknown`.
    ///
    /// ## Why it matters
    /// The path that wasn't seen may be the open one.
    ///
    /// ## How to fix
    /// Let Lineward read the account or the Region that the evidence names (`lineward doctor` says what is missing there).
    "boundary-unproven", Low, Estate { check }
}

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let teams = estate.teams();
    let pivots = teams
        .iter()
        .flat_map(|team| estate.reached(team, cx).pivots);
    let mut ways: BTreeMap<usize, ReadScopes> = BTreeMap::new();
    for (pivot, way) in pivots {
        ways.entry(pivot).or_default().extend(way);
    }
    let nodes = estate.nodes.iter().enumerate();
    let nodes = nodes.filter(|(at, it)| it.team.is_some() || ways.contains_key(at));
    let faults = nodes.filter_map(|(at, node)| {
        let reasons = reasons(estate, node);
        if reasons.is_empty() {
            return None;
        }
        let fault = node.fault(String::new());
        let way = ways.get(&at).filter(|_| node.team.is_none());
        let read_from = reasons.values().chain(way).flatten().cloned();
        let read_from: ReadScopes = read_from.collect();
        let reasons: Vec<_> = reasons.into_keys().collect();
        Some(Fault {
            verdict: Verdict::Unknown(reasons.join("; ")),
            ..fault.read_from(read_from)
        })
    });
    faults.collect()
}

fn reasons(estate: &Estate<'_>, node: &Node) -> BTreeMap<String, ReadScopes> {
    let unread = node.unread.iter().cloned();
    let mut reasons: BTreeMap<_, _> = unread.map(|it| (it, ReadScopes::none())).collect();
    let submission = node.unread_submission.iter();
    reasons.extend(submission.map(|it| (it.reason.clone(), it.read_from.clone())));
    // Whether an account is one of the organization's says its list; whose roles were not read must be, then.
    let listed = ReadScope::organization_of(node.arn.account());
    let hangs_on = |account: &str| -> ReadScopes {
        let ours = estate
            .is_ours(account)
            .then(|| ReadScope::roles_of(account));
        ours.into_iter().chain([listed.clone()]).collect()
    };
    // Of an account that isn't ours nothing is ever read, and the rules on trust say so.
    let unread = |account: &str| {
        estate.is_ours(account) && !estate.is_read(account)
            || !estate.is_ours(account) && !estate.is_whole
    };
    let assume = node.assume();
    let allowing = assume
        .iter()
        .filter(|it| it.statement.effect == Effect::Allow);
    for kept in allowing {
        let resources = kept.statement.resources.iter();
        for pattern in resources.flat_map(crate::iam::Choice::patterns) {
            let account = pattern.split(':').nth(4).unwrap_or_default();
            let is_account = AccountId::is_valid(account);
            let foreign = !estate.is_ours(account) && estate.is_whole;
            if !is_account && account != "*" && !account.contains('?') {
                continue;
            }
            if !is_account {
                if let Some(account) = estate.unread().next() {
                    let reason = format!(
                        "{} allows sts:AssumeRole on `{pattern}`, and the roles of account {account} \
                         were not read",
                        kept.label(node)
                    );
                    reasons.insert(reason, hangs_on(account));
                }
            } else if unread(account) || foreign {
                let reason = format!(
                    "{} allows sts:AssumeRole on `{pattern}`, and the roles of account {account} were \
                     not read",
                    kept.label(node)
                );
                reasons.insert(reason, hangs_on(account));
            }
        }
    }
    for kept in node.trust() {
        let names = kept.statement.named();
        let accounts = names.iter().filter_map(account_of);
        let accounts = accounts.chain(kept.statement.accounts_of_conditions());
        for account in accounts.filter(|it| unread(it)) {
            let reason = format!(
                "{} admits account {account}, whose roles were not read",
                kept.label(node)
            );
            reasons.insert(reason, hangs_on(account));
        }
    }
    reasons
}
