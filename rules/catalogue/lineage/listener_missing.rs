use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// The lineage agent's listener is not registered
    ///
    /// Flags Spark applications that carry the OpenLineage or DataHub agent that `[lineage] require` asks
    /// for, but whose `spark.extraListeners` doesn't list its listener. For Spline there is
    /// `spline-listener-missing`.
    ///
    /// ## Why it matters
    /// The agent is loaded and never called. Jobs succeed and no lineage is reported.
    ///
    /// ## How to fix
    /// Add the class that the evidence names to `spark.extraListeners`, a comma-separated list.
    ///
    /// Source: OpenLineage's and DataHub's documentation of their Spark integrations.
    "lineage-listener-missing", High, Lineage { check }, judges_by: Listeners
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    let Some(kind) = setup.wanted_other() else {
        return Verdict::Pass;
    };
    let misplaced = kind.listener_in(&setup.spark, kind.wrong_listeners_key());
    if setup.agents.of(kind).next().is_none() || setup.is_listening(kind) || misplaced.is_some() {
        return Verdict::Pass;
    }
    let fact = format!(
        "`{}` doesn't list `{}`",
        kind.listeners_key(),
        kind.listener()
    );
    match setup.image.filter(|_| setup.is_opaque) {
        Some(image) => Verdict::Unknown(format!("{fact}; the image `{image}` may set it")),
        None => Verdict::Fail(fact),
    }
}

fn mended(setup: &Setup<'_>, _: &Context<'_>) -> Vec<Edit> {
    let kind = setup.wanted_other().into_iter();
    kind.map(|kind| Edit::add(kind.listeners_key(), kind.listener()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Policy, Requirement};
    use crate::spark::EXTRA_LISTENERS_KEY;
    use crate::subject::application::bench::mended_under;
    use crate::subject::application::bench::{lineage_under, open_lineage, with};

    #[test]
    fn the_listener_must_be_in_its_key() {
        let policy = Policy {
            require: Requirement::OpenLineage,
            ..Policy::default()
        };
        let mut changes = open_lineage();
        assert_eq!(
            lineage_under(check, &with(&changes), &policy),
            Verdict::Pass
        );
        changes.push((EXTRA_LISTENERS_KEY, Some("com.x.Other")));
        let application = with(&changes);
        assert!(matches!(
            lineage_under(check, &application, &policy),
            Verdict::Fail(_)
        ));
        let mended = mended_under(check, &application, &policy);
        assert!(mended[EXTRA_LISTENERS_KEY].starts_with("com.x.Other,io.openlineage"));
    }
}
