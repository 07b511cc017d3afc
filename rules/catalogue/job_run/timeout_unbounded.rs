use crate::finding::Fault;
use crate::remedy::{Parameter, start_with};
use crate::settings::Context;
use crate::subject::job_run::JobRunSubject;
use crate::subject::rule::rule;

rule! {
    /// A job may run for ever
    ///
    /// Flags batch jobs whose execution timeout is 0, which is none, or longer than `minutes` of
    /// `[rules.job-run-timeout-unbounded]`, where that is set. Without one, the service stops a job after 12
    /// hours. Streaming jobs are meant to run on.
    ///
    /// ## Why it matters
    /// A job that hangs holds its workers, and is paid for, until somebody notices.
    ///
    /// ## How to fix
    /// Start the job with `executionTimeoutMinutes` somewhat above what it takes on a bad day.
    ///
    /// Source: EMR Serverless API, `StartJobRun`.
    "job-run-timeout-unbounded", Low, JobRun { check }, parameters: TimeoutUnbounded
}

fn check<'a>(ran: &JobRunSubject<'a>, cx: &Context<'a>) -> Vec<Fault> {
    let most = cx.policy.rules.timeout_unbounded.minutes;
    let streaming = ran.run.mode.as_deref() == Some("STREAMING");
    let evidence = match (ran.run.execution_timeout_minutes, most) {
        _ if streaming => return Vec::new(),
        (Some(0), _) => "its execution timeout is 0, which is none".to_owned(),
        (Some(minutes), Some(most)) if minutes > most => {
            format!("its execution timeout is {minutes} minutes, more than {most}")
        }
        _ => return Vec::new(),
    };
    // As long as is allowed, or the service's default: what the job takes is for its owner to say.
    let mended = start_with(ran.run, &[Parameter::Timeout(most.unwrap_or(720))]);
    vec![Fault::fail(evidence).mended_by(mended)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::JobRun;
    use crate::finding::Verdict;
    use crate::subject::job_run::bench::judged;

    fn verdict(minutes: Option<i64>, mode: &str, most: Option<i64>) -> Verdict {
        let run = JobRun {
            execution_timeout_minutes: minutes,
            mode: Some(mode.into()),
            ..JobRun::example()
        };
        let mut policy = crate::Policy::default();
        policy.rules.timeout_unbounded.minutes = most;
        judged(check, &run, &policy)
    }

    #[test]
    fn none_fails_and_the_default_passes() {
        assert_eq!(verdict(None, "BATCH", None), Verdict::Pass);
        assert_eq!(verdict(Some(10_000), "BATCH", None), Verdict::Pass);
        assert!(matches!(verdict(Some(0), "BATCH", None), Verdict::Fail(_)));
        assert_eq!(verdict(Some(0), "STREAMING", None), Verdict::Pass);
    }

    #[test]
    fn the_threshold_itself_passes() {
        assert_eq!(verdict(Some(60), "BATCH", Some(60)), Verdict::Pass);
        assert!(matches!(
            verdict(Some(61), "BATCH", Some(60)),
            Verdict::Fail(_)
        ));
    }
}
