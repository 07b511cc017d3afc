use crate::finding::Fault;
use crate::iam::{is_identity_center, is_service_linked};
use crate::settings::Context;
use crate::subject::job_run::JobRunSubject;
use crate::subject::rule::rule;

rule! {
    /// The role that a job ran as is gone
    ///
    /// Flags jobs whose execution role of the same account is not among the account's roles. Where IAM was not
    /// read whole, it can't be told and nothing is flagged.
    ///
    /// ## Why it matters
    /// The next run fails, and whose rights the last one had can't be told any more. Whoever may create roles
    /// can put one of his own in its place.
    ///
    /// ## How to fix
    /// Start the job with a role that exists, or stop starting it.
    ///
    /// Source: EMR Serverless User Guide, "Job runtime roles for Amazon EMR Serverless".
    "job-run-role-unresolved", Low, JobRun { check }, reads: Roles
}

/// Which role is meant is for the job's owner to say.
fn check<'a>(ran: &JobRunSubject<'a>, _: &Context<'a>) -> Vec<Fault> {
    let arn = &ran.run.execution_role;
    let own = ran.started.application.arn.account();
    let is_excluded = is_service_linked(arn) || is_identity_center(arn);
    let should_be = arn.account() == own && !is_excluded && ran.roles.looked_at(arn);
    if !should_be || ran.roles.find(arn).is_some() {
        return Vec::new();
    }
    vec![Fault::fail(format!("ran as `{arn}`, which doesn't exist"))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, JobRun};
    use crate::finding::Verdict;
    use crate::subject::job_run::bench::{judged, judged_among, role};

    fn among(execution_role: &str, name: &str) -> Verdict {
        let run = JobRun {
            execution_role: execution_role.into(),
            ..JobRun::example()
        };
        let roles = vec![role(name, "ads")];
        judged_among(check, &run, &Application::example(), roles)
    }

    #[test]
    fn a_role_that_is_not_there_fails() {
        let arn = "arn:aws:iam::111122223333:role/exec";
        assert_eq!(among(arn, "exec"), Verdict::Pass);
        let fact = format!("ran as `{arn}`, which doesn't exist");
        assert_eq!(among(arn, "other"), Verdict::Fail(fact));
    }

    #[test]
    fn what_was_not_looked_at_passes() {
        let policy = Context::example().policy;
        assert_eq!(judged(check, &JobRun::example(), policy), Verdict::Pass);
        for arn in [
            "arn:aws:iam::222222222222:role/exec",
            "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/X",
        ] {
            assert_eq!(among(arn, "other"), Verdict::Pass, "{arn}");
        }
    }
}
