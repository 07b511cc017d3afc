use crate::finding::Fault;
use crate::finding::Severity;
use crate::graph::stranger::NOBODY;
use crate::iam::{Caller, Context as Keys, EMR_SERVERLESS, Principal, Request, Truth};
use crate::remedy::iam::part_services;
use crate::remedy::iam::{guard, mend};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::Stated;
use crate::subject::trust::{lets_assume, named};

rule! {
    /// An execution role's trust in services is wider than it needs to be
    ///
    /// Flags roles of a team that EMR Serverless may assume: medium where another service may as well, low
    /// where neither `aws:SourceAccount` nor `aws:SourceArn` holds EMR Serverless to this account.
    ///
    /// ## Why it matters
    /// Another service that may assume the role runs code with its rights where no lineage is kept. Without
    /// `aws:SourceAccount`, the service could be made to act for another account; that a role can be passed
    /// within its own account only keeps this from being worse.
    ///
    /// ## How to fix
    /// Leave the other services out, and add `"StringEquals": {"aws:SourceAccount": "<account>"}`.
    ///
    /// Source: IAM User Guide, "The confused deputy problem". That EMR Serverless passes `aws:SourceArn` isn't
    /// documented, so it is never asked for.
    "trust-service-unguarded", Medium, Statement { check }
}

fn check(stated: &Stated<'_>, _: &Context<'_>) -> Option<Fault> {
    if !lets_assume(stated) || !stated.holder.is_execution {
        return None;
    }
    let services = named(stated).iter().filter_map(Principal::service);
    let other = services.clone().find(|it| *it != EMR_SERVERLESS);
    if let Some(other) = other {
        let evidence = format!("`{other}` may assume the role as well");
        return Some(stated.fault(&evidence));
    }
    let foreign = Request {
        action: "sts:AssumeRole",
        resource: stated.holder.role.arn.as_str(),
        caller: Caller::Service(EMR_SERVERLESS),
        context: Keys::open().with("aws:SourceAccount", NOBODY),
    };
    let open = services.count() > 0 && stated.statement.matches(&foreign) == Truth::True;
    open.then(|| {
        let account = stated.inventory.account.id.as_str();
        let role = stated.holder.role;
        let fix = mend(
            stated.held.name,
            role,
            stated.statement.index,
            |list, at| {
                let at = part_services(list, at);
                guard(list, at, &[("StringEquals", "aws:SourceAccount", account)]);
            },
        );
        let evidence = "EMR Serverless may assume the role for any account";
        let fault = stated.fault(evidence).of_severity(Severity::Low);
        fault.mended_by(fix)
    })
}
