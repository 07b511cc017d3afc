use crate::estate::{Cause, Gap, Scope, Service};
use crate::finding::{Remediation, Verdict};
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
    "account-unreachable", High, Scope { check, fix }
}

fn check(scope: &Scope, _: &Context<'_>) -> Verdict {
    let Some(gap) = gap(scope) else {
        return Verdict::Pass;
    };
    let evidence = format!("{}: {}: {}", gap.operation, gap.code, gap.reason);
    if gap.cause == Cause::Deadline {
        Verdict::Unknown(evidence)
    } else {
        Verdict::Fail(evidence)
    }
}

fn gap(scope: &Scope) -> Option<&Gap> {
    scope.gaps.first().filter(|_| scope.service == Service::Sts)
}

/// What is wrong lies in the account's role or network, which can't be seen from here.
fn fix(_: &Scope, _: &Context<'_>) -> Remediation {
    Remediation::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Region;

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
            check(&Scope::audited(Region::global(), Service::Sts), &cx),
            Verdict::Pass
        );
        assert_eq!(
            check(&scope(Service::Iam, Cause::Denied), &cx),
            Verdict::Pass
        );
        assert_eq!(
            check(&scope(Service::Sts, Cause::Denied), &cx),
            Verdict::Fail("AssumeRole: AccessDenied: not authorized".into())
        );
    }

    #[test]
    fn an_account_that_no_time_was_left_for_is_unknown() {
        let verdict = check(&scope(Service::Sts, Cause::Deadline), &Context::example());
        assert!(matches!(verdict, Verdict::Unknown(_)));
    }
}
