//! Lineage agents: how one is recognised by the name of its artifact, and which release it fits.
//!
//! The patterns are in `settings.toml`, the agents in `kinds.toml`, the bundles that exist in `agents.toml`.

mod artifact;
mod bundle;
mod kind;
mod name;
mod pattern;

pub use artifact::{Agent, Fit};
pub use bundle::{Broken, Bundle, Bundles, is_older};
pub use kind::{AgentKind, TransportKeys};
pub(crate) use name::file_name;
pub use name::is_glob;
pub use pattern::AgentPattern;

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
            let mut patterns = patterns.iter();
            let read = patterns.find_map(|pattern| pattern.read(artifact, name, hinted.is_some()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Configuration;
    use crate::spark::Effective;
    use crate::spark::release::Releases;
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
