use std::collections::BTreeSet;

use crate::estate::AccountId;
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
    /// that nothing is called clean that wasn't seen: a policy that can't be read, or a step into or out of an
    /// account whose roles were not read. It never fails; it is `unknown`.
    ///
    /// ## Why it matters
    /// The path that wasn't seen may be the open one.
    ///
    /// ## How to fix
    /// Let Lineward read the account that the evidence names (`lineward doctor` says what is missing there).
    "boundary-unproven", Low, Estate { check }
}

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let teams = estate.teams();
    let pivots = teams
        .iter()
        .flat_map(|team| estate.reached(team, cx).pivots);
    let pivots: BTreeSet<_> = pivots.map(|(pivot, _)| pivot).collect();
    let nodes = estate.nodes.iter().enumerate();
    let nodes = nodes.filter(|(at, it)| it.team.is_some() || pivots.contains(at));
    let faults = nodes.filter_map(|(_, node)| {
        let reasons = reasons(estate, node);
        if reasons.is_empty() {
            return None;
        }
        let reasons: Vec<_> = reasons.into_iter().collect();
        let fault = node.fault(String::new());
        Some(Fault {
            verdict: Verdict::Unknown(reasons.join("; ")),
            ..fault
        })
    });
    faults.collect()
}

fn reasons(estate: &Estate<'_>, node: &Node) -> BTreeSet<String> {
    let mut reasons: BTreeSet<String> = node.unread.iter().cloned().collect();
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
                    reasons.insert(format!(
                        "{} allows sts:AssumeRole on `{pattern}`, and the roles of account {account} \
                         were not read",
                        kept.label(node)
                    ));
                }
            } else if unread(account) || foreign {
                reasons.insert(format!(
                    "{} allows sts:AssumeRole on `{pattern}`, and the roles of account {account} were \
                     not read",
                    kept.label(node)
                ));
            }
        }
    }
    for kept in node.trust() {
        let names = kept.statement.named();
        let accounts = names.iter().filter_map(account_of);
        let accounts = accounts.chain(kept.statement.accounts_of_conditions());
        for account in accounts.filter(|it| unread(it)) {
            reasons.insert(format!(
                "{} admits account {account}, whose roles were not read",
                kept.label(node)
            ));
        }
    }
    reasons
}
