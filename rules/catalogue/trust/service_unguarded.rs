use crate::finding::Fault;
use crate::finding::Severity;
use crate::graph::stranger::NOBODY;
use crate::iam::{Caller, Context as Keys, EMR_SERVERLESS, Principal, Request, Truth};
use crate::remedy::iam::part_services;
use crate::remedy::iam::{guard, mend};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;
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

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, _: &Context<'_>) -> Option<Fault> {
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

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::finding::Severity;
    use crate::subject::bench::{Bench, admit, role};

    const EMR: &str = "Service emr-serverless.amazonaws.com";

    fn trusting(whom: &str, conditions: &str) -> Bench {
        Bench::of([role("ads", "ads").trusting(&admit(whom, conditions))])
    }

    #[test]
    fn another_service_beside_emr_serverless_is_flagged() {
        let guard = "StringEquals aws:SourceAccount 111122223333";
        let bench = trusting(&format!("{EMR} lambda.amazonaws.com"), guard);
        assert_eq!(
            bench.evidence(&RULE),
            "trust policy of `ads`, statement 1: `lambda.amazonaws.com` may assume the role as well"
        );
        assert_eq!(bench.fault(&RULE).severity, None);
    }

    #[test]
    fn emr_serverless_for_any_account_is_low_and_held_to_its_own() {
        let bench = trusting(EMR, "");
        assert_eq!(
            bench.evidence(&RULE),
            "trust policy of `ads`, statement 1: EMR Serverless may assume the role for any account"
        );
        assert_eq!(bench.fault(&RULE).severity, Some(Severity::Low));
        bench.mended(&RULE);
    }

    #[test]
    fn a_guard_by_account_or_by_source_passes() {
        let source = "ArnLike aws:SourceArn arn:aws:emr-serverless:*:111122223333:/applications/*";
        for guard in ["StringEquals aws:SourceAccount 111122223333", source] {
            assert_eq!(trusting(EMR, guard).faults(&RULE), [], "{guard}");
        }
    }

    #[test]
    fn a_role_that_runs_no_jobs_is_not_judged() {
        assert_eq!(
            trusting("Service lambda.amazonaws.com", "").faults(&RULE),
            []
        );
    }
}
