use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::settings::Context;
use crate::spark::agent::AgentKind;
use crate::subject::rule::rule;

rule! {
    /// No Spline agent exists for this release
    ///
    /// Flags Spark applications on an EMR release whose Spark or Scala no public Spline bundle is
    /// built for (emr-spark-8.x runs Scala 2.13). An agent of the organization's own build, told by
    /// a name that ties it to an EMR release, or to the release's own Spark and Scala, is taken at its
    /// word. With a custom image it is `unknown`, since the image may hold one, unless an `[[image]]` of
    /// the configuration says what it holds.
    ///
    /// ## Why it matters
    /// No configuration can bring lineage here: a bundle of another Scala ends the job with a
    /// `LinkageError`. It is a choice to be made, not a mistake to be mended.
    ///
    /// ## How to fix
    /// Stay on a release that an agent exists for (emr-7.x at the latest), build an agent, use another
    /// (DataHub publishes `acryl-spark-lineage_2.13`; see `[lineage] require`), or accept the gap with an
    /// `[[exemption]]`.
    ///
    /// Source: issues #831 and #935 of AbsaOSS/spline-spark-agent, open on 2026-09-21.
    "spline-release-unsupported", Medium, Lineage { check }
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    let Some(release) = setup.release.filter(|_| setup.is_unsupported()) else {
        return Verdict::Pass;
    };
    let unpublished = format!(
        "{} runs Spark {} on Scala {}, for which no Spline agent is published",
        release.label,
        release.spark_minor(),
        release.scala,
    );
    let others = setup.others(setup.wanted);
    // A bundle that the configuration names is of another Spark or Scala, whatever the image holds.
    let misfit = setup.agents.of(AgentKind::Spline).next();
    match setup.image.filter(|_| setup.is_opaque && misfit.is_none()) {
        Some(image) => Verdict::Unknown(format!(
            "{unpublished}; the custom image `{image}` may hold one of its owner's build{others}"
        )),
        None => Verdict::Fail(format!("{unpublished}{others}")),
    }
}

/// A release label can't be lowered in place; which way to go is for the owner to say.
fn mended(_: &Setup<'_>, _: &Context<'_>) -> Vec<Edit> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, Configuration};
    use crate::subject::application::bench::lineage;

    fn application(label: &str, jars: &str) -> Application {
        Application {
            release_label: label.into(),
            runtime_configuration: vec![Configuration::new(
                "spark-defaults",
                &[("spark.jars", jars)],
            )],
            ..Application::example()
        }
    }

    fn verdict(label: &str, jars: &str) -> Verdict {
        lineage(check, &application(label, jars))
    }

    #[test]
    fn a_release_that_a_bundle_exists_for_passes() {
        assert_eq!(verdict("emr-7.14.0", ""), Verdict::Pass);
        assert_eq!(verdict("emr-6.6.0", ""), Verdict::Pass);
    }

    #[test]
    fn a_release_of_scala_2_13_fails_with_or_without_a_bundle() {
        let evidence =
            "emr-spark-8.0.0 runs Spark 4.0 on Scala 2.13, for which no Spline agent is published";
        let fail = Verdict::Fail(evidence.into());
        assert_eq!(verdict("emr-spark-8.0.0", ""), fail);
        let bundle = "s3://b/spark-3.5-spline-agent-bundle_2.12-2.2.3.jar";
        assert_eq!(verdict("emr-spark-8.0.0", bundle), fail);
    }

    #[test]
    fn an_own_build_is_taken_at_its_word() {
        assert_eq!(
            verdict("emr-spark-8.0.0", "s3://b/spline-8.0.0.jar"),
            Verdict::Pass
        );
    }

    #[test]
    fn a_bundle_that_fits_is_taken_at_its_word() {
        let bundle = "s3://b/spark-4.0-spline-agent-bundle_2.13-2.4.0.jar";
        assert_eq!(verdict("emr-spark-8.0.0", bundle), Verdict::Pass);
        let later = verdict("emr-spark-8.1.0", bundle);
        assert!(matches!(later, Verdict::Fail(_)), "{later:?}");
    }

    #[test]
    fn what_an_image_holds_can_not_be_told() {
        let with_image = |jars| Application {
            image: Some("1.dkr.ecr/x:1".into()),
            ..application("emr-spark-8.0.0", jars)
        };
        let opaque = lineage(check, &with_image(""));
        assert!(
            matches!(&opaque, Verdict::Unknown(text) if text.contains("`1.dkr.ecr/x:1` may hold")),
            "{opaque:?}"
        );
        let misfit = with_image("s3://b/spark-3.5-spline-agent-bundle_2.12-2.2.3.jar");
        assert!(matches!(lineage(check, &misfit), Verdict::Fail(_)));
    }

    #[test]
    fn an_unknown_label_is_not_judged_here() {
        assert_eq!(verdict("emr-99.0.0", ""), Verdict::Pass);
    }
}
