//! Rules about applications.

use crate::estate::Application;
use crate::lineage::{LineageCheck, Setup};
use crate::settings::Policy;
use crate::spark::Effective;

/// An application with what its rules ask of it, worked out once for all of them.
#[derive(Debug)]
pub struct ApplicationSubject<'a> {
    /// What was read.
    pub application: &'a Application,
    /// The configuration that its jobs start from.
    pub setup: Setup<'a>,
    /// Whether a job run or session was seen in it; nothing where they were not all read.
    pub is_active: Option<bool>,
}

impl<'a> ApplicationSubject<'a> {
    /// Works out what the rules ask.
    pub fn new(
        application: &'a Application,
        policy: &'a Policy,
        checks: &'static [LineageCheck],
    ) -> Self {
        let spark = Effective::of_application(application);
        let image = application.driver_image();
        let setup = Setup::new(
            application,
            &application.release_label,
            image,
            spark,
            policy,
            checks,
        );
        Self {
            application,
            setup,
            is_active: None,
        }
    }
}

/// What the tests of these rules have in common.
#[cfg(test)]
pub(crate) mod bench {
    use std::collections::BTreeMap;

    use super::ApplicationSubject;
    use crate::Policy;
    use crate::estate::Application;
    use crate::finding::{Fault, Verdict};
    use crate::lineage::Setup;
    use crate::remedy::edited;
    use crate::settings::Context;
    use crate::subject::rule::bench::verdict;

    /// The example with keys of its `spark-defaults` set, or removed.
    pub(crate) fn with(changes: &[(&str, Option<&str>)]) -> Application {
        let mut application = Application::example();
        let defaults = &mut application.runtime_configuration[0].properties;
        for &(key, value) in changes {
            match value {
                Some(value) => drop(defaults.insert(key.into(), value.into())),
                None => drop(defaults.remove(key)),
            }
        }
        application
    }

    /// What makes of the example an application with `OpenLineage` alone.
    pub(crate) fn open_lineage() -> Vec<(&'static str, Option<&'static str>)> {
        vec![
            (
                "spark.jars",
                Some("s3://b/openlineage-spark_2.12-1.24.2.jar"),
            ),
            ("spark.sql.queryExecutionListeners", None),
            (
                "spark.extraListeners",
                Some("io.openlineage.spark.agent.OpenLineageSparkListener"),
            ),
            ("spark.openlineage.transport.type", Some("http")),
            (
                "spark.openlineage.transport.url",
                Some("https://lineage.example"),
            ),
        ]
    }

    type Lineage = for<'a> fn(&Setup<'a>, &Context<'_>) -> Vec<Fault>;
    type Check = for<'a> fn(&ApplicationSubject<'a>, &Context<'_>) -> Vec<Fault>;

    pub(crate) fn lineage(check: Lineage, application: &Application) -> Verdict {
        lineage_under(check, application, Context::example().policy)
    }

    pub(crate) fn lineage_under(
        check: Lineage,
        application: &Application,
        policy: &Policy,
    ) -> Verdict {
        verdict(faults_under(check, application, policy))
    }

    fn faults_under(check: Lineage, application: &Application, policy: &Policy) -> Vec<Fault> {
        let cx = Context {
            policy,
            ..Context::example()
        };
        let judged =
            ApplicationSubject::new(application, policy, crate::catalogue::lineage_checks());
        check(&judged.setup, &cx)
    }

    /// The `spark-defaults` of the application after the edits that mend its fault.
    pub(crate) fn mended_under(
        check: Lineage,
        application: &Application,
        policy: &Policy,
    ) -> BTreeMap<String, String> {
        let fault = faults_under(check, application, policy).pop().unwrap();
        let mended = edited(application, &fault.remedy.into_edits());
        mended.runtime_configuration[0].properties.clone()
    }

    pub(crate) fn mended(check: Lineage, application: &Application) -> BTreeMap<String, String> {
        mended_under(check, application, Context::example().policy)
    }

    pub(crate) fn judged(check: Check, application: &Application) -> Verdict {
        judged_under(check, application, Context::example().policy)
    }

    pub(crate) fn judged_under(
        check: Check,
        application: &Application,
        policy: &Policy,
    ) -> Verdict {
        let cx = Context {
            policy,
            ..Context::example()
        };
        verdict(check(
            &ApplicationSubject::new(application, policy, crate::catalogue::lineage_checks()),
            &cx,
        ))
    }
}
