use std::collections::BTreeMap;

use crate::estate::{AccountId, ReadScope, ReadScopes};
use crate::finding::Fault;
use crate::finding::Verdict;
use crate::graph::{Estate, Node, account_of};
use crate::iam::{Choice, Effect, Principal, Statement, covers_resource};
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// Whether a role stays within its team can't be told
    ///
    /// Says of roles of a team, and of untagged ones that a team's roles come to, what could not be decided, so
    /// that nothing is called clean that wasn't seen: a policy that can't be read, a step into or out of an account
    /// whose roles were not read, a user or a role of IAM Identity Center that its trust policy names, or a job in an application that was not read. It never fails; it is `unknown`.
    ///
    /// ## Why it matters
    /// The path that wasn't seen may be the open one.
    ///
    /// ## How to fix
    /// Let Lineward read the account or the Region that the evidence names (`lineward doctor` says what is missing there).
    "boundary-unproven", Low, Estate { check }
}

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let pivots = estate.reached.values().flat_map(|it| &it.pivots);
    let mut ways: BTreeMap<usize, ReadScopes> = BTreeMap::new();
    for (&pivot, way) in pivots {
        ways.entry(pivot).or_default().extend(way.clone());
    }
    let nodes = estate.nodes.iter().enumerate();
    let nodes = nodes.filter(|(at, it)| it.team.is_some() || ways.contains_key(at));
    let faults = nodes.filter_map(|(at, node)| {
        let reasons = reasons(estate, node, cx);
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

fn reasons(estate: &Estate<'_>, node: &Node, cx: &Context<'_>) -> BTreeMap<String, ReadScopes> {
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
    // A team that serves all is trusted to reach all.
    let is_bounded = !cx.policy.is_shared(node.team.as_deref());
    let assume = node.assume().iter();
    let allowing = assume.filter(|it| is_bounded && it.statement.effect == Effect::Allow);
    for kept in allowing {
        for (what, account, others) in reached(&kept.statement, estate, unread) {
            let more = match others {
                0 => String::new(),
                others => format!(" and of {others} more"),
            };
            let reason = format!(
                "{} allows sts:AssumeRole on {what}, and the roles of account {account}{more} were not read",
                kept.label(node)
            );
            reasons.insert(reason, hangs_on(account));
        }
    }
    for kept in node.trust().iter().filter(|it| it.is_way_in()) {
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
        let callers = names.iter().filter_map(|it| unread_caller(it, estate));
        for caller in callers.filter(|_| kept.statement.effect == Effect::Allow) {
            let reason = format!(
                "{} admits `{caller}`, whose policies and tags were not read",
                kept.label(node)
            );
            reasons.insert(reason, ReadScopes::none());
        }
    }
    reasons
}

/// The accounts whose roles were not read and that a statement may reach: each pattern with the first, and how
/// many there are besides. Patterns are matched with the accounts, for they may hold wildcards anywhere.
fn reached<'s>(
    statement: &'s Statement,
    estate: &'s Estate<'_>,
    unread: impl Fn(&str) -> bool,
) -> Vec<(String, &'s str, usize)> {
    let all = |what: String, covers: &dyn Fn(&str) -> bool| {
        let mut accounts = estate.unread().filter(|it| covers(it));
        let first = accounts.next()?;
        Some((what, first, accounts.count()))
    };
    match &statement.resources {
        Some(Choice::Only(patterns)) => {
            let each = patterns.iter().filter_map(|pattern| {
                let what = format!("`{pattern}`");
                match pattern.split(':').nth(4) {
                    Some(account) if AccountId::is_valid(account) => {
                        let foreign = !estate.is_ours(account) && estate.is_whole;
                        (unread(account) || foreign).then_some((what, account, 0))
                    }
                    _ => all(what, &|account| may_be_of(pattern, account)),
                }
            });
            each.collect()
        }
        Some(Choice::AllBut(but)) => {
            let is_left_out = |account: &str| but.iter().any(|it| is_whole_account(it, account));
            let what = "everything but some".to_owned();
            let found = all(what, &|account| !is_left_out(account));
            found.into_iter().collect()
        }
        None => Vec::new(),
    }
}

/// Whether a pattern may cover a role of an account.
fn may_be_of(pattern: &str, account: &str) -> bool {
    let fields: Vec<&str> = pattern.splitn(6, ':').collect();
    let &[_, _, service, _, home, ..] = fields.as_slice() else {
        // IAM completes what is missing by `*`.
        return pattern.ends_with('*');
    };
    let covers = |pattern: &str, text: &str| {
        let arn = |field: &str| format!("arn:aws:iam::{field}:role");
        pattern.contains("${") || covers_resource(&arn(pattern), &arn(text))
    };
    covers(service, "iam") && covers(home, account)
}

/// Whether a pattern covers all roles of an account.
fn is_whole_account(pattern: &str, account: &str) -> bool {
    let probe = format!("arn:aws:iam::{account}:role/lineward-probe");
    covers_resource(pattern, &probe)
}

/// A user, or a role of IAM Identity Center, of an account that was read: neither is among its roles.
fn unread_caller<'p>(principal: &'p Principal, estate: &Estate<'_>) -> Option<&'p str> {
    let Principal::Identity(arn) = principal else {
        return None;
    };
    let account = account_of(principal)?;
    let is_unread = arn.contains(":user/") || arn.contains("/AWSReservedSSO_");
    let is_read = estate.is_read(account) && estate.find(arn).is_none();
    (is_read && is_unread).then_some(arn.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::bench::{Bench, admit, allow, arn, managed, role, role_in};

    #[test]
    fn a_pattern_is_matched_with_an_account() {
        let covers = |pattern| may_be_of(pattern, "400000000001");
        for pattern in [
            "*",
            "arn:*",
            "arn:aws:iam::*",
            "arn:aws:iam::*:role/*",
            "arn:*:iam::4000*:role/data/*",
            "arn:aws:i?m::40000000000?:role/x",
            "arn:aws:iam::${aws:PrincipalAccount}:role/x",
        ] {
            assert!(covers(pattern), "{pattern}");
        }
        for pattern in [
            "arn:aws:iam::3000*:role/*",
            "arn:aws:s3:::bucket/*",
            "arn:aws:s3::*:x",
            "",
        ] {
            assert!(!covers(pattern), "{pattern}");
        }
    }

    const UNREAD: &str = "333344445555";

    fn to_unread() -> String {
        allow("sts:AssumeRole", "arn:aws:iam::333344445555:role/x", "")
    }

    #[test]
    fn a_step_into_an_account_that_was_not_read_is_unknown() {
        let bench = Bench::of([role("ads", "ads").may(&to_unread())]).unread(UNREAD);
        assert_eq!(
            bench.unknown(&RULE),
            "inline policy `p` of `ads`, statement 1 allows sts:AssumeRole on \
             `arn:aws:iam::333344445555:role/x`, and the roles of account 333344445555 were not read"
        );
        let there = role_in(UNREAD, "x", "ads");
        let read = Bench::of([role("ads", "ads").may(&to_unread()), there]);
        assert_eq!(read.faults(&RULE), []);
    }

    #[test]
    fn a_step_out_of_one_is_unknown_and_out_of_a_foreign_one_is_not() {
        let trusting = || Bench::of([role("ads", "ads").trusting(&admit("AWS 333344445555", ""))]);
        assert_eq!(
            trusting().unread(UNREAD).unknown(&RULE),
            "trust policy of `ads`, statement 1 admits account 333344445555, whose roles were not read"
        );
        assert_eq!(trusting().faults(&RULE), []);
        // It may be one that the list left out.
        assert_eq!(trusting().partial().faults(&RULE).len(), 1);
    }

    #[test]
    fn roles_at_large_are_unknown_as_long_as_an_account_was_not_read() {
        let at_large =
            || Bench::of([role("ads", "ads").may(&allow("sts:*", "arn:aws:iam::*:role/x", ""))]);
        let reason = at_large().unread(UNREAD).unknown(&RULE);
        assert!(reason.ends_with("roles of account 333344445555 were not read"));
        assert_eq!(at_large().faults(&RULE), []);
    }

    #[test]
    fn a_policy_that_was_not_read_is_named() {
        let holding = role("ads", "ads").holding(&managed("gone", "", ""));
        assert_eq!(
            Bench::of([holding]).unknown(&RULE),
            "policy `arn:aws:iam::111122223333:policy/gone` was not read"
        );
    }

    #[test]
    fn an_untagged_role_counts_where_a_teams_jobs_come_to_it() {
        let trust = admit(&format!("AWS {}", arn("ads")), "");
        let untagged = role("middle", "").trusting(&trust).may(&to_unread());
        let alone = Bench::of([role("ads", "ads"), untagged.clone()]).unread(UNREAD);
        assert_eq!(alone.faults(&RULE).len(), 1);
        let stranger = untagged.trusting(&admit("Service lambda.amazonaws.com", ""));
        let alone = Bench::of([role("ads", "ads"), stranger]).unread(UNREAD);
        assert_eq!(alone.faults(&RULE), []);
    }
}
