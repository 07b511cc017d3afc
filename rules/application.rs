//! Rules about applications.

use crate::estate::Application;
use crate::lineage::Setup;
use crate::policy::Policy;
use crate::rule::Rule;
use crate::spark::Effective;

mod auto_stop_disabled;
mod capacity_unbounded;
mod idle_timeout_long;
mod image_unapproved;
mod image_unsupported;
mod initial_capacity_idle;
mod interactive_endpoint_unaudited;
mod lineage_agent_missing;
mod lineage_agent_wrong_release;
mod lineage_disabled;
mod lineage_listener_misplaced;
mod lineage_listener_missing;
mod lineage_transport_incomplete;
mod log_plugin_missing;
mod logs_disabled;
mod spline_agent_ambiguous;
mod spline_agent_missing;
mod spline_agent_outdated;
mod spline_agent_unrecognized;
mod spline_agent_wrong_release;
mod spline_disabled;
mod spline_dispatcher_incomplete;
mod spline_dispatcher_unapproved;
mod spline_key_ignored;
mod spline_listener_missing;
mod spline_mode_invalid;
mod spline_release_unsupported;
mod team_missing;
mod team_unknown;

pub(crate) static RULES: &[&Rule] = &[
    &spline_agent_missing::RULE,
    &spline_agent_unrecognized::RULE,
    &spline_agent_ambiguous::RULE,
    &spline_agent_wrong_release::RULE,
    &spline_agent_outdated::RULE,
    &spline_listener_missing::RULE,
    &spline_disabled::RULE,
    &spline_mode_invalid::RULE,
    &spline_dispatcher_incomplete::RULE,
    &spline_dispatcher_unapproved::RULE,
    &spline_key_ignored::RULE,
    &spline_release_unsupported::RULE,
    &lineage_agent_missing::RULE,
    &lineage_agent_wrong_release::RULE,
    &lineage_listener_missing::RULE,
    &lineage_listener_misplaced::RULE,
    &lineage_disabled::RULE,
    &lineage_transport_incomplete::RULE,
    &interactive_endpoint_unaudited::RULE,
    &team_missing::RULE,
    &team_unknown::RULE,
    &image_unapproved::RULE,
    &image_unsupported::RULE,
    &logs_disabled::RULE,
    &log_plugin_missing::RULE,
    &capacity_unbounded::RULE,
    &auto_stop_disabled::RULE,
    &idle_timeout_long::RULE,
    &initial_capacity_idle::RULE,
];

/// An application with what its rules ask of it, worked out once for all of them.
#[derive(Debug)]
pub struct Judged<'a> {
    /// What was read.
    pub application: &'a Application,
    /// The configuration that its jobs start from.
    pub setup: Setup<'a>,
    /// Whether a job run or session was seen in it; nothing where they were not all read.
    pub is_active: Option<bool>,
}

impl<'a> Judged<'a> {
    /// Works out what the rules ask.
    pub fn new(application: &'a Application, policy: &'a Policy) -> Self {
        let spark = Effective::of_application(application);
        let image = application.driver_image();
        let setup = Setup::new(
            application,
            &application.release_label,
            image,
            spark,
            policy,
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
    use super::Judged;
    use crate::Policy;
    use crate::estate::Application;
    use crate::finding::Verdict;
    use crate::lineage::Setup;
    use crate::rule::Context;

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

    type Lineage = for<'a> fn(&Setup<'a>, &Context<'_>) -> Verdict;
    type Check = for<'a> fn(&Judged<'a>, &Context<'_>) -> Verdict;

    pub(crate) fn lineage(check: Lineage, application: &Application) -> Verdict {
        let cx = Context::example();
        check(&Judged::new(application, cx.policy).setup, &cx)
    }

    pub(crate) fn lineage_under(
        check: Lineage,
        application: &Application,
        policy: &Policy,
    ) -> Verdict {
        let cx = Context {
            policy,
            ..Context::example()
        };
        check(&Judged::new(application, policy).setup, &cx)
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
        check(&Judged::new(application, policy), &cx)
    }
}
