//! Spline agents: how one is recognised by the name of its artifact, and which release it fits.
//!
//! The patterns are in `policy.toml`, the bundles that exist in `agents.toml`.

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::release::{Releases, version_of_label};
use crate::spark::Effective;

/// `[[agent]]`: a way of naming agents.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentPattern {
    /// What the scheme is called.
    pub name: String,
    /// A regular expression with the named groups `release`, `spark`, `scala`, `version`, matched
    /// against a JAR's file name or a Maven coordinate.
    pub pattern: Pattern,
}

/// A regular expression that tells at least the agent's `release` or its `spark`.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
pub struct Pattern(#[schemars(with = "String")] Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        const GROUPS: [&str; 4] = ["release", "spark", "scala", "version"];
        let text = String::deserialize(deserializer)?;
        let regex = Regex::new(&text).map_err(D::Error::custom)?;
        let groups: Vec<_> = regex.capture_names().flatten().collect();
        if let Some(other) = groups.iter().find(|group| !GROUPS.contains(group)) {
            return Err(D::Error::custom(format!(
                "unknown group `{other}` in an agent pattern, expected one of `release`, `spark`, \
                 `scala`, `version`"
            )));
        }
        if !groups.contains(&"release") && !groups.contains(&"spark") {
            return Err(D::Error::custom(
                "an agent pattern must have a group `release` or a group `spark`",
            ));
        }
        Ok(Self(regex))
    }
}

/// An artifact that a pattern recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent<'a> {
    /// The artifact as the configuration names it.
    pub artifact: &'a str,
    /// The EMR release it was built for, where its name tells.
    pub release: Option<&'a str>,
    /// The binary version of Spark it was built for, where its name tells.
    pub spark: Option<&'a str>,
    /// The binary version of Scala it was built for, where its name tells.
    pub scala: Option<&'a str>,
    /// Its own version, where its name tells.
    pub version: Option<&'a str>,
}

/// The Spline artifacts that a configuration puts on the class path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agents<'a> {
    /// Those that a pattern recognised.
    pub recognised: Vec<Agent<'a>>,
    /// Those that look like Spline but match no pattern.
    pub suspects: Vec<&'a str>,
}

impl<'a> Agents<'a> {
    /// Reads the artifacts of `spark.jars` and `spark.jars.packages`.
    pub fn find(spark: &Effective<'a>, patterns: &[AgentPattern]) -> Self {
        let mut agents = Self::default();
        for artifact in spark
            .list("spark.jars")
            .chain(spark.list("spark.jars.packages"))
        {
            let name = file_name(artifact);
            if let Some(agent) = patterns
                .iter()
                .find_map(|pattern| pattern.read(artifact, name))
            {
                agents.recognised.push(agent);
            } else if name.to_ascii_lowercase().contains("spline") {
                agents.suspects.push(artifact);
            }
        }
        agents
    }
}

impl AgentPattern {
    fn read<'a>(&self, artifact: &'a str, name: &'a str) -> Option<Agent<'a>> {
        let found = self.pattern.0.captures(name)?;
        let group = |group| found.name(group).map(|text| text.as_str());
        Some(Agent {
            artifact,
            release: group("release"),
            spark: group("spark"),
            scala: group("scala"),
            version: group("version"),
        })
    }
}

/// The last part of a path or URL, or the whole of a Maven coordinate.
fn file_name(artifact: &str) -> &str {
    let path = artifact.split(['?', '#']).next().unwrap_or(artifact);
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether an agent fits a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It was built for this release.
    Fits,
    /// It was built for another; the text says for which.
    Misfits(String),
    /// The data doesn't know the release; the text says so.
    Unknown(String),
}

impl Agent<'_> {
    /// Whether this agent fits the release of `label`.
    ///
    /// A name that tells an EMR release is held against the label itself, so it needs no matrix.
    pub fn fit(&self, label: &str, releases: &Releases) -> Fit {
        if let Some(release) = self.release {
            return if release == version_of_label(label) {
                Fit::Fits
            } else {
                Fit::Misfits(format!("`{}` is built for EMR {release}", self.artifact))
            };
        }
        if self.spark.is_none() && self.scala.is_none() {
            return Fit::Unknown(format!("`{}` tells no release by its name", self.artifact));
        }
        let Some(release) = releases.find(label) else {
            return Fit::Unknown(format!(
                "`{}` can't be matched: the release table doesn't know `{label}`; add it as \
                 `[[release]]` or update Lineward",
                self.artifact
            ));
        };
        let spark = self.spark.filter(|&spark| spark != release.spark_minor());
        let scala = self.scala.filter(|&scala| scala != release.scala);
        match (spark, scala) {
            (None, None) => Fit::Fits,
            (Some(spark), _) => Fit::Misfits(format!(
                "`{}` is built for Spark {spark}, {label} runs Spark {}",
                self.artifact, release.spark
            )),
            (None, Some(scala)) => Fit::Misfits(format!(
                "`{}` is built for Scala {scala}, {label} runs Scala {}",
                self.artifact, release.scala
            )),
        }
    }
}

/// The public agent bundles that exist.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundles {
    bundle: Vec<Bundle>,
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
        let version = self.versions.last().map_or("<version>", String::as_str);
        format!(
            "spark-{}-spline-agent-bundle_{}-{version}.jar",
            self.spark, self.scala
        )
    }
}

impl Default for Bundles {
    /// The bundles of `agents.toml`.
    fn default() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the text is compiled in, and a test reads it"
        )]
        toml::from_str(include_str!("agents.toml")).expect("`agents.toml` is well-formed")
    }
}

impl Bundles {
    /// The bundles for this binary version of Spark and Scala, if there are any.
    pub fn find(&self, spark: &str, scala: &str) -> Option<&Bundle> {
        self.bundle
            .iter()
            .find(|bundle| bundle.spark == spark && bundle.scala == scala)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Application, Policy, estate::Configuration};

    fn agents_of(key: &str, value: &str, inspect: impl Fn(Agents<'_>)) {
        let mut application = Application::example();
        application.runtime_configuration =
            vec![Configuration::new("spark-defaults", &[(key, value)])];
        inspect(Agents::find(
            &Effective::of_application(&application),
            &Policy::default().agents,
        ));
    }

    #[test]
    fn both_naming_schemes_are_read_from_jars_and_coordinates() {
        agents_of(
            "spark.jars",
            "s3://b/app.jar, s3a://b/x/spline-7.1.0.jar",
            |agents| {
                assert_eq!(agents.recognised.len(), 1);
                assert_eq!(agents.recognised[0].release, Some("7.1.0"));
                assert_eq!(agents.recognised[0].artifact, "s3a://b/x/spline-7.1.0.jar");
            },
        );
        let bundle = |agents: Agents<'_>| {
            let agent = &agents.recognised[0];
            assert_eq!((agent.spark, agent.scala), (Some("3.5"), Some("2.12")));
            assert_eq!(agent.version, Some("2.2.3"));
        };
        agents_of(
            "spark.jars",
            "local:///spark-3.5-spline-agent-bundle_2.12-2.2.3.jar",
            bundle,
        );
        agents_of(
            "spark.jars.packages",
            "za.co.absa.spline.agent.spark:spark-3.5-spline-agent-bundle_2.12:2.2.3",
            bundle,
        );
    }

    #[test]
    fn an_artifact_that_only_looks_like_spline_is_a_suspect() {
        agents_of(
            "spark.jars",
            "s3://b/My-Spline-fork.jar,s3://b/other.jar",
            |agents| {
                assert_eq!(agents.recognised, []);
                assert_eq!(agents.suspects, ["s3://b/My-Spline-fork.jar"]);
            },
        );
    }

    #[test]
    fn an_agent_fits_the_release_it_was_built_for() {
        let releases = Releases::default();
        let agent = |release, spark, scala| Agent {
            artifact: "a",
            release,
            spark,
            scala,
            version: None,
        };
        let own = agent(Some("7.1.0"), None, None);
        assert_eq!(own.fit("emr-7.1.0", &releases), Fit::Fits);
        assert!(matches!(own.fit("emr-7.2.0", &releases), Fit::Misfits(_)));
        assert_eq!(
            agent(Some("7.99.0"), None, None).fit("emr-7.99.0", &releases),
            Fit::Fits
        );
        assert!(matches!(
            agent(None, None, None).fit("emr-7.1.0", &releases),
            Fit::Unknown(_)
        ));
        let bundle = agent(None, Some("3.5"), Some("2.12"));
        assert_eq!(bundle.fit("emr-7.1.0", &releases), Fit::Fits);
        assert!(matches!(
            bundle.fit("emr-6.15.0", &releases),
            Fit::Misfits(_)
        ));
        assert!(matches!(
            bundle.fit("emr-7.99.0", &releases),
            Fit::Unknown(_)
        ));
        let old_scala = agent(None, Some("3.5"), Some("2.13"));
        assert!(matches!(
            old_scala.fit("emr-7.1.0", &releases),
            Fit::Misfits(_)
        ));
    }

    #[test]
    fn a_pattern_must_tell_something_that_can_be_matched() {
        let parse = |pattern: &str| {
            toml::from_str::<AgentPattern>(&format!("name = 'x'\npattern = '{pattern}'"))
        };
        assert!(parse("^lineage-(?<release>.+)\\.jar$").is_ok());
        assert!(parse("^lineage-(?<version>.+)\\.jar$").is_err());
        assert!(
            parse("^lineage-(?<edition>.+)\\.jar$")
                .unwrap_err()
                .to_string()
                .contains("`edition`")
        );
        assert!(parse("(").is_err());
    }

    #[test]
    fn the_newest_bundle_of_each_spark_is_known() {
        let bundles = Bundles::default();
        assert_eq!(
            bundles.find("3.5", "2.12").unwrap().jar(),
            "spark-3.5-spline-agent-bundle_2.12-2.2.3.jar"
        );
        assert_eq!(bundles.find("4.0", "2.13"), None);
    }
}
