//! Faults that can be planted in a compliant application, each worth exactly one finding.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::expected::Verdict;
use crate::field::{set, text};
use crate::organization::Application;

mod application;
mod job_run;

/// What was planted in an application, and how to undo it.
#[derive(Clone, Debug, PartialEq)]
pub struct Planted {
    /// The fault.
    pub fault: Fault,
    /// The application without it.
    pub compliant: Value,
    /// Its job runs without it.
    pub job_runs: BTreeMap<String, Value>,
    /// Its sessions without it.
    pub sessions: BTreeMap<String, Value>,
}

/// What carries a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The application itself.
    Application,
    /// The runs of one job.
    JobRuns,
    /// The sessions of one name.
    Sessions,
}

/// A fault of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Neither agent nor listener.
    AgentGone,
    /// No runtime configuration at all.
    ConfigurationGone,
    /// The organization's own agent, of another EMR release.
    OwnJarOfOtherRelease,
    /// The public bundle for another Spark, as a JAR.
    BundleOfOtherSpark,
    /// The public bundle for another Spark, as a Maven coordinate.
    CoordinateOfOtherSpark,
    /// The agent without its listener.
    ListenerGone,
    /// The listener's key without its last letter.
    ListenerMisspelt,
    /// `spark.spline.mode` is `DISABLED`.
    Disabled,
    /// `spark.hadoop.spline.mode` is `DISABLED`, which beats `spark.spline.mode`.
    DisabledByHadoop,
    /// A release that has no agent, with the public bundle all the same.
    UnsupportedWithBundle,
    /// A release that has no agent, and none configured.
    UnsupportedBare,
    /// No `Team` tag.
    TeamMissing,
    /// A team that nobody has registered.
    TeamUnknown,
    /// An image that may hold the agent.
    CustomImage,
    /// A job with a `spark-defaults` of its own.
    JobReplacesDefaults,
    /// A job with `--jars` of its own.
    JobReplacesJars,
    /// A job with an empty list of listeners.
    JobEmptiesListeners,
    /// A job that switches Spline off by Hadoop.
    JobDisables,
    /// A job whose entry point tells no version.
    JobArtifactUnversioned,
    /// A job of production whose entry point floats.
    JobArtifactUnpinned,
    /// A job without a timeout.
    JobTimeoutUnbounded,
    /// A job with a password among its arguments.
    JobSecret,
    /// Sessions with a `spark-defaults` of their own.
    SessionReplacesDefaults,
    /// Agents of two releases.
    TwoAgents,
    /// A bundle that was never published for its Spark.
    AgentOutdated,
    /// An agent of a name that no pattern reads.
    AgentUnrecognized,
    /// `-Dspline.mode=DISABLED` among the Java options.
    DisabledByJavaOption,
    /// A mode in small letters.
    ModeInvalid,
    /// No URL to send lineage to.
    DispatcherIncomplete,
    /// Lineage in the log.
    DispatcherConsole,
    /// A key without the prefix `spark.`.
    KeyIgnored,
    /// A Livy endpoint.
    LivyEndpoint,
    /// An image of nobody knows whom.
    ImageUnapproved,
    /// An image on a release that takes none.
    ImageUnsupported,
    /// No logs anywhere.
    LogsDisabled,
    /// Keys to S3 in the configuration.
    PlaintextSecret,
    /// No ceiling.
    CapacityUnbounded,
    /// Auto-stop off.
    AutoStopDisabled,
    /// Half a day of idling.
    IdleTimeoutLong,
    /// Warm workers and no work.
    InitialCapacityIdle,
}

impl Fault {
    /// Every fault, in the order in which they are planted.
    pub const ALL: [Self; 40] = [
        Self::AgentGone,
        Self::JobReplacesDefaults,
        Self::OwnJarOfOtherRelease,
        Self::ListenerMisspelt,
        Self::TeamMissing,
        Self::DisabledByHadoop,
        Self::JobReplacesJars,
        Self::PlaintextSecret,
        Self::UnsupportedWithBundle,
        Self::DispatcherIncomplete,
        Self::CustomImage,
        Self::SessionReplacesDefaults,
        Self::TeamUnknown,
        Self::TwoAgents,
        Self::BundleOfOtherSpark,
        Self::ConfigurationGone,
        Self::CoordinateOfOtherSpark,
        Self::ListenerGone,
        Self::Disabled,
        Self::UnsupportedBare,
        Self::JobEmptiesListeners,
        Self::JobDisables,
        Self::JobArtifactUnversioned,
        Self::JobArtifactUnpinned,
        Self::JobTimeoutUnbounded,
        Self::JobSecret,
        Self::AgentOutdated,
        Self::AgentUnrecognized,
        Self::DisabledByJavaOption,
        Self::ModeInvalid,
        Self::DispatcherConsole,
        Self::KeyIgnored,
        Self::LivyEndpoint,
        Self::ImageUnapproved,
        Self::ImageUnsupported,
        Self::LogsDisabled,
        Self::CapacityUnbounded,
        Self::AutoStopDisabled,
        Self::IdleTimeoutLong,
        Self::InitialCapacityIdle,
    ];

    /// The rule that must find it.
    pub fn rule(self) -> &'static str {
        match self {
            Self::AgentGone | Self::ConfigurationGone | Self::CustomImage => "spline-agent-missing",
            Self::OwnJarOfOtherRelease
            | Self::BundleOfOtherSpark
            | Self::CoordinateOfOtherSpark => "spline-agent-wrong-release",
            Self::ListenerGone | Self::ListenerMisspelt => "spline-listener-missing",
            Self::Disabled | Self::DisabledByHadoop | Self::DisabledByJavaOption => {
                "spline-disabled"
            }
            Self::UnsupportedWithBundle | Self::UnsupportedBare => "spline-release-unsupported",
            Self::TeamMissing => "application-team-missing",
            Self::TeamUnknown => "application-team-unknown",
            Self::JobReplacesDefaults
            | Self::JobReplacesJars
            | Self::JobEmptiesListeners
            | Self::JobDisables => "job-run-drops-lineage",
            Self::JobArtifactUnversioned => "job-run-artifact-unversioned",
            Self::JobArtifactUnpinned => "job-run-artifact-unpinned",
            Self::JobTimeoutUnbounded => "job-run-timeout-unbounded",
            Self::JobSecret | Self::PlaintextSecret => "configuration-plaintext-secret",
            Self::SessionReplacesDefaults => "session-drops-lineage",
            Self::TwoAgents => "spline-agent-ambiguous",
            Self::AgentOutdated => "spline-agent-outdated",
            Self::AgentUnrecognized => "spline-agent-unrecognized",
            Self::ModeInvalid => "spline-mode-invalid",
            Self::DispatcherIncomplete => "spline-dispatcher-incomplete",
            Self::DispatcherConsole => "spline-dispatcher-unapproved",
            Self::KeyIgnored => "spline-key-ignored",
            Self::LivyEndpoint => "interactive-endpoint-unaudited",
            Self::ImageUnapproved => "application-image-unapproved",
            Self::ImageUnsupported => "application-image-unsupported",
            Self::LogsDisabled => "application-logs-disabled",
            Self::CapacityUnbounded => "application-capacity-unbounded",
            Self::AutoStopDisabled => "application-auto-stop-disabled",
            Self::IdleTimeoutLong => "application-idle-timeout-long",
            Self::InitialCapacityIdle => "application-initial-capacity-idle",
        }
    }

    /// What that rule must say.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "each place acts on a few of many faults"
    )]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::CustomImage | Self::AgentUnrecognized | Self::LivyEndpoint => Verdict::Unknown,
            _ => Verdict::Fail,
        }
    }

    /// What carries it.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "each place acts on a few of many faults"
    )]
    pub fn carrier(self) -> Carrier {
        match self {
            Self::SessionReplacesDefaults => Carrier::Sessions,
            Self::JobReplacesDefaults
            | Self::JobReplacesJars
            | Self::JobEmptiesListeners
            | Self::JobDisables
            | Self::JobArtifactUnversioned
            | Self::JobArtifactUnpinned
            | Self::JobTimeoutUnbounded
            | Self::JobSecret => Carrier::JobRuns,
            _ => Carrier::Application,
        }
    }

    /// Whether nothing may have run: for want of use, or since whose role a run may use is a question
    /// of its own where the team isn't known.
    pub(crate) fn is_without_runs(self) -> bool {
        matches!(self, Self::TeamMissing | Self::TeamUnknown) || self.is_about_idleness()
    }

    /// Whether it is about workers that nobody uses.
    pub(crate) fn is_about_idleness(self) -> bool {
        self == Self::InitialCapacityIdle
    }

    /// Breaks a compliant Spark application in this way; runs and sessions that it lacks are as of `now`.
    pub(crate) fn plant(self, application: &mut Application, now: Timestamp) {
        application.planted = Some(Planted {
            fault: self,
            compliant: application.detail.clone(),
            job_runs: application.job_runs.clone(),
            sessions: application.sessions.clone(),
        });
        application::plant(self, &mut application.detail);
        if self.is_without_runs() {
            application.job_runs.clear();
            application.sessions.clear();
        }
        if !self.is_about_idleness() {
            application.rest_if_unused();
        }
        let label = text(&application.detail, "releaseLabel").to_owned();
        let runs = application.job_runs.values_mut();
        for started in runs.chain(application.sessions.values_mut()) {
            set(started, "releaseLabel", label.as_str().into());
        }
        match self.carrier() {
            Carrier::Application => {}
            Carrier::JobRuns => job_run::plant(self, application, now),
            Carrier::Sessions => job_run::plant_in_sessions(application, now),
        }
    }
}
