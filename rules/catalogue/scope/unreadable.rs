use crate::estate::{Cause, Scope, Service};
use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// A Region or service could not be read
    ///
    /// Flags each Region and service of an account in which a call failed: denied, throttled to the
    /// last attempt, timed out or refused. What the walk had no time left for, or was told to leave
    /// out, is `unknown`.
    ///
    /// ## Why it matters
    /// What lies there is neither compliant nor not. Findings of earlier runs are kept as `unseen`.
    ///
    /// ## How to fix
    /// Denied: add the action to the member role. Denied by a service control policy: except the
    /// auditor's role from it, or leave the Region out of `[organization] regions`. Throttled: run
    /// again, or lower `[walk] concurrency`. Region not enabled: leave it out.
    "scope-unreadable", Medium, Scope { check }
}

fn check(scope: &Scope, _: &Context<'_>) -> Vec<Fault> {
    if scope.service == Service::Sts {
        return Vec::new();
    }
    let Some(first) = scope.gaps.first() else {
        return Vec::new();
    };
    let more = scope.gaps.len() - 1;
    let more = if more == 0 {
        String::new()
    } else {
        format!(" (and {more} more)")
    };
    let at = first
        .resource
        .as_ref()
        .map(|arn| format!(" of `{arn}`"))
        .unwrap_or_default();
    let evidence = format!(
        "{}{at}: {}: {}{more}",
        first.operation, first.code, first.reason
    );
    let ours = |cause| matches!(cause, Cause::Deadline | Cause::Limit);
    if scope.gaps.iter().all(|gap| ours(gap.cause)) {
        vec![Fault::unknown(evidence)]
    } else {
        vec![Fault::fail(evidence)]
    }
}

/// What is wrong lies in the auditor's permissions, not in a resource of the account.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Arn, Gap, Region};
    use crate::finding::Verdict;
    use crate::subject::rule::bench::verdict;

    fn scope(causes: &[Cause]) -> Scope {
        let gaps = causes.iter().map(|&cause| Gap {
            operation: "GetApplication".into(),
            resource: Some(Arn::from("arn:a")),
            cause,
            code: "ThrottlingException".into(),
            reason: "slow down".into(),
        });
        let region = Region::from("eu-west-1");
        Scope {
            gaps: gaps.collect(),
            ..Scope::audited(region, Service::EmrServerless)
        }
    }

    #[test]
    fn a_scope_that_was_read_passes() {
        assert_eq!(check(&scope(&[]), &Context::example()), []);
    }

    #[test]
    fn gaps_fail_with_the_first_and_the_number_of_others() {
        let cx = Context::example();
        assert_eq!(
            verdict(check(&scope(&[Cause::Throttled]), &cx)),
            Verdict::Fail("GetApplication of `arn:a`: ThrottlingException: slow down".into())
        );
        let three = verdict(check(
            &scope(&[Cause::Throttled, Cause::Denied, Cause::Denied]),
            &cx,
        ));
        assert!(matches!(three, Verdict::Fail(why) if why.ends_with("(and 2 more)")));
    }

    #[test]
    fn what_the_walk_left_out_itself_is_unknown() {
        let verdict = verdict(check(&scope(&[Cause::Deadline]), &Context::example()));
        assert!(matches!(verdict, Verdict::Unknown(_)));
    }

    #[test]
    fn an_account_that_can_not_be_entered_is_another_rule() {
        let entered = Scope {
            service: Service::Sts,
            ..scope(&[Cause::Denied])
        };
        assert_eq!(check(&entered, &Context::example()), []);
    }
}
