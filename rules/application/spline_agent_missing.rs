use super::Judged;
use crate::finding::{Remediation, Verdict};
use crate::remediation::set_spark_defaults;
use crate::rule::{Context, rule};
use crate::spark::{LISTENERS_KEY, SPLINE_LISTENER};

rule! {
    /// No Spline agent is configured
    ///
    /// Flags Spark applications whose defaults name no Spline agent in `spark.jars` or
    /// `spark.jars.packages`. An application with a custom image is `unknown`, since the agent may
    /// be in the image; so is one that names a Spline artifact which no `[[agent]]` pattern reads.
    /// Hive applications have no Spark lineage and are passed over.
    ///
    /// ## Why it matters
    /// Without the agent no job of the application reports what it reads and writes. If the
    /// listener is set all the same, SQL jobs die with `ClassNotFoundException`.
    ///
    /// ## How to fix
    /// Put the agent that is built for the application's EMR release into `spark.jars` of its
    /// `spark-defaults`, and register the listener. The application must be stopped for the change.
    "spline-agent-missing", High, Application { check, fix }
}

fn check(judged: &Judged<'_>, _: &Context<'_>) -> Verdict {
    let application = judged.application;
    if !application.is_spark() || judged.is_unsupported() || !judged.agents.recognised.is_empty() {
        return Verdict::Pass;
    }
    if let Some(suspect) = judged.agents.suspects.first() {
        return Verdict::Unknown(format!(
            "`{suspect}` looks like Spline, but no `[[agent]]` pattern reads its name"
        ));
    }
    if let Some(image) = application.images().next() {
        return Verdict::Unknown(format!(
            "the configuration names no agent; the custom image `{image}` may hold one"
        ));
    }
    let absent = "neither `spark.jars` nor `spark.jars.packages` names a Spline agent";
    if judged.spark.has_spline_listener() {
        return Verdict::Fail(format!(
            "{absent}, yet the listener is set: SQL jobs fail to start"
        ));
    }
    Verdict::Fail(absent.into())
}

fn fix(judged: &Judged<'_>, cx: &Context<'_>) -> Remediation {
    let bundle = judged.release.and_then(|release| {
        cx.policy
            .bundles
            .find(release.spark_minor(), &release.scala)
    });
    let jar = bundle.map_or_else(
        || "<agent for this release>.jar".into(),
        crate::agent::Bundle::jar,
    );
    let with = |key, value: &str| {
        let present = judged.spark.list(key).filter(|&entry| entry != value);
        present.chain([value]).collect::<Vec<_>>().join(",")
    };
    let jars = with("spark.jars", &format!("s3://<bucket>/{jar}"));
    let listeners = with(LISTENERS_KEY, SPLINE_LISTENER);
    set_spark_defaults(
        judged.application,
        &[("spark.jars", &jars), (LISTENERS_KEY, &listeners)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, Configuration};

    fn verdict(application: &Application) -> Verdict {
        let cx = Context::example();
        check(&Judged::new(application, cx.policy), &cx)
    }

    fn with(properties: &[(&str, &str)]) -> Application {
        Application {
            runtime_configuration: vec![Configuration::new("spark-defaults", properties)],
            ..Application::example()
        }
    }

    #[test]
    fn an_agent_in_either_key_passes() {
        assert_eq!(verdict(&Application::example()), Verdict::Pass);
        let bundle = "za.co.absa.spline.agent.spark:spark-3.5-spline-agent-bundle_2.12:2.2.3";
        assert_eq!(
            verdict(&with(&[("spark.jars.packages", bundle)])),
            Verdict::Pass
        );
    }

    #[test]
    fn no_agent_fails_and_says_when_jobs_will_die() {
        let absent = "neither `spark.jars` nor `spark.jars.packages` names a Spline agent";
        assert_eq!(
            verdict(&with(&[("spark.jars", "s3://b/other.jar")])),
            Verdict::Fail(absent.into())
        );
        let listening = verdict(&with(&[(LISTENERS_KEY, SPLINE_LISTENER)]));
        assert!(
            matches!(listening, Verdict::Fail(evidence) if evidence.ends_with("fail to start"))
        );
        let none = Application {
            runtime_configuration: Vec::new(),
            ..Application::example()
        };
        assert_eq!(verdict(&none), Verdict::Fail(absent.into()));
    }

    #[test]
    fn an_image_or_a_strange_name_can_not_be_told() {
        let image = Application {
            image: Some("1.dkr.ecr/x".into()),
            ..with(&[])
        };
        assert!(matches!(verdict(&image), Verdict::Unknown(_)));
        let fork = with(&[("spark.jars", "s3://b/spline-fork.jar")]);
        assert!(matches!(verdict(&fork), Verdict::Unknown(_)));
    }

    #[test]
    fn hive_is_out_of_scope() {
        let hive = Application {
            kind: "HIVE".into(),
            ..with(&[])
        };
        assert_eq!(verdict(&hive), Verdict::Pass);
    }

    #[test]
    fn the_fix_adds_the_bundle_of_this_spark_and_keeps_other_jars() {
        let cx = Context::example();
        let application = with(&[("spark.jars", "s3://b/other.jar")]);
        let fix = fix(&Judged::new(&application, cx.policy), &cx);
        let jars = "s3://b/other.jar,s3://<bucket>/spark-3.5-spline-agent-bundle_2.12-2.2.3.jar";
        assert!(fix.aws_cli.contains(jars), "{}", fix.aws_cli);
        assert!(fix.terraform.contains(SPLINE_LISTENER), "{}", fix.terraform);
    }
}
