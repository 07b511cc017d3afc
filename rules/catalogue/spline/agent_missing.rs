use crate::finding::{Remediation, Verdict};
use crate::lineage::Setup;
use crate::remedy::set_spark_defaults;
use crate::settings::Context;
use crate::spark::agent::{AgentKind, Bundle};
use crate::spark::{JARS_KEY, LISTENERS_KEY, SPLINE_LISTENER};
use crate::subject::application::Judged;
use crate::subject::rule::rule;

rule! {
    /// No Spline agent is configured
    ///
    /// Flags Spark applications whose defaults name no Spline agent in `spark.jars` or
    /// `spark.jars.packages`. With a custom image it is `unknown`, since the agent may be in the image,
    /// unless an `[[image]]` of the configuration says what the image holds. Hive applications have no
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
    "spline-agent-missing", High, Lineage { check, fix }
}

fn check(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
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
    let absent = "neither `spark.jars` nor `spark.jars.packages` names a Spline agent";
    if setup.spark.has_spline_listener() {
        return Verdict::Fail(format!(
            "{absent}, yet the listener is set: SQL jobs fail to start{others}"
        ));
    }
    Verdict::Fail(format!("{absent}{others}"))
}

fn fix(judged: &Judged<'_>, _: &Context<'_>) -> Remediation {
    let spark = &judged.setup.spark;
    let jar = judged.setup.bundle();
    let jar = jar.map_or_else(|| "<agent for this release>.jar".into(), Bundle::jar);
    let with = |key, value: &str| {
        let present = spark.list(key).filter(|&entry| entry != value);
        present.chain([value]).collect::<Vec<_>>().join(",")
    };
    let jars = with(JARS_KEY, &format!("s3://<bucket>/{jar}"));
    let listeners = with(LISTENERS_KEY, SPLINE_LISTENER);
    set_spark_defaults(
        judged.application,
        &[(JARS_KEY, &jars), (LISTENERS_KEY, &listeners)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::settings::{ApprovedImage, Policy};
    use crate::subject::application::bench::{lineage, with};

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
        let cx = Context::example();
        let application = with(&[(JARS_KEY, Some("s3://b/other.jar"))]);
        let fix = fix(
            &Judged::new(&application, cx.policy, crate::catalogue::lineage_checks()),
            &cx,
        );
        let jars = "s3://b/other.jar,s3://<bucket>/spark-3.5-spline-agent-bundle_2.12-2.2.3.jar";
        assert!(fix.aws_cli.contains(jars), "{}", fix.aws_cli);
        assert!(fix.terraform.contains(SPLINE_LISTENER), "{}", fix.terraform);
    }
}
