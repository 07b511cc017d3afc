use crate::finding::Fault;
use crate::graph::stranger::{admitted, by_stranger, stranger};
use crate::iam::{Principal, Truth};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::Stated;
use crate::subject::trust::{guarded, lets_assume, named, target, unknown_keys};

rule! {
    /// A trust policy admits a whole account
    ///
    /// Flags trust policies of a team's roles that name an account (its root user or its number) and are met
    /// by a role of that account without any tag. An external id is taken as a guard of its own kind; where
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
    yields_to: [trust::admits_anyone, trust::admits_other_team],
}

fn check(stated: &Stated<'_>, cx: &Context<'_>) -> Option<Fault> {
    if !lets_assume(stated) {
        return None;
    }
    let account = named(stated).iter().find_map(|it| {
        let Principal::Account(account) = it else {
            return None;
        };
        let caller = stranger(target(stated), account);
        let request = by_stranger(stated.statement, target(stated), &caller, cx.organization);
        let trust = stated.held.document.statements.iter();
        let truth = admitted(stated.statement, trust, &request);
        let conditions = &stated.statement.conditions;
        let is_vendor = conditions.iter().any(|it| it.is_on("sts:ExternalId"));
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
