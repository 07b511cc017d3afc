//! Rules about applications.

use crate::agent::Agents;
use crate::estate::Application;
use crate::policy::Policy;
use crate::release::Release;
use crate::rule::Rule;
use crate::spark::Effective;

mod spline_agent_missing;
mod spline_agent_wrong_release;
mod spline_disabled;
mod spline_listener_missing;
mod spline_release_unsupported;
mod team_missing;
mod team_unknown;

pub(crate) static RULES: &[&Rule] = &[
    &spline_agent_missing::RULE,
    &spline_agent_wrong_release::RULE,
    &spline_disabled::RULE,
    &spline_listener_missing::RULE,
    &spline_release_unsupported::RULE,
    &team_missing::RULE,
    &team_unknown::RULE,
];

/// An application with what its rules ask of it, worked out once for all of them.
#[derive(Debug)]
pub struct Judged<'a> {
    /// What was read.
    pub application: &'a Application,
    /// The configuration that its jobs start from.
    pub spark: Effective<'a>,
    /// The Spline artifacts in that configuration.
    pub agents: Agents<'a>,
    /// What its release runs, if the data knows it.
    pub release: Option<&'a Release>,
    /// Whether no public agent is built for its release.
    without_bundle: bool,
}

impl<'a> Judged<'a> {
    /// Works out what the rules ask.
    pub fn new(application: &'a Application, policy: &'a Policy) -> Self {
        let spark = Effective::of_application(application);
        let agents = Agents::find(&spark, &policy.agents);
        let release = policy.releases.find(&application.release_label);
        let without_bundle = release.is_some_and(|release| {
            policy
                .bundles
                .find(release.spark_minor(), &release.scala)
                .is_none()
        });
        Self {
            application,
            spark,
            agents,
            release,
            without_bundle,
        }
    }

    /// Whether no agent can work: none is published for the release, and the organization has not
    /// put in one of its own build, which its name ties to an EMR release.
    fn is_unsupported(&self) -> bool {
        self.application.is_spark()
            && self.without_bundle
            && !self
                .agents
                .recognised
                .iter()
                .any(|agent| agent.release.is_some())
    }

    /// Whether an agent is there that could work, so that the next question makes sense.
    fn has_agent(&self) -> bool {
        self.application.is_spark() && !self.agents.recognised.is_empty() && !self.is_unsupported()
    }
}
