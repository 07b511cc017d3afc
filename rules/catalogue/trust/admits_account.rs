use crate::finding::Fault;
use crate::graph::stranger::{admitted, asks_external_id, by_stranger, open, stranger};
use crate::iam::{Principal, Truth};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;
use crate::subject::trust::{guarded, lets_assume, named, target, unknown_keys};

rule! {
    /// A trust policy admits a whole account
    ///
    /// Flags trust policies of a team's roles that name an account (its root user or its number, or everybody
    /// whose `aws:PrincipalAccount` or `aws:PrincipalArn` is of it) and are met by a role of that account without
    /// any tag. Into a role of a team that serves all others may come; who so comes on to another team is said by
    /// `boundary-reachable`, and another organization's account by `trust-admits-foreign-account`. An external id is taken as a guard of its own kind; where
    /// another condition hangs on what can't be known, it is `unknown`.
    ///
    /// ## Why it matters
    /// Every role there that is allowed `sts:AssumeRole` comes in, of whatever team. Who that is, is decided
    /// by others.
    ///
    /// ## How to fix
    /// Name the roles that are meant in `Principal`; or compare `aws:PrincipalTag/<team tag>` with the team,
    /// and `aws:PrincipalArn` with the path of its roles.
    ///
    /// Source: IAM User Guide, "AWS JSON policy elements: Principal".
    "trust-admits-account", High, Statement { check },
    yields_to: [trust::admits_anyone, trust::admits_foreign_account, trust::admits_other_team],
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    if !lets_assume(stated) || cx.policy.is_shared(stated.holder.team) {
        return None;
    }
    let trust = stated.held.document.statements.iter();
    if open(stated.statement, &trust, target(stated), cx).is_some() {
        return None;
    }
    let account = accounts(stated).find_map(|account| {
        let caller = stranger(target(stated), account);
        let request = by_stranger(stated.statement, target(stated), &caller, cx.organization);
        let truth = admitted(stated.statement, trust.clone(), &request);
        let is_vendor = asks_external_id(stated.statement, &trust);
        match truth {
            Truth::True => Some((account, None)),
            Truth::Unknown if !is_vendor => {
                Some((account, Some(unknown_keys(stated.statement, &request))))
            }
            Truth::Unknown | Truth::False => None,
        }
    })?;
    let (account, hangs_on) = account;
    if let Some(keys) = hangs_on {
        let evidence = format!("whether it admits every role of account {account} hangs on {keys}");
        return Some(stated.unknown(&evidence));
    }
    let team = stated.holder.team;
    let callers = stated.inventory.roles.iter().filter(|it| {
        it.role.arn.account() == account && it.team != team && it.speaks_of("sts:AssumeRole")
    });
    let callers: Vec<_> = callers.map(|it| format!("`{}`", it.role.name)).collect();
    let who = match callers.as_slice() {
        [] => String::new(),
        [one] => format!(", {one} of another team or none among them"),
        [one, rest @ ..] => format!(
            ", {one} and {} others of other teams or none among them",
            rest.len()
        ),
    };
    let evidence = format!("it admits every role of account {account} that may assume roles{who}");
    Some(stated.fault(&evidence).mended_by(guarded(stated, cx)))
}

/// The accounts that a statement holds its callers to.
fn accounts<'a>(stated: &StatementSubject<'a>) -> impl Iterator<Item = &'a str> {
    let named = named(stated).iter().filter_map(|it| match it {
        Principal::Account(account) => Some(account.as_str()),
        Principal::Anyone
        | Principal::Identity(_)
        | Principal::Gone(_)
        | Principal::Service(_)
        | Principal::Federated(_)
        | Principal::CanonicalUser(_) => None,
    });
    named.chain(stated.statement.accounts_of_conditions())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, admit, allow, role};

    fn trusting(whom: &str, conditions: &str) -> Bench {
        Bench::of([role("ads", "ads").trusting(&admit(whom, conditions))])
    }

    #[test]
    fn an_account_by_its_number_or_its_root_user_is_flagged() {
        for whom in ["AWS 222233334444", "AWS arn:aws:iam::222233334444:root"] {
            let bench = trusting(whom, "");
            assert_eq!(
                bench.evidence(&RULE),
                "trust policy of `ads`, statement 1: it admits every role of account 222233334444 that \
                 may assume roles"
            );
            bench.mended(&RULE);
        }
    }

    #[test]
    fn callers_of_other_teams_in_the_account_are_told() {
        let caller = role("billing", "billing").may(&allow("sts:AssumeRole", "*", ""));
        let trusting = role("ads", "ads").trusting(&admit("AWS 111122223333", ""));
        let told = Bench::of([trusting, caller]).evidence(&RULE);
        assert!(
            told.ends_with("`billing` of another team or none among them"),
            "{told}"
        );
    }

    #[test]
    fn what_hangs_on_an_unknown_key_is_unknown() {
        let reason = trusting("AWS 222233334444", "IpAddress aws:SourceIp 10.0.0.0/8");
        assert_eq!(
            reason.unknown(&RULE),
            "trust policy of `ads`, statement 1: whether it admits every role of account 222233334444 \
             hangs on `aws:SourceIp`"
        );
    }

    #[test]
    fn a_guard_on_the_caller_and_an_external_id_pass() {
        for conditions in [
            "StringEquals aws:PrincipalTag/Team ads",
            "ArnLike aws:PrincipalArn arn:aws:iam::222233334444:role/ads/*",
            "StringEquals sts:ExternalId 4711",
        ] {
            let bench = trusting("AWS 222233334444", conditions);
            assert_eq!(bench.faults(&RULE), [], "{conditions}");
        }
        let named = trusting("AWS arn:aws:iam::222233334444:role/ads", "");
        assert_eq!(named.faults(&RULE), []);
    }
}
