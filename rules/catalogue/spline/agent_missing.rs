use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::remedy::put_in;
use crate::settings::Context;
use crate::spark::agent::AgentKind;
use crate::subject::rule::rule;

rule! {
    /// No Spline agent is configured
    ///
    /// Flags Spark applications whose defaults name no Spline agent in `spark.jars` or
    /// `spark.jars.packages`. With a custom image it is `unknown`, since the agent may be in the image,
    /// unless an `[[image]]` of the configuration says what the image holds. So it is on a
    /// release that the release table doesn't know: which agent would do can't be told. Hive applications have no
    /// Spark lineage and are out of scope.
    ///
    /// ## Why it matters
    /// Without the agent no job of the application reports what it reads and writes. If the
    /// listener is set all the same, SQL jobs die with `ClassNotFoundException`, and jobs that use RDDs
    /// alone end well without lineage.
    ///
    /// ## How to fix
    /// Put the agent that is built for the application's EMR release into `spark.jars` of its
    /// `spark-defaults`, and register the listener. The application must be stopped for the change.
    ///
    /// Source: tried on Apache Spark 3.5.6 (a missing bundle with the listener set); README of
    /// AbsaOSS/spline-spark-agent, "Codeless initialization".
    "spline-agent-missing", High, Lineage { check }
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    let spline = AgentKind::Spline;
    let there = setup.agents.of(spline).next().is_some() || setup.agents.suspect(spline).is_some();
    if !setup.wants(spline) || setup.is_unsupported() || there {
        return Verdict::Pass;
    }
    let others = setup.others(setup.wanted);
    if let Some(image) = setup.image.filter(|_| setup.is_opaque) {
        return Verdict::Unknown(format!(
            "the configuration names no agent; the custom image `{image}` may hold one{others}"
        ));
    }
    if let Some(reason) = setup.unknown_release() {
        return Verdict::Unknown(format!(
            "the configuration names no agent; {reason}{others}"
        ));
    }
    let absent = "neither `spark.jars` nor `spark.jars.packages` names a Spline agent";
    if setup.spark.has_spline_listener() {
        return Verdict::Fail(format!(
            "{absent}, yet the listener is set: SQL jobs fail to start{others}"
        ));
    }
    Verdict::Fail(format!("{absent}{others}"))
}

fn mended(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Edit> {
    put_in(setup, AgentKind::Spline, cx.policy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::settings::{AgentArtifact, ApprovedImage, Policy};
    use crate::spark::{JARS_KEY, LISTENERS_KEY, SPLINE_LISTENER};
    use crate::subject::application::bench::{lineage, mended, mended_under, with};

    const ABSENT: &str = "neither `spark.jars` nor `spark.jars.packages` names a Spline agent";

    fn verdict(application: &Application) -> Verdict {
        lineage(check, application)
    }

    #[test]
    fn an_agent_in_either_key_passes() {
        assert_eq!(verdict(&Application::example()), Verdict::Pass);
        let bundle = "za.co.absa.spline.agent.spark:spark-3.5-spline-agent-bundle_2.12:2.2.3";
        let packages = [(JARS_KEY, None), ("spark.jars.packages", Some(bundle))];
        assert_eq!(verdict(&with(&packages)), Verdict::Pass);
    }

    #[test]
    fn no_agent_fails_and_says_when_jobs_will_die() {
        let other = [(JARS_KEY, Some("s3://b/other.jar")), (LISTENERS_KEY, None)];
        assert_eq!(verdict(&with(&other)), Verdict::Fail(ABSENT.into()));
        let listening = verdict(&with(&[(JARS_KEY, None)]));
        assert!(
            matches!(listening, Verdict::Fail(evidence) if evidence.ends_with("fail to start"))
        );
        let none = Application {
            runtime_configuration: Vec::new(),
            ..Application::example()
        };
        assert_eq!(verdict(&none), Verdict::Fail(ABSENT.into()));
    }

    #[test]
    fn another_agent_is_named() {
        let other = [
            (JARS_KEY, Some("s3://b/openlineage-spark_2.12-1.24.2.jar")),
            (LISTENERS_KEY, None),
        ];
        let evidence = format!("{ABSENT}; OpenLineage is configured instead");
        assert_eq!(verdict(&with(&other)), Verdict::Fail(evidence));
    }

    #[test]
    fn an_image_can_not_be_told_unless_it_is_known_what_it_holds() {
        let image = Application {
            image: Some("1.dkr.ecr/x:1".into()),
            ..with(&[(JARS_KEY, None)])
        };
        assert!(matches!(verdict(&image), Verdict::Unknown(_)));
        let holding = |holds: &[&str]| {
            let mut policy = Policy::default();
            policy.images.push(ApprovedImage {
                uri: "1.dkr.ecr/x:*".into(),
                holds: Some(holds.iter().map(|&name| name.to_owned()).collect()),
            });
            crate::subject::application::bench::lineage_under(check, &image, &policy)
        };
        assert_eq!(holding(&["spline-7.1.0.jar"]), Verdict::Pass);
        assert!(matches!(holding(&[]), Verdict::Fail(_)));
    }

    #[test]
    fn an_image_of_executors_alone_holds_no_agent_of_the_driver() {
        let mut executors = with(&[(JARS_KEY, None)]);
        executors
            .worker_images
            .insert("Executor".into(), "1.dkr.ecr/x".into());
        assert!(matches!(verdict(&executors), Verdict::Fail(_)));
    }

    #[test]
    fn hive_is_out_of_scope() {
        let hive = Application {
            kind: "HIVE".into(),
            ..with(&[(JARS_KEY, None)])
        };
        assert_eq!(verdict(&hive), Verdict::Pass);
    }

    #[test]
    fn the_fix_adds_the_bundle_of_this_spark_and_keeps_other_jars() {
        let other = (JARS_KEY, Some("s3://b/other.jar"));
        let application = with(&[other, (LISTENERS_KEY, None)]);
        let mended = mended(check, &application);
        let jars = "s3://b/other.jar,s3://bucket/spark-3.5-spline-agent-bundle_2.12-2.2.3.jar";
        assert_eq!(mended[JARS_KEY], jars);
        assert_eq!(mended[LISTENERS_KEY], SPLINE_LISTENER);
    }

    #[test]
    fn the_fix_adds_the_organizations_own_agent_and_what_it_needs() {
        let application = with(&[(JARS_KEY, None), (LISTENERS_KEY, None)]);
        let mut policy = Policy::default();
        let jar = "s3://lineage/spline-{release}.jar";
        policy.own_agent.artifact = Some(AgentArtifact::parse(jar).unwrap());
        policy.own_agent.set = [("spark.x".to_owned(), "y".to_owned())].into();
        let mended = mended_under(check, &application, &policy);
        assert_eq!(mended[JARS_KEY], "s3://lineage/spline-7.1.0.jar");
        assert_eq!(mended["spark.x"], "y");
    }
}
