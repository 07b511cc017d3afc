//! The public bundles of Spline's agent that exist. The data is in `agents.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::spark::Provenance;
use crate::spark::agent::{Agent, AgentKind};

/// The public agent bundles that exist.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundles {
    /// Where they come from.
    pub data: Provenance,
    bundle: Vec<Bundle>,
    /// Versions with a fault that is known.
    broken: Vec<Broken>,
    /// Which Scala the other agents' names stand for.
    scala: Vec<ScalaOfName>,
}

/// Versions of an agent with a fault that is known.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Broken {
    /// Which agent it is: `spline` by default.
    #[serde(default)]
    pub agent: AgentKind,
    /// The name of the artifact, where others of the agent don't have the fault.
    #[serde(default)]
    pub artifact: Option<String>,
    /// The version, where it is the only one that is known to have it.
    #[serde(default)]
    pub version: Option<String>,
    /// The first version that has it.
    #[serde(default)]
    pub since: Option<String>,
    /// The first version without it, where that is known.
    #[serde(default)]
    pub mended: Option<String>,
    /// The binary version of Spark that it is of, where others don't have it.
    #[serde(default)]
    pub spark: Option<String>,
    /// The first binary version of Spark that has it.
    #[serde(default)]
    pub spark_since: Option<String>,
    /// Whether it was seen elsewhere, and is likely on EMR Serverless.
    #[serde(default)]
    pub likely: bool,
    /// What goes wrong.
    pub fault: String,
    /// Where this was read.
    pub source: String,
}

impl Broken {
    fn has(&self, agent: &Agent<'_>, spark: &str) -> bool {
        let version = agent.version.unwrap_or_default();
        let is_named = |name: &String| agent.artifact.contains(name.as_str());
        let is_before = |mended: &String| is_older(version, mended);
        self.agent == agent.kind
            && (self.version.is_none() && self.since.is_none() || agent.version.is_some())
            && self.artifact.as_ref().is_none_or(is_named)
            && self.version.as_ref().is_none_or(|it| it == version)
            && self.since.as_ref().is_none_or(|it| !is_older(version, it))
            && (self.version.is_some() || self.mended.as_ref().is_none_or(is_before))
            && self.spark.as_ref().is_none_or(|it| it == spark)
            && self
                .spark_since
                .as_ref()
                .is_none_or(|it| !spark.is_empty() && !is_older(spark, it))
    }

    /// What is to be said of an artifact that has it.
    pub fn told(&self, artifact: &str) -> String {
        let mended = self.mended.as_ref();
        let mended = mended.map_or_else(String::new, |mended| format!("; mended in {mended}"));
        format!("`{artifact}` {}{mended}", self.fault)
    }
}

/// Which Scala an artifact is for whose name tells none, and from which version it is built for another.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScalaOfName {
    /// Which agent it is.
    pub agent: AgentKind,
    /// The name of the artifact, without its suffix.
    pub artifact: String,
    /// The Scala of the names without a suffix.
    pub unsuffixed: String,
    /// The last version without a suffix, where there is one.
    #[serde(default)]
    pub through: Option<String>,
    /// The first version that is built for each other Scala.
    #[serde(default)]
    pub first: BTreeMap<String, String>,
    /// Where this was read.
    pub source: String,
}

/// The public bundles for one Spark and Scala.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The binary version of Spark.
    pub spark: String,
    /// The binary version of Scala.
    pub scala: String,
    /// The agent versions that were built for them, oldest first.
    pub versions: Vec<String>,
    /// Versions that were listed but not seen.
    #[serde(default)]
    pub likely: Vec<String>,
}

impl Bundle {
    /// The newest version that was seen, as a JAR's name.
    pub fn jar(&self) -> String {
        format!(
            "spark-{}-spline-agent-bundle_{}-{}.jar",
            self.spark,
            self.scala,
            self.newest()
        )
    }

    /// The newest version that was seen.
    pub fn newest(&self) -> &str {
        self.versions.last().map_or("<version>", String::as_str)
    }

    /// The first version that was published.
    pub fn first(&self) -> &str {
        self.versions.first().map_or("", String::as_str)
    }

    /// The last version that is listed, seen or not.
    pub fn last(&self) -> &str {
        self.likely.last().map_or(self.newest(), String::as_str)
    }

    /// Whether a version is listed, seen or not.
    pub fn lists(&self, version: &str) -> bool {
        let mut listed = self.versions.iter().chain(&self.likely);
        listed.any(|listed| listed == version)
    }
}

impl Default for Bundles {
    /// The bundles of `agents.toml`.
    fn default() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the text is compiled in, and a test reads it"
        )]
        toml::from_str(include_str!("../agents.toml")).expect("`agents.toml` is well-formed")
    }
}

impl Bundles {
    /// The bundles for this binary version of Spark and Scala, if there are any.
    pub fn find(&self, spark: &str, scala: &str) -> Option<&Bundle> {
        self.bundle
            .iter()
            .find(|bundle| bundle.spark == spark && bundle.scala == scala)
    }

    /// The known fault of an agent on a binary version of Spark: one that is certain before one that is likely.
    pub fn broken(&self, agent: &Agent<'_>, spark: &str) -> Option<&Broken> {
        let broken = self.broken.iter().filter(|it| it.has(agent, spark));
        broken.min_by_key(|it| it.likely)
    }

    /// What is known of the Scala of an agent's name.
    fn scala_of_name(&self, agent: &Agent<'_>) -> Option<&ScalaOfName> {
        let mut all = self.scala.iter();
        all.find(|it| it.agent == agent.kind && agent.artifact.contains(&it.artifact))
    }

    /// The Scala that an agent without a suffix in its name is built for.
    pub fn unsuffixed(&self, agent: &Agent<'_>) -> Option<&str> {
        let known = self
            .scala_of_name(agent)
            .filter(|_| agent.scala.is_none())?;
        let version = agent.version?;
        let through = known.through.as_deref();
        let is_later = through.is_some_and(|through| is_older(through, version));
        (!is_later).then_some(known.unsuffixed.as_str())
    }

    /// The first version that was built for the Scala of an agent's name, where this one is older. Release
    /// candidates of the first one were built for it, too.
    pub fn unbuilt(&self, agent: &Agent<'_>) -> Option<&str> {
        let first = self.scala_of_name(agent)?.first.get(agent.scala?)?;
        let version = agent.version?;
        let candidate = version.strip_prefix(first.as_str());
        let is_candidate = candidate.is_some_and(|rest| rest.starts_with('-'));
        (is_older(version, first) && !is_candidate).then_some(first.as_str())
    }
}

/// Whether a version is older than another: numbers part by part, and a text (`-SNAPSHOT`) before none.
pub fn is_older(version: &str, than: &str) -> bool {
    let parts = |version: &str| -> Vec<Part> {
        let parts = version.split(['.', '-', '+']);
        parts
            .map(|part| match part.parse() {
                Ok(number) => Part::Number(number),
                Err(_) => Part::Text(part.to_owned()),
            })
            .collect()
    };
    let (mut left, mut right) = (parts(version), parts(than));
    let length = left.len().max(right.len());
    left.resize(length, Part::End);
    right.resize(length, Part::End);
    left < right
}

/// A part of a version, in order of age: `2.0-RC1` comes before `2.0`, and `2.0` before `2.0.1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Text(String),
    End,
    Number(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_bundle_of_each_spark_is_known() {
        let bundles = Bundles::default();
        assert_eq!(
            bundles.find("3.5", "2.12").unwrap().jar(),
            "spark-3.5-spline-agent-bundle_2.12-2.2.3.jar"
        );
        assert_eq!(bundles.find("4.0", "2.13"), None);
    }

    #[test]
    fn a_candidate_of_the_first_build_for_a_scala_was_built_for_it() {
        let bundles = Bundles::default();
        let unbuilt = |version| {
            let agent = Agent {
                kind: AgentKind::DataHub,
                artifact: "acryl-spark-lineage_2.13",
                release: None,
                spark: None,
                scala: Some("2.13"),
                version: Some(version),
                releases: &[],
                since: None,
            };
            bundles.unbuilt(&agent).is_some()
        };
        assert!(unbuilt("0.2.17") && unbuilt("0.2.17-rc5"));
        assert!(!unbuilt("0.2.18-rc5") && !unbuilt("0.2.18") && !unbuilt("0.2.19"));
    }

    #[test]
    fn versions_are_ordered_by_number() {
        assert!(is_older("0.7.9", "0.7.10") && is_older("2.2.0", "2.10.0"));
        assert!(is_older("2.2", "2.2.1") && !is_older("2.2.3", "2.2.3"));
        assert!(is_older("2.0.0-SNAPSHOT", "2.0.0") && !is_older("2.0.0", "2.0.0-SNAPSHOT"));
    }
}
