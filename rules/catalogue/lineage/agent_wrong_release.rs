use crate::finding::{Remediation, Verdict};
use crate::lineage::Setup;
use crate::remedy::{renamed, replace_artifacts};
use crate::settings::Context;
use crate::spark::agent::Fit;
use crate::subject::application::Judged;
use crate::subject::rule::rule;

rule! {
    /// The lineage agent is built for another Scala
    ///
    /// Flags Spark applications whose OpenLineage or DataHub agent, where `[lineage] require` asks for it, is
    /// built for another Scala version than the release runs (`_2.12` on emr-spark-8.x, which is 2.13). For
    /// Spline there is `spline-agent-wrong-release`. A name that tells no Scala passes; a label that the
    /// release table doesn't know is `unknown`.
    ///
    /// ## Why it matters
    /// An agent of another Scala dies with `NoSuchMethodError` or `NoClassDefFoundError`.
    ///
    /// ## How to fix
    /// Name the artifact with the Scala suffix of the release.
    ///
    /// Source: OpenLineage's documentation, "Installation", of the suffix from 1.8.0.
    "lineage-agent-wrong-release", High, Lineage { check, fix }
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Verdict {
    let Some(kind) = setup.wanted_other() else {
        return Verdict::Pass;
    };
    let told = setup
        .agents
        .of(kind)
        .filter(|agent| agent.scala.is_some() || agent.tells_release());
    let mut verdict = Verdict::Pass;
    for agent in told {
        match agent.fit(setup.label, &cx.policy.releases) {
            Fit::Fits => {}
            Fit::Misfits(why) => return Verdict::Fail(why),
            Fit::Unknown(why) => verdict = Verdict::Unknown(why),
        }
    }
    verdict
}

/// Names the artifact with the release's own Scala suffix. Where its name tells none, nothing can be told.
fn fix(judged: &Judged<'_>, cx: &Context<'_>) -> Remediation {
    let setup = &judged.setup;
    let (Some(kind), Some(release)) = (setup.wanted_other(), setup.release) else {
        return Remediation::default();
    };
    replace_artifacts(judged.application, &setup.spark, |entry| {
        let mut agents = setup.agents.of(kind);
        let agent = agents.find(|agent| agent.artifact == entry)?;
        let fit = agent.fit(setup.label, &cx.policy.releases);
        let scala = agent.scala.filter(|_| matches!(fit, Fit::Misfits(_)))?;
        renamed(entry, &format!("_{scala}"), &format!("_{}", release.scala))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::settings::{Policy, Requirement};
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
        let fix = fix(
            &Judged::new(&application, &policy, crate::catalogue::lineage_checks()),
            &Context::example(),
        )
        .terraform;
        let mended = "\"s3://b/scala_2.12/openlineage-spark_2.13-1.24.2.jar\"";
        assert!(fix.contains(mended), "{fix}");
    }
}
