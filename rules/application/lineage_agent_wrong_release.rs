use super::Judged;
use crate::agent::Fit;
use crate::finding::{Remediation, Verdict};
use crate::lineage::Setup;
use crate::rule::{Context, rule};

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

/// The artifact's other versions are for its owner to choose from.
fn fix(_: &Judged<'_>, _: &Context<'_>) -> Remediation {
    Remediation::default()
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
