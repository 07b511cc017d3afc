//! Rules about job runs.
//!
//! Runs repeat. Those of one job make one finding, by the latest of them, with a count of the others.

use crate::application::Judged;
use crate::estate::JobRun;
use crate::lineage::Started;
use crate::policy::Policy;
use crate::rule::Rule;
use crate::spark::{Starter, Submit, SubmitError};

mod artifact_unpinned;
mod artifact_unversioned;
mod drops_lineage;
mod timeout_unbounded;

pub(crate) static RULES: &[&Rule] = &[
    &drops_lineage::RULE,
    &artifact_unversioned::RULE,
    &artifact_unpinned::RULE,
    &timeout_unbounded::RULE,
];

/// A job run with what its rules ask of it.
#[derive(Debug)]
pub struct Ran<'a> {
    /// What was read.
    pub run: &'a JobRun,
    /// What it makes of its application's lineage.
    pub started: Started<'a>,
}

impl<'a> Ran<'a> {
    /// Works out what the rules ask. `submit` is what [`submitted`] gives.
    pub fn new(
        run: &'a JobRun,
        application: &'a Judged<'a>,
        submit: &'a Result<Submit, SubmitError>,
        policy: &'a Policy,
    ) -> Self {
        let started = Started::new(
            Starter::Job,
            application,
            &run.release_label,
            &run.configuration,
            submit,
            run.driver_image(),
            policy,
        );
        Self { run, started }
    }
}

/// The submit parameters of a run, read.
pub(crate) fn submitted(run: &JobRun) -> Result<Submit, SubmitError> {
    let submit = run.spark_submit.as_ref();
    let parameters = submit.and_then(|submit| submit.parameters.as_deref());
    parameters.map_or_else(|| Ok(Submit::default()), Submit::parse)
}

/// A rule with one cause only.
fn only_cause(_: &Ran<'_>, _: &crate::rule::Context<'_>) -> &'static str {
    ""
}

/// What the tests of these rules have in common.
#[cfg(test)]
pub(crate) mod bench {
    use super::{Ran, submitted};
    use crate::application::Judged;
    use crate::estate::{Application, JobRun, SparkSubmit};
    use crate::finding::Verdict;
    use crate::policy::Policy;
    use crate::rule::Context;

    /// The example with another driver.
    pub(crate) fn with(change: impl FnOnce(&mut SparkSubmit)) -> JobRun {
        let mut run = JobRun::example();
        change(run.spark_submit.as_mut().unwrap());
        run
    }

    pub(crate) fn judged(
        check: for<'a> fn(&Ran<'a>, &Context<'a>) -> Verdict,
        run: &JobRun,
        policy: &Policy,
    ) -> Verdict {
        let cx = Context {
            policy,
            ..Context::example()
        };
        let application = Application::example();
        let judged = Judged::new(&application, policy);
        let submit = submitted(run);
        check(&Ran::new(run, &judged, &submit, policy), &cx)
    }
}
