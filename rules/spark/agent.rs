//! Lineage agents: how one is recognised by the name of its artifact, and which release it fits.
//!
//! The patterns are in `settings.toml`, the agents in `kinds.toml`, the bundles that exist in `agents.toml`.

mod bundle;
mod kind;
mod name;

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

pub use bundle::{Broken, Bundle, Bundles, is_older};
pub use kind::{AgentKind, TransportKeys};
pub(crate) use name::file_name;
pub use name::is_glob;

use crate::estate::glob::Glob;
use crate::spark::release::{Releases, numbers, version_of_label};

/// `[[agent]]`: a way of naming agents.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, try_from = "Scheme")]
#[schemars(with = "Scheme")]
pub struct AgentPattern {
    scheme: Scheme,
    /// Whether it is one of Lineward's own, which read only names that hint at an agent.
    is_built_in: bool,
}

/// `[[agent]]` as it is written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Scheme {
    /// What the scheme is called.
    name: String,
    /// Which agent it names: `spline` by default.
    #[serde(default)]
    agent: AgentKind,
    /// A regular expression with the named groups `release`, `spark`, `scala`, `version`, matched
    /// against a JAR's file name or a Maven coordinate.
    pattern: Pattern,
    /// The labels of the releases that such an agent is good for (`emr-7.*`), where its name doesn't
    /// tell.
    #[serde(default)]
    releases: Vec<Glob>,
    /// The label of the first release that has such an agent, where EMR ships it itself (`emr-7.5.0`).
    #[serde(default)]
    since: Option<String>,
}

impl TryFrom<Scheme> for AgentPattern {
    type Error = String;

    fn try_from(scheme: Scheme) -> Result<Self, Self::Error> {
        let told = ["release", "spark"].map(|group| scheme.pattern.has(group));
        let is_bound = !scheme.releases.is_empty() || scheme.since.is_some();
        if told == [false, false] && scheme.agent == AgentKind::Spline && !is_bound {
            return Err(format!(
                "the agent pattern `{}` must have a group `release` or a group `spark`, or a list \
                 `releases`",
                scheme.name
            ));
        }
        Ok(Self {
            scheme,
            is_built_in: false,
        })
    }
}

impl AgentPattern {
    /// The same as one of Lineward's own: it need not be tried on a name that hints at no agent.
    pub(crate) fn built_in(self) -> Self {
        Self {
            is_built_in: true,
            ..self
        }
    }
}

/// A regular expression with the groups that an agent's name may tell.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
struct Pattern(#[schemars(with = "String")] Regex);

impl Pattern {
    fn has(&self, group: &str) -> bool {
        self.0.capture_names().flatten().any(|name| name == group)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        const GROUPS: [&str; 4] = ["release", "spark", "scala", "version"];
        let text = String::deserialize(deserializer)?;
        let regex = Regex::new(&text).map_err(D::Error::custom)?;
        let mut groups = regex.capture_names().flatten();
        if let Some(other) = groups.find(|group| !GROUPS.contains(group)) {
            return Err(D::Error::custom(format!(
                "unknown group `{other}` in an agent pattern, expected one of `release`, `spark`, \
                 `scala`, `version`"
            )));
        }
        Ok(Self(regex))
    }
}

/// An artifact that a pattern recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent<'a> {
    /// Which agent it is.
    pub kind: AgentKind,
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
    /// The labels of the releases that its pattern says it is good for.
    pub releases: &'a [Glob],
    /// The label of the first release that ships it, where EMR does.
    pub since: Option<&'a str>,
}

/// The agents that are put on the class path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agents<'a> {
    /// Those that a pattern recognised.
    pub recognised: Vec<Agent<'a>>,
    /// Those that look like an agent but match no pattern.
    pub suspects: Vec<(AgentKind, &'a str)>,
}

impl<'a> Agents<'a> {
    /// Reads the agents among artifacts: JARs by any path or URL, and Maven coordinates.
    pub fn find(
        artifacts: impl IntoIterator<Item = &'a str>,
        patterns: &'a [AgentPattern],
    ) -> Self {
        let mut agents = Self::default();
        for artifact in artifacts {
            let name = file_name(artifact);
            if let Some(agent) = Agent::in_folder(artifact, name) {
                // The folder may hold others, too.
                let others = AgentKind::ALL.into_iter();
                let others = others.filter(|kind| *kind != agent.kind && kind.could_begin(name));
                agents.suspects.extend(others.map(|kind| (kind, artifact)));
                agents.recognised.push(agent);
                continue;
            }
            let hinted = AgentKind::hinted(name);
            let mut tried = patterns
                .iter()
                .filter(|pattern| hinted.is_some() || !pattern.is_built_in);
            let read = tried.find_map(|pattern| pattern.scheme.read(artifact, name));
            match (read, hinted) {
                (Some(agent), _) if !is_glob(name) => agents.recognised.push(agent),
                (_, Some(kind)) => agents.suspects.push((kind, artifact)),
                (_, None) if is_glob(artifact) => {
                    let could_be = AgentKind::ALL
                        .into_iter()
                        .filter(|kind| kind.could_begin(name));
                    agents
                        .suspects
                        .extend(could_be.map(|kind| (kind, artifact)));
                }
                (_, None) => {}
            }
        }
        agents
    }

    /// The recognised ones of a kind.
    pub fn of(&self, kind: AgentKind) -> impl Iterator<Item = &Agent<'a>> {
        self.recognised
            .iter()
            .filter(move |agent| agent.kind == kind)
    }

    /// What looks like an agent of a kind but matches no pattern, where none is recognised.
    pub fn suspect(&self, kind: AgentKind) -> Option<&'a str> {
        let mut suspects = self.suspects.iter();
        let suspect = suspects.find(|(of, _)| *of == kind)?;
        self.of(kind).next().is_none().then_some(suspect.1)
    }
}

impl Scheme {
    fn read<'a>(&'a self, artifact: &'a str, name: &'a str) -> Option<Agent<'a>> {
        let found = self.pattern.0.captures(name)?;
        let group = |group| found.name(group).map(|text| text.as_str());
        Some(Agent {
            kind: self.agent,
            artifact,
            release: group("release"),
            spark: group("spark"),
            scala: group("scala"),
            version: group("version"),
            releases: &self.releases,
            since: self.since.as_deref(),
        })
    }
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

impl<'a> Agent<'a> {
    /// The agent that a glob brings in from a folder which names the agent and the release.
    fn in_folder(artifact: &'a str, name: &str) -> Option<Self> {
        let release = Some(artifact).filter(|_| is_glob(artifact) && is_glob(name))?;
        let release = name::release_folder(release)?;
        let kind = AgentKind::hinted(artifact).filter(|kind| kind.could_begin(name))?;
        Some(Self {
            kind,
            artifact,
            release: Some(release),
            spark: None,
            scala: None,
            version: None,
            releases: &[],
            since: None,
        })
    }
}

impl Agent<'_> {
    /// Whether it is tied to EMR releases rather than to a Spark.
    pub fn tells_release(&self) -> bool {
        self.release.is_some() || !self.releases.is_empty() || self.since.is_some()
    }

    /// Whether this agent fits the release of `label`.
    ///
    /// A name that tells an EMR release is held against the label itself, so it needs no matrix.
    pub fn fit(&self, label: &str, releases: &Releases) -> Fit {
        if let Some(release) = self.release {
            return if release == version_of_label(label) {
                Fit::Fits
            } else if is_glob(self.artifact) {
                Fit::Unknown(format!(
                    "Spark expands `{}`, whose folder names EMR {release}, and what it matches isn't read",
                    self.artifact
                ))
            } else {
                Fit::Misfits(format!("`{}` is built for EMR {release}", self.artifact))
            };
        }
        if let Some(since) = self.since {
            return self.fit_since(since, label);
        }
        if !self.releases.is_empty() {
            return if self.releases.iter().any(|glob| glob.matches(label)) {
                Fit::Fits
            } else {
                let releases: Vec<_> = self.releases.iter().map(Glob::as_str).collect();
                let releases = releases.join(", ");
                Fit::Misfits(format!("`{}` is good for {releases}", self.artifact))
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

    /// Whether EMR ships it with this release. Of another line of releases it isn't known.
    fn fit_since(&self, since: &str, label: &str) -> Fit {
        let is_spark = |label: &str| label.starts_with("emr-spark-");
        match (numbers(label), numbers(since)) {
            (Some(now), Some(first)) if !is_spark(label) && now < first => Fit::Misfits(format!(
                "`{}` is there from {since}, not on {label}",
                self.artifact
            )),
            (Some(now), Some(first)) if !is_spark(label) && now.0 == first.0 => Fit::Fits,
            _ => Fit::Unknown(format!(
                "whether {label} has `{}`, which is there from {since}, is not known",
                self.artifact
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Configuration;
    use crate::spark::Effective;
    use crate::{Application, Policy};

    fn agents_of(key: &str, value: &str, inspect: impl Fn(Agents<'_>)) {
        let mut application = Application::example();
        application.runtime_configuration =
            vec![Configuration::new("spark-defaults", &[(key, value)])];
        let policy = Policy::default();
        let spark = Effective::of_application(&application);
        inspect(Agents::find(spark.artifacts(), &policy.agents));
    }

    #[test]
    fn a_folder_that_names_agent_and_release_tells_what_a_glob_brings() {
        let releases = Releases::default();
        for (jars, label, fits) in [
            ("s3://b/spline/emr-7.1.0/*.jar", "emr-7.1.0", true),
            ("s3://b/agents/7.1.0/spline-*.jar", "emr-7.1.0", true),
            ("s3://b/spline/emr-7.0.0/*.jar", "emr-7.1.0", false),
        ] {
            agents_of("spark.jars", jars, |agents| {
                let fit = agents.recognised[0].fit(label, &releases);
                assert_eq!(agents.recognised.len(), 1, "{jars}");
                assert_eq!(fit == Fit::Fits, fits, "{jars}");
                assert!(fits || matches!(fit, Fit::Unknown(_)), "{jars}");
            });
        }
        for jars in [
            "s3://b/agents/emr-7.1.0/*.jar",
            "s3://b/spline/2.2.3/*.jar",
            "s3://spark-lineage/emr-7.1.0/*.jar",
        ] {
            agents_of("spark.jars", jars, |agents| {
                assert_eq!(agents.of(AgentKind::Spline).count(), 0, "{jars}");
                assert_eq!(agents.suspect(AgentKind::Spline), Some(jars));
            });
        }
        agents_of(
            "spark.jars",
            "s3://b/spline/emr-7.1.0/app-*.jar",
            |agents| {
                assert_eq!(agents, Agents::default());
            },
        );
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
                assert_eq!(
                    agents.suspect(AgentKind::Spline),
                    Some("s3://b/My-Spline-fork.jar")
                );
            },
        );
    }

    #[test]
    fn a_glob_that_could_match_an_agent_is_a_suspect() {
        for (glob, spline) in [
            ("s3://b/spline/*.jar", true),
            ("s3://b/libs/{delta,spline}-*.jar", true),
            ("s3a://b/s?line-7.1.0.jar", true),
            ("hdfs:///jars/*", true),
            ("/jars/[a-z]*-7.1.0.jar", true),
            ("s3://b/spline-*.jar", true),
            ("s3://b/mysql-*.jar", false),
            ("s3://b/conf/*.json", false),
            ("https://h/app.jar?versionId=x*", false),
        ] {
            agents_of("spark.jars", glob, |agents| {
                assert_eq!(agents.recognised, [], "{glob}");
                assert_eq!(
                    agents.suspect(AgentKind::Spline).is_some(),
                    spline,
                    "{glob}"
                );
            });
        }
        // The folder may be a pattern: the name tells.
        agents_of("spark.jars", "s3://b/*/spline-7.1.0.jar", |agents| {
            assert_eq!(agents.recognised.len(), 1);
        });
    }

    #[test]
    fn what_emr_ships_itself_is_there_from_a_release_on() {
        let policy = Policy::default();
        let jar = "/usr/share/aws/datazone-openlineage-spark/lib/DataZoneOpenLineageSpark-1.0.jar";
        let agents = Agents::find([jar], &policy.agents);
        let agent = &agents.recognised[0];
        assert_eq!(agent.kind, AgentKind::OpenLineage);
        let fit = |label| agent.fit(label, &policy.releases);
        assert_eq!(fit("emr-7.5.0"), Fit::Fits);
        assert_eq!(fit("emr-7.10.0"), Fit::Fits);
        assert!(matches!(fit("emr-7.4.0"), Fit::Misfits(_)));
        assert!(matches!(fit("emr-6.15.0"), Fit::Misfits(_)));
        assert!(matches!(fit("emr-spark-8.0.0"), Fit::Unknown(_)));
    }

    #[test]
    fn an_agent_fits_the_release_it_was_built_for() {
        let releases = Releases::default();
        let agent = |release, spark, scala| Agent {
            kind: AgentKind::Spline,
            artifact: "a",
            release,
            spark,
            scala,
            version: None,
            releases: &[],
            since: None,
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
        let good_for = "name = 'x'\npattern = '^lineage\\.jar$'\nreleases = ['emr-7.*']";
        assert!(toml::from_str::<AgentPattern>(good_for).is_ok());
    }

    #[test]
    fn a_pattern_of_the_organizations_own_is_tried_on_every_name() {
        let text = "name = 'x'\npattern = '^(?:spline|lineage-agent)-(?<release>\\d+\\.\\d+\\.\\d+)\\.jar$'";
        let own: AgentPattern = toml::from_str(text).unwrap();
        let agents = |patterns: &[AgentPattern]| {
            let agents = Agents::find(["s3://b/lineage-agent-7.1.0.jar"], patterns);
            agents.recognised.len()
        };
        assert_eq!(agents(std::slice::from_ref(&own)), 1);
        assert_eq!(agents(&[own.built_in()]), 0);
        for built_in in Policy::default().agents {
            assert!(built_in.is_built_in, "{}", built_in.scheme.name);
        }
    }

    #[test]
    fn what_a_pattern_is_good_for_is_held_against_the_label() {
        let text = "name = 'x'\npattern = '^lineage\\.jar$'\nreleases = ['emr-7.*']";
        let patterns = [toml::from_str::<AgentPattern>(text).unwrap()];
        let agents = Agents::find(["s3://b/lineage.jar"], &patterns);
        let fit = |label| agents.recognised[0].fit(label, &Releases::default());
        assert_eq!(fit("emr-7.99.0"), Fit::Fits);
        let misfit = "`s3://b/lineage.jar` is good for emr-7.*";
        assert_eq!(fit("emr-6.15.0"), Fit::Misfits(misfit.into()));
    }

    #[test]
    fn agents_of_every_url_and_kind_are_read() {
        let policy = Policy::default();
        for (artifact, kind, version) in [
            (
                "s3a://b/openlineage-spark_2.12-1.24.2.jar",
                AgentKind::OpenLineage,
                "1.24.2",
            ),
            (
                "io.openlineage:openlineage-spark_2.13:1.24.2",
                AgentKind::OpenLineage,
                "1.24.2",
            ),
            (
                "io.openlineage/openlineage-spark_2.13/1.24.2",
                AgentKind::OpenLineage,
                "1.24.2",
            ),
            (
                "za.co.absa.spline.agent.spark/spark-3.5-spline-agent-bundle_2.12/2.2.3",
                AgentKind::Spline,
                "2.2.3",
            ),
            (
                "io.acryl:acryl-spark-lineage_2.13:0.2.18",
                AgentKind::DataHub,
                "0.2.18",
            ),
            (
                "https://h/datahub-spark-lineage-0.8.23.jar",
                AgentKind::DataHub,
                "0.8.23",
            ),
            (
                "https://h/p/spark-3.5-spline-agent-bundle_2.12-2.2.3.jar?versionId=x",
                AgentKind::Spline,
                "2.2.3",
            ),
        ] {
            let agents = Agents::find([artifact], &policy.agents);
            let agent = &agents.recognised[0];
            assert_eq!(
                (agent.kind, agent.version),
                (kind, Some(version)),
                "{artifact}"
            );
        }
    }
}
