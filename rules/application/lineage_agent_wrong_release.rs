use super::Judged;
use crate::agent::Fit;
use crate::finding::{Remediation, Verdict};
use crate::lineage::Setup;
use crate::remediation::set_spark_defaults;
use crate::rule::{Context, rule};
use crate::spark::{JARS_KEY, PACKAGES_KEY};

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
    let mut fits = told.map(|agent| agent.fit(setup.label, &cx.policy.releases));
    match fits.find(|fit| *fit != Fit::Fits) {
        Some(Fit::Misfits(why)) => Verdict::Fail(why),
        Some(Fit::Unknown(why)) => Verdict::Unknown(why),
        Some(Fit::Fits) | None => Verdict::Pass,
    }
}

/// Names the artifact with the release's own Scala suffix. Where its name tells none, nothing can be told.
fn fix(judged: &Judged<'_>, cx: &Context<'_>) -> Remediation {
    let setup = &judged.setup;
    let (Some(kind), Some(release)) = (setup.wanted_other(), setup.release) else {
        return Remediation::default();
    };
    let misfits: Vec<_> = setup
        .agents
        .of(kind)
        .filter(|agent| matches!(agent.fit(setup.label, &cx.policy.releases), Fit::Misfits(_)))
        .filter_map(|agent| Some((agent.artifact, agent.scala?)))
        .collect();
    let mended = |entry: &str| {
        let mut misfits = misfits.iter();
        let scala = misfits.find(|(artifact, _)| *artifact == entry);
        scala.map_or_else(
            || entry.to_owned(),
            |(_, scala)| entry.replace(&format!("_{scala}"), &format!("_{}", release.scala)),
        )
    };
    let keys = [JARS_KEY, PACKAGES_KEY].into_iter();
    let present = keys.filter(|key| !misfits.is_empty() && setup.spark.get(key).is_some());
    let changes: Vec<_> = present
        .map(|key| {
            (
                key,
                setup
                    .spark
                    .list(key)
                    .map(mended)
                    .collect::<Vec<_>>()
                    .join(","),
            )
        })
        .collect();
    if changes.is_empty() {
        return Remediation::default();
    }
    let changes: Vec<_> = changes
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    set_spark_defaults(judged.application, &changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::bench::{lineage_under, open_lineage, with};
    use crate::estate::Application;
    use crate::policy::{Policy, Requirement};

    fn verdict(label: &str) -> Verdict {
        let policy = Policy {
            require: Requirement::OpenLineage,
            ..Policy::default()
        };
        let application = Application {
            release_label: label.into(),
            ..with(&open_lineage())
        };
        lineage_under(check, &application, &policy)
    }

    #[test]
    fn scala_must_be_that_of_the_release() {
        assert_eq!(verdict("emr-7.1.0"), Verdict::Pass);
        assert!(matches!(verdict("emr-spark-8.1.0"), Verdict::Fail(_)));
        assert!(matches!(verdict("emr-99.0.0"), Verdict::Unknown(_)));
    }
}
