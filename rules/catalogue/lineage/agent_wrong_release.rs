use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::remedy::{put_in_place, renamed};
use crate::settings::Context;
use crate::spark::agent::{Agent, Fit};
use crate::spark::release::Release;
use crate::subject::rule::rule;

rule! {
    /// The lineage agent is built for another Scala
    ///
    /// Flags Spark applications whose OpenLineage or DataHub agent, where `[lineage] require` asks for it, is
    /// built for another Scala version than the release runs (`_2.12` on emr-spark-8.x, which is 2.13). For
    /// Spline there is `spline-agent-wrong-release`. OpenLineage's names
    /// without a suffix are of Scala 2.12, through 1.8.0; other names that tell none pass. It flags as well a
    /// version that was never built for its Scala, one that is known to break on the release's Spark
    /// (`datahub-spark-lineage` from Spark 3.4), and AWS's own build before emr-7.5.0. A fault that was seen
    /// elsewhere and is likely on EMR Serverless is `unknown` (`acryl-spark-lineage` 0.2.18 on Spark 4). A label that the release
    /// table doesn't know is `unknown`.
    ///
    /// ## Why it matters
    /// An agent of another Scala dies with `NoSuchMethodError` or `NoClassDefFoundError`.
    ///
    /// ## How to fix
    /// Name the artifact with the Scala suffix of the release.
    ///
    /// Source: OpenLineage's documentation, "Installation", of the suffix from 1.8.0.
    "lineage-agent-wrong-release", High, Lineage { check }
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, cx: &Context<'_>) -> Verdict {
    let Some(kind) = setup.wanted_other() else {
        return Verdict::Pass;
    };
    let bundles = &cx.policy.bundles;
    let spark = setup.release.map_or("", Release::spark_minor);
    let mut verdict = Verdict::Pass;
    for agent in setup.agents.of(kind) {
        match bundles.broken(agent, spark) {
            Some(broken) if broken.likely => {
                verdict = Verdict::Unknown(broken.told(agent.artifact));
            }
            Some(broken) => return Verdict::Fail(broken.told(agent.artifact)),
            None => {}
        }
        if let Some(first) = bundles.unbuilt(agent) {
            return Verdict::Fail(format!(
                "`{}` was never published: {first} is the first for its Scala",
                agent.artifact
            ));
        }
        let scala = agent.scala.or_else(|| bundles.unsuffixed(agent));
        if scala.is_none() && !agent.tells_release() {
            continue;
        }
        let agent = Agent {
            scala,
            ..agent.clone()
        };
        match agent.fit(setup.label, &cx.policy.releases) {
            Fit::Fits => {}
            Fit::Misfits(why) => return Verdict::Fail(why),
            Fit::Unknown(why) => verdict = Verdict::Unknown(why),
        }
    }
    verdict
}

/// Names the artifact with the release's own Scala suffix, or else puts another in its place.
fn mended(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Edit> {
    let (Some(kind), Some(release)) = (setup.wanted_other(), setup.release) else {
        return Vec::new();
    };
    let spark = release.spark_minor();
    let agents = setup.agents.of(kind).filter(|agent| {
        let fit = agent.fit(setup.label, &cx.policy.releases);
        let broken = cx.policy.bundles.broken(agent, spark);
        let is_broken = broken.is_some_and(|broken| !broken.likely);
        matches!(fit, Fit::Misfits(_)) || is_broken || cx.policy.bundles.unbuilt(agent).is_some()
    });
    let edits = agents.flat_map(|agent| {
        let scala = agent.scala.filter(|scala| *scala != release.scala);
        let with = scala.and_then(|scala| {
            let (from, to) = (format!("_{scala}"), format!("_{}", release.scala));
            renamed(agent.artifact, &from, &to)
        });
        put_in_place(setup, agent.artifact, with, kind, cx.policy)
    });
    edits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::settings::{Policy, Requirement};
    use crate::subject::application::bench::mended_under;
    use crate::subject::application::bench::{lineage_under, open_lineage, with};

    fn policy() -> Policy {
        Policy {
            require: Requirement::OpenLineage,
            ..Policy::default()
        }
    }

    fn verdict(label: &str) -> Verdict {
        let application = Application {
            release_label: label.into(),
            ..with(&open_lineage())
        };
        lineage_under(check, &application, &policy())
    }

    #[test]
    fn scala_must_be_that_of_the_release() {
        assert_eq!(verdict("emr-7.1.0"), Verdict::Pass);
        assert!(matches!(verdict("emr-spark-8.1.0"), Verdict::Fail(_)));
        assert!(matches!(verdict("emr-99.0.0"), Verdict::Unknown(_)));
    }

    fn of_jar(label: &str, jar: &str, policy: &Policy) -> Verdict {
        let application = Application {
            release_label: label.into(),
            ..with(&[open_lineage(), vec![("spark.jars", Some(jar))]].concat())
        };
        lineage_under(check, &application, policy)
    }

    #[test]
    fn a_name_without_a_suffix_is_of_the_older_scala() {
        let policy = policy();
        let old = "s3://b/openlineage-spark-1.8.0.jar";
        assert_eq!(of_jar("emr-7.1.0", old, &policy), Verdict::Pass);
        assert!(matches!(
            of_jar("emr-spark-8.1.0", old, &policy),
            Verdict::Fail(_)
        ));
        let unsaid = "s3://b/openlineage-spark.jar";
        assert_eq!(of_jar("emr-spark-8.1.0", unsaid, &policy), Verdict::Pass);
        let never = "s3://b/openlineage-spark_2.13-1.8.0.jar";
        assert!(matches!(
            of_jar("emr-spark-8.1.0", never, &policy),
            Verdict::Fail(_)
        ));
        let first = "s3://b/openlineage-spark_2.13-1.9.1.jar";
        assert_eq!(of_jar("emr-spark-8.1.0", first, &policy), Verdict::Pass);
    }

    #[test]
    fn datahubs_legacy_plugin_breaks_on_later_sparks() {
        let policy = Policy {
            require: Requirement::DataHub,
            ..Policy::default()
        };
        let legacy = "s3://b/datahub-spark-lineage-0.10.5.jar";
        assert!(matches!(
            of_jar("emr-7.1.0", legacy, &policy),
            Verdict::Fail(_)
        ));
        assert!(matches!(
            of_jar("emr-6.15.0", legacy, &policy),
            Verdict::Fail(_)
        ));
        assert_eq!(of_jar("emr-6.11.0", legacy, &policy), Verdict::Pass);
        let heir = "s3://b/acryl-spark-lineage_2.12-0.2.18.jar";
        assert_eq!(of_jar("emr-7.1.0", heir, &policy), Verdict::Pass);
    }

    #[test]
    fn awss_own_build_is_there_from_7_5() {
        let policy = policy();
        let jar = "/usr/share/aws/datazone-openlineage-spark/lib/DataZoneOpenLineageSpark-1.0.jar";
        assert_eq!(of_jar("emr-7.5.0", jar, &policy), Verdict::Pass);
        assert!(matches!(
            of_jar("emr-7.4.0", jar, &policy),
            Verdict::Fail(_)
        ));
    }

    #[test]
    fn one_that_does_not_fit_outweighs_one_of_which_it_is_not_known() {
        let mut policy = policy();
        let scheme = "name = 'x'\nagent = 'openlineage'\npattern = '^openlineage-spark-(?<release>[0-9.]+)\\.jar$'";
        policy.agents.insert(0, toml::from_str(scheme).unwrap());
        let jars = "s3://b/openlineage-spark_2.12-1.24.2.jar,s3://b/openlineage-spark-7.1.0.jar";
        let application = Application {
            release_label: "emr-99.0.0".into(),
            ..with(&[open_lineage(), vec![("spark.jars", Some(jars))]].concat())
        };
        let found = lineage_under(check, &application, &policy);
        assert!(matches!(found, Verdict::Fail(_)), "{found:?}");
    }

    #[test]
    fn the_fix_changes_the_scala_of_the_name_alone() {
        let policy = policy();
        let jar = "s3://b/scala_2.12/openlineage-spark_2.12-1.24.2.jar";
        let application = Application {
            release_label: "emr-spark-8.1.0".into(),
            ..with(&[open_lineage(), vec![("spark.jars", Some(jar))]].concat())
        };
        let mended = mended_under(check, &application, &policy);
        let jar = "s3://b/scala_2.12/openlineage-spark_2.13-1.24.2.jar";
        assert_eq!(mended["spark.jars"], jar);
    }
}
