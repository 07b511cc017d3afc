use crate::catalogue::spline::agent_ambiguous::different;
use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::remedy::{put_in_place, renamed};
use crate::settings::Context;
use crate::spark::agent::{Agent, AgentKind, Bundle, Fit, is_older};
use crate::spark::release::Release;
use crate::subject::rule::rule;

rule! {
    /// The Spline agent is too old or known to be broken
    ///
    /// Flags Spark applications whose public bundle is older than the first that was published for their
    /// Spark (2.1.0 for Spark 3.4, 2.2.0 for Spark 3.5), has a fault that is known, or is older than
    /// `minimum` (`[rules.spline-agent-outdated]`). A version that the table doesn't list, and that isn't
    /// newer than all it lists, is `unknown`, and so is a
    /// fault that was seen elsewhere and is likely on EMR Serverless.
    ///
    /// ## Why it matters
    /// What was never published is a mistake in the name: the JAR isn't there, or is another. What is known
    /// to be broken loses lineage or stops jobs.
    ///
    /// ## How to fix
    /// Name a newer bundle for the same Spark and Scala.
    ///
    /// Source: git tags, log and issues of AbsaOSS/spline-spark-agent (`agents.toml`).
    "spline-agent-outdated", Medium, Lineage { check }, parameters: AgentOutdated,
    costs_lineage: is_unsound,
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, cx: &Context<'_>) -> Verdict {
    if !setup.has_spline() || different(setup).len() > 1 {
        return Verdict::Pass;
    }
    let mut agents = setup.agents.of(AgentKind::Spline);
    let Some(agent) = agents.find(|agent| agent.version.is_some()) else {
        return Verdict::Pass;
    };
    let (artifact, version) = (agent.artifact, agent.version.unwrap_or_default());
    if agent.fit(setup.label, &cx.policy.releases) != Fit::Fits {
        return Verdict::Pass;
    }
    let spark = setup.release.map_or("", Release::spark_minor);
    let broken = cx.policy.bundles.broken(agent, spark);
    if let Some(broken) = broken.filter(|broken| !broken.likely) {
        return Verdict::Fail(broken.told(artifact));
    }
    let minimum = cx.policy.rules.agent_outdated.minimum.as_deref();
    if let Some(minimum) = minimum.filter(|minimum| is_older(version, minimum)) {
        return Verdict::Fail(format!(
            "`{artifact}` is older than {minimum}, which is asked for"
        ));
    }
    if let Some(broken) = broken {
        return Verdict::Unknown(broken.told(artifact));
    }
    // An own build is of its owner's own numbers.
    let Some(bundle) = setup.bundle().filter(|_| agent.spark.is_some()) else {
        return Verdict::Pass;
    };
    let (first, last) = (bundle.first(), bundle.last());
    if is_older(version, first) {
        return Verdict::Fail(format!(
            "`{artifact}` is older than {first}, the first that was published for Spark {} and Scala \
             {}",
            bundle.spark, bundle.scala
        ));
    }
    if bundle.lists(version) || is_older(last, version) {
        return Verdict::Pass;
    }
    Verdict::Unknown(format!(
        "`{artifact}`: whether {version} was published for Spark {} is not known",
        bundle.spark
    ))
}

/// Names the newest public bundle in the place of an older one. An own build is of its owner's own numbers.
fn mended(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Edit> {
    let mut agents = setup.agents.of(AgentKind::Spline);
    let Some(agent) = agents.find(|agent| agent.version.is_some()) else {
        return Vec::new();
    };
    let public = agent.version.filter(|_| agent.spark.is_some());
    let newest = public.zip(setup.bundle().map(Bundle::newest));
    let with = newest.and_then(|(version, newest)| renamed(agent.artifact, version, newest));
    put_in_place(setup, agent.artifact, with, AgentKind::Spline, cx.policy)
}

/// Whether an agent was never published or has a known fault, and so isn't only older than is asked for.
fn is_unsound(setup: &Setup<'_>, cx: &Context<'_>) -> bool {
    let spark = setup.release.map_or("", Release::spark_minor);
    let is_sound = |agent: &Agent<'_>| {
        let version = agent.version.unwrap_or_default();
        // An own build is of its owner's own numbers.
        let bundle = setup.bundle().filter(|_| agent.spark.is_some());
        let published = bundle.is_none_or(|bundle| !is_older(version, bundle.first()));
        published && cx.policy.bundles.broken(agent, spark).is_none()
    };
    !setup.agents.of(AgentKind::Spline).all(is_sound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::settings::Policy;
    use crate::spark::JARS_KEY;
    use crate::subject::application::bench::{lineage, mended, mended_under, with};

    fn application(label: &str, jar: &str) -> Application {
        Application {
            release_label: label.into(),
            ..with(&[(JARS_KEY, Some(jar))])
        }
    }

    fn bundle(label: &str, spark: &str, version: &str) -> Verdict {
        let jar = format!("s3://b/spark-{spark}-spline-agent-bundle_2.12-{version}.jar");
        lineage(check, &application(label, &jar))
    }

    #[test]
    fn a_listed_and_a_newer_version_pass() {
        assert_eq!(bundle("emr-7.1.0", "3.5", "2.2.3"), Verdict::Pass);
        assert_eq!(bundle("emr-7.1.0", "3.5", "2.3.0"), Verdict::Pass);
        assert_eq!(bundle("emr-7.1.0", "3.5", "9.0.0"), Verdict::Pass);
        let own = application("emr-7.1.0", "s3://b/spline-7.1.0.jar");
        assert_eq!(lineage(check, &own), Verdict::Pass);
    }

    #[test]
    fn each_release_has_its_minimum() {
        for (label, spark, too_old, first) in [
            ("emr-6.6.0", "3.2", "0.7.4", "0.7.7"),
            ("emr-6.11.0", "3.3", "0.7.8", "0.7.9"),
            ("emr-6.12.0", "3.4", "2.0.0", "2.1.0"),
            ("emr-7.14.0", "3.5", "2.1.0", "2.2.0"),
        ] {
            assert!(
                matches!(bundle(label, spark, too_old), Verdict::Fail(_)),
                "{label}"
            );
            assert_eq!(bundle(label, spark, first), Verdict::Pass, "{label}");
        }
    }

    #[test]
    fn a_known_fault_fails_and_a_version_of_no_record_is_unknown() {
        assert!(
            matches!(bundle("emr-6.6.0", "3.2", "1.2.1"), Verdict::Fail(text) if text.contains("1.2.2"))
        );
        assert!(matches!(
            bundle("emr-7.1.0", "3.5", "2.2.2"),
            Verdict::Unknown(_)
        ));
    }

    #[test]
    fn a_fault_of_one_spark_is_no_other_ones() {
        for (label, spark, version) in
            [("emr-6.7.0", "3.2", "0.7.5"), ("emr-6.7.0", "3.2", "0.7.6")]
        {
            let found = bundle(label, spark, version);
            assert!(matches!(found, Verdict::Fail(text) if text.contains("0.7.7")));
        }
        for version in ["1.0.1", "1.0.4", "1.0.7"] {
            let found = bundle("emr-6.8.0", "3.3", version);
            assert!(matches!(found, Verdict::Unknown(text) if text.contains("1.1.0")));
            assert_eq!(bundle("emr-6.7.0", "3.2", version), Verdict::Pass);
        }
        assert_eq!(bundle("emr-6.8.0", "3.3", "1.1.0"), Verdict::Pass);
        // What is certain goes before what is likely.
        let both = bundle("emr-6.8.0", "3.3", "1.0.0");
        assert!(matches!(both, Verdict::Fail(_)), "{both:?}");
    }

    #[test]
    fn an_organization_may_ask_for_more() {
        let mut policy = Policy::default();
        policy.rules.agent_outdated.minimum = Some("2.2.3".into());
        let jar = "s3://b/spark-3.5-spline-agent-bundle_2.12-2.2.1.jar";
        let application = application("emr-7.1.0", jar);
        let found = crate::subject::application::bench::lineage_under(check, &application, &policy);
        assert!(matches!(found, Verdict::Fail(text) if text.contains("2.2.3")));
        let mended = mended_under(check, &application, &policy);
        assert!(mended[JARS_KEY].ends_with("_2.12-2.2.3.jar"));
    }

    #[test]
    fn the_fix_changes_the_version_and_nothing_else() {
        let jar = "s3://b/12.2.1.0/spark-3.5-spline-agent-bundle_2.12-2.1.0.jar";
        let mut before = application("emr-7.1.0", jar).runtime_configuration[0]
            .properties
            .clone();
        let newer = "s3://b/12.2.1.0/spark-3.5-spline-agent-bundle_2.12-2.2.3.jar";
        before.insert(JARS_KEY.into(), newer.into());
        assert_eq!(mended(check, &application("emr-7.1.0", jar)), before);
    }
}
