use crate::estate::{Cause, Gap, Scope, Service};
use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// The account could not be entered
    ///
    /// Flags accounts whose member role could not be assumed. An account that the walk had no time
    /// left for is `unknown`.
    ///
    /// ## Why it matters
    /// Nothing is known of any application in it. Findings of earlier runs are kept as `unseen`:
    /// they are neither resolved nor confirmed.
    ///
    /// ## How to fix
    /// Deploy the member role to the account. A StackSet with service-managed permissions leaves out
    /// the management account, which needs a stack of its own. Where the role exists, compare its
    /// trust policy with the auditor's role and external id.
    "account-unreachable", High, Scope { check }
}

fn check(scope: &Scope, _: &Context<'_>) -> Vec<Fault> {
    let Some(gap) = gap(scope) else {
        return Vec::new();
    };
    let evidence = format!("{}: {}: {}", gap.operation, gap.code, gap.reason);
    if gap.cause == Cause::Deadline {
        vec![Fault::unknown(evidence)]
    } else {
        vec![Fault::fail(evidence)]
    }
}

fn gap(scope: &Scope) -> Option<&Gap> {
    scope.gaps.first().filter(|_| scope.service == Service::Sts)
}

/// What is wrong lies in the account's role or network, which can't be seen from here.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Region;
    use crate::finding::Verdict;
    use crate::subject::rule::bench::verdict;

    fn scope(service: Service, cause: Cause) -> Scope {
        let gap = Gap {
            operation: "AssumeRole".into(),
            resource: None,
            cause,
            code: "AccessDenied".into(),
            reason: "not authorized".into(),
        };
        Scope {
            gaps: vec![gap],
            ..Scope::audited(Region::global(), service)
        }
    }

    #[test]
    fn only_a_role_that_can_not_be_assumed_fails() {
        let cx = Context::example();
        assert_eq!(
            verdict(check(&Scope::audited(Region::global(), Service::Sts), &cx)),
            Verdict::Pass
        );
        assert_eq!(
            verdict(check(&scope(Service::Iam, Cause::Denied), &cx)),
            Verdict::Pass
        );
        assert_eq!(
            verdict(check(&scope(Service::Sts, Cause::Denied), &cx)),
            Verdict::Fail("AssumeRole: AccessDenied: not authorized".into())
        );
    }

    #[test]
    fn an_account_that_no_time_was_left_for_is_unknown() {
        let verdict = verdict(check(
            &scope(Service::Sts, Cause::Deadline),
            &Context::example(),
        ));
        assert!(matches!(verdict, Verdict::Unknown(_)));
    }
}
