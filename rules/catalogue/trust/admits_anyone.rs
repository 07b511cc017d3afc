use crate::finding::Fault;
use crate::finding::Severity;
use crate::graph::stranger::{NOBODY, Open, by_stranger, open, stranger};
use crate::iam::Principal;
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::Stated;
use crate::subject::trust::{guarded, lets_assume, named, target, unknown_keys};

rule! {
    /// A trust policy admits anybody
    ///
    /// Flags trust policies of a team's roles that name `*` and are met by a role without tags of any account:
    /// critical where the account may be of another organization, one that `aws:PrincipalOrgID` names
    /// among them, high where `aws:PrincipalOrgID` keeps those
    /// out. Conditions are evaluated, not told by their looks; where they hang on what can't be known, such as an
    /// IP address or an external id, it is `unknown`.
    ///
    /// ## Why it matters
    /// Whoever is allowed `sts:AssumeRole` by an account of their own comes in.
    ///
    /// ## How to fix
    /// Name the roles that are meant in `Principal`; or compare `aws:PrincipalTag/<team tag>` with the team,
    /// and `aws:PrincipalArn` with the path of its roles.
    ///
    /// Source: IAM User Guide, "AWS JSON policy elements: Principal".
    "trust-admits-anyone", Critical, Statement { check }, tells: Effect
}

fn check(stated: &Stated<'_>, cx: &Context<'_>) -> Option<Fault> {
    if !lets_assume(stated) || !named(stated).contains(&Principal::Anyone) {
        return None;
    }
    let fault = |who: &str| {
        let evidence = format!("it admits {who}");
        stated.fault(&evidence).mended_by(guarded(stated, cx))
    };
    let trust = stated.held.document.statements.iter();
    let (open, is_sure) = open(stated.statement, &trust, target(stated), cx)?;
    let who = match open {
        Open::Everybody => "every role of every account of AWS".to_owned(),
        Open::Foreign(id) => format!("every role of the organization `{id}`, which isn't yours"),
        Open::Organization => "every role of the organization".to_owned(),
    };
    let who = who.as_str();
    if !is_sure {
        let caller = stranger(target(stated), NOBODY);
        let request = by_stranger(stated.statement, target(stated), &caller, cx.organization);
        let keys = unknown_keys(stated.statement, &request);
        let fault = stated.unknown(&format!("whether it admits {who} hangs on {keys}"));
        return Some(match open {
            Open::Everybody | Open::Foreign(_) => fault,
            Open::Organization => fault.of_severity(Severity::High),
        });
    }
    Some(match open {
        Open::Everybody | Open::Foreign(_) => fault(who),
        Open::Organization => fault(who).of_severity(Severity::High),
    })
}
