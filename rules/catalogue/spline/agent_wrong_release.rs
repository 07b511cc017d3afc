use crate::catalogue::spline::agent_ambiguous::different;
use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::remedy::{put_in_place, renamed};
use crate::settings::Context;
use crate::spark::agent::{Agent, AgentKind, Bundle, Fit, file_name};
use crate::spark::release::version_of_label;
use crate::subject::rule::rule;

rule! {
    /// The Spline agent is built for another release
    ///
    /// Flags Spark applications whose agent was built for another EMR release
    /// (`spline-7.0.0.jar` on emr-7.1.0), or for another Spark or Scala
    /// (`spark-3.4-spline-agent-bundle_2.12` on Spark 3.5). A release label that the release table
    /// doesn't know is `unknown`: update Lineward, or add a `[[release]]` to `lineward.toml`. So is a glob in a folder
    /// that names another release.
    ///
    /// ## Why it matters
    /// An agent of another Spark or Scala dies with `NoSuchMethodError` or `NoClassDefFoundError`,
    /// which stops the Spark context, or loses lineage without a word.
    ///
    /// ## How to fix
    /// Name the agent that is built for the application's release; when the release label of an
    /// application is raised, raise its agent in the same change.
    ///
    /// Source: README of AbsaOSS/spline-spark-agent, "select a proper version of it that matches the minor
    /// Spark and Scala versions"; its issues #128, #382, #441, #573 and #586 for what happens otherwise.
    "spline-agent-wrong-release", High, Lineage { check }
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, cx: &Context<'_>) -> Verdict {
    // Which of several agents runs is another rule's question.
    if !setup.has_spline() || different(setup).len() > 1 {
        return Verdict::Pass;
    }
    let mut verdict = Verdict::Pass;
    for agent in setup.agents.of(AgentKind::Spline) {
        match agent.fit(setup.label, &cx.policy.releases) {
            Fit::Fits => {}
            Fit::Misfits(why) if agent.tells_release() => {
                return Verdict::Fail(format!("{why}, in force is `{}`", setup.label));
            }
            Fit::Misfits(why) => return Verdict::Fail(why),
            Fit::Unknown(why) => verdict = Verdict::Unknown(why),
        }
    }
    verdict
}

fn mended(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Edit> {
    let agents = setup.agents.of(AgentKind::Spline);
    let misfits = agents
        .filter(|agent| matches!(agent.fit(setup.label, &cx.policy.releases), Fit::Misfits(_)));
    let edits = misfits.flat_map(|agent| {
        let with = fitting(agent, setup);
        put_in_place(setup, agent.artifact, with, AgentKind::Spline, cx.policy)
    });
    edits.collect()
}

/// What an agent is called that is built for the release in force, where that can be told.
fn fitting(agent: &Agent<'_>, setup: &Setup<'_>) -> Option<String> {
    let artifact = agent.artifact;
    if let Some(release) = agent.release {
        return renamed(artifact, release, version_of_label(setup.label));
    }
    // An own build whose name tells no release is not to be had by a public name.
    if agent.tells_release() {
        return None;
    }
    let jar = setup.bundle().map(Bundle::jar)?;
    let name = file_name(artifact);
    if !name.contains(':') {
        return renamed(artifact, name, &jar);
    }
    let (name, version) = jar.trim_end_matches(".jar").rsplit_once('-')?;
    Some(format!("za.co.absa.spline.agent.spark:{name}:{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, Configuration};
    use crate::settings::Policy;
    use crate::subject::application::bench::{mended, mended_under};

    fn application(label: &str, key: &str, artifact: &str) -> Application {
        Application {
            release_label: label.into(),
            runtime_configuration: vec![Configuration::new("spark-defaults", &[(key, artifact)])],
            ..Application::example()
        }
    }

    fn verdict(label: &str, artifact: &str) -> Verdict {
        crate::subject::application::bench::lineage(
            check,
            &application(label, "spark.jars", artifact),
        )
    }

    #[test]
    fn an_agent_of_this_release_passes() {
        assert_eq!(
            verdict("emr-7.1.0", "s3://b/spline-7.1.0.jar"),
            Verdict::Pass
        );
        let bundle = "s3://b/spark-3.4-spline-agent-bundle_2.12-2.1.0.jar";
        assert_eq!(verdict("emr-6.15.0", bundle), Verdict::Pass);
    }

    #[test]
    fn an_agent_of_another_release_fails() {
        assert_eq!(
            verdict("emr-7.1.0", "s3://b/spline-7.0.0.jar"),
            Verdict::Fail(
                "`s3://b/spline-7.0.0.jar` is built for EMR 7.0.0, in force is `emr-7.1.0`".into()
            )
        );
        let bundle = verdict(
            "emr-7.1.0",
            "s3://b/spark-3.4-spline-agent-bundle_2.12-2.1.0.jar",
        );
        assert!(
            matches!(bundle, Verdict::Fail(why) if why.ends_with("emr-7.1.0 runs Spark 3.5.0"))
        );
    }

    #[test]
    fn a_label_that_the_table_does_not_know_is_unknown() {
        let bundle = "s3://b/spark-3.5-spline-agent-bundle_2.12-2.2.3.jar";
        assert!(matches!(verdict("emr-7.99.0", bundle), Verdict::Unknown(_)));
        assert_eq!(
            verdict("emr-7.99.0", "s3://b/spline-7.99.0.jar"),
            Verdict::Pass
        );
    }

    #[test]
    fn no_agent_is_another_rule() {
        assert_eq!(verdict("emr-7.1.0", "s3://b/other.jar"), Verdict::Pass);
    }

    #[test]
    fn the_fix_names_the_agent_of_this_release_where_the_wrong_one_was() {
        let fixed = |key: &str, artifact| {
            let mended = mended(check, &application("emr-7.1.0", key, artifact));
            mended[key].clone()
        };
        let own = fixed("spark.jars", "s3://b/x.jar, s3://b/spline-7.0.0.jar");
        assert_eq!(own, "s3://b/x.jar,s3://b/spline-7.1.0.jar");
        let in_path = fixed("spark.jars", "s3://b/7.0.0/spline-7.0.0.jar");
        assert_eq!(in_path, "s3://b/7.0.0/spline-7.1.0.jar");
        let bare = fixed("spark.jars", "spark-3.4-spline-agent-bundle_2.12-2.1.0.jar");
        assert!(bare.starts_with("spark-3.5-spline"), "{bare}");
        let coordinate = "za.co.absa.spline.agent.spark:spark-3.4-spline-agent-bundle_2.12:2.1.0";
        let bundle = fixed("spark.jars.packages", coordinate);
        assert!(
            bundle.ends_with("spark:spark-3.5-spline-agent-bundle_2.12:2.2.3"),
            "{bundle}"
        );
    }

    #[test]
    fn the_fix_changes_the_last_release_of_a_name() {
        let mut policy = Policy::default();
        let scheme = "name = 'x'\npattern = '^.*spline-(?<release>[0-9.]+)\\.jar$'";
        policy.agents = vec![toml::from_str(scheme).unwrap()];
        let application = application("emr-7.1.0", "spark.jars", "s3://b/v7.0.0-spline-7.0.0.jar");
        let mended = mended_under(check, &application, &policy);
        assert_eq!(mended["spark.jars"], "s3://b/v7.0.0-spline-7.1.0.jar");
    }

    #[test]
    fn an_own_build_gives_way_to_what_a_person_names() {
        let mut policy = Policy::default();
        let scheme = "name = 'x'\npattern = '^own-spline\\.jar$'\nreleases = ['emr-6.*']";
        policy.agents = vec![toml::from_str(scheme).unwrap()];
        let application = application("emr-7.1.0", "spark.jars", "s3://b/own-spline.jar");
        let mended = mended_under(check, &application, &policy);
        assert!(mended["spark.jars"].starts_with("s3://bucket/"));
    }
}
