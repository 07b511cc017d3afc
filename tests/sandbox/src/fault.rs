//! Faults that can be planted in a compliant application, each worth exactly one finding.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::expected::Verdict;
use crate::field::{remove, set};
use crate::generate::spark::{self, Agent, LISTENER, LISTENER_KEY};

/// What was planted in an application, and how to undo it.
#[derive(Clone, Debug, PartialEq)]
pub struct Planted {
    /// The fault.
    pub fault: Fault,
    /// The application without it.
    pub compliant: Value,
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
}

impl Fault {
    /// Every fault, in the order in which they are planted.
    pub const ALL: [Self; 14] = [
        Self::AgentGone,
        Self::OwnJarOfOtherRelease,
        Self::ListenerMisspelt,
        Self::TeamMissing,
        Self::DisabledByHadoop,
        Self::UnsupportedWithBundle,
        Self::BundleOfOtherSpark,
        Self::TeamUnknown,
        Self::CustomImage,
        Self::ConfigurationGone,
        Self::CoordinateOfOtherSpark,
        Self::ListenerGone,
        Self::Disabled,
        Self::UnsupportedBare,
    ];

    /// The rule that must find it.
    pub fn rule(self) -> &'static str {
        match self {
            Self::AgentGone | Self::ConfigurationGone | Self::CustomImage => "spline-agent-missing",
            Self::OwnJarOfOtherRelease
            | Self::BundleOfOtherSpark
            | Self::CoordinateOfOtherSpark => "spline-agent-wrong-release",
            Self::ListenerGone | Self::ListenerMisspelt => "spline-listener-missing",
            Self::Disabled | Self::DisabledByHadoop => "spline-disabled",
            Self::UnsupportedWithBundle | Self::UnsupportedBare => "spline-release-unsupported",
            Self::TeamMissing => "application-team-missing",
            Self::TeamUnknown => "application-team-unknown",
        }
    }

    /// What that rule must say.
    pub fn verdict(self) -> Verdict {
        if self == Self::CustomImage {
            Verdict::Unknown
        } else {
            Verdict::Fail
        }
    }

    /// Whether it is about the team rather than about lineage.
    pub(crate) fn is_about_team(self) -> bool {
        matches!(self, Self::TeamMissing | Self::TeamUnknown)
    }

    /// Breaks a compliant Spark application in this way.
    pub(crate) fn plant(self, detail: &mut Value) -> Planted {
        let compliant = detail.clone();
        match self {
            Self::AgentGone => agent_gone(detail),
            Self::ConfigurationGone => remove(detail, "runtimeConfiguration"),
            Self::OwnJarOfOtherRelease => {
                spark::set_agent(detail, "emr-7.1.0", Agent::Own("7.0.0"));
            }
            Self::BundleOfOtherSpark => {
                spark::set_agent(detail, "emr-7.9.0", Agent::Bundle("3.4"));
            }
            Self::CoordinateOfOtherSpark => {
                spark::set_agent(detail, "emr-7.12.0", Agent::Coordinate("3.4"));
            }
            Self::ListenerGone => drop_property(detail, LISTENER_KEY),
            Self::ListenerMisspelt => {
                drop_property(detail, LISTENER_KEY);
                set_property(detail, LISTENER_KEY.trim_end_matches('s'), LISTENER);
            }
            Self::Disabled => set_property(detail, "spark.spline.mode", "DISABLED"),
            Self::DisabledByHadoop => {
                set_property(detail, "spark.hadoop.spline.mode", "DISABLED");
            }
            Self::UnsupportedWithBundle => {
                spark::set_agent(detail, "emr-spark-8.0.0", Agent::Bundle("3.5"));
            }
            Self::UnsupportedBare => {
                agent_gone(detail);
                set(detail, "releaseLabel", "emr-spark-8.0.0".into());
            }
            Self::TeamMissing => {
                if let Some(tags) = detail.get_mut("tags") {
                    remove(tags, "Team");
                }
            }
            Self::TeamUnknown => {
                if let Some(tags) = detail.get_mut("tags") {
                    set(tags, "Team", "unregistered-team".into());
                }
            }
            Self::CustomImage => custom_image(detail),
        }
        Planted {
            fault: self,
            compliant,
        }
    }
}

fn agent_gone(detail: &mut Value) {
    if let Some(properties) = spark::defaults(detail) {
        properties.retain(|key, _| !key.contains("spline") && key != LISTENER_KEY);
        spark::remove_agent(properties);
    }
}

/// The configuration still asks for the listener; only the JAR isn't named any more.
fn custom_image(detail: &mut Value) {
    if let Some(properties) = spark::defaults(detail) {
        spark::remove_agent(properties);
    }
    let image = spark::image(detail);
    set(detail, "imageConfiguration", json!({ "imageUri": image }));
}

fn drop_property(detail: &mut Value, key: &str) {
    if let Some(properties) = spark::defaults(detail) {
        properties.remove(key);
    }
}

fn set_property(detail: &mut Value, key: &str, value: &str) {
    if let Some(properties) = spark::defaults(detail) {
        properties.insert(key.into(), value.into());
    }
}
