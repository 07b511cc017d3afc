use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::settings::Context;
use crate::spark::agent::AgentKind;
use crate::subject::rule::rule;

rule! {
    /// A lineage listener stands in the key of another kind
    ///
    /// Flags Spark applications that list OpenLineage's or DataHub's listener in
    /// `spark.sql.queryExecutionListeners`, or Spline's, beside its right place, in `spark.extraListeners`.
    ///
    /// ## Why it matters
    /// The classes are of different kinds. Spark refuses to start with "is not a subclass of", or the job
    /// dies at its first query.
    ///
    /// ## How to fix
    /// Spline's listener belongs into `spark.sql.queryExecutionListeners`, the others into
    /// `spark.extraListeners`.
    ///
    /// Source: tried on Apache Spark 3.5.6 with another class that is no `QueryExecutionListener`.
    "lineage-listener-misplaced", High, Lineage { check },
    judges_by: Listeners,
    costs_lineage: is_deaf,
}

/// The agent whose listener stands in the wrong key, and that listener.
fn misplaced(setup: &Setup<'_>) -> Option<(AgentKind, &'static str)> {
    // Spline's listener in the wrong key alone is `spline-listener-missing`'s.
    AgentKind::ALL.into_iter().find_map(|kind| {
        let alone = kind == AgentKind::Spline && !setup.is_listening(kind);
        let listener = kind.listener_in(&setup.spark, kind.wrong_listeners_key())?;
        (!alone).then_some((kind, listener))
    })
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    if !setup.is_spark() {
        return Verdict::Pass;
    }
    misplaced(setup).map_or(Verdict::Pass, |(kind, listener)| {
        Verdict::Fail(format!(
            "`{}` lists `{listener}`, which belongs into `{}`",
            kind.wrong_listeners_key(),
            kind.listeners_key()
        ))
    })
}

fn mended(setup: &Setup<'_>, _: &Context<'_>) -> Vec<Edit> {
    let edits = misplaced(setup).map(|(kind, listener)| {
        [
            Edit::remove(kind.wrong_listeners_key(), listener),
            Edit::add(kind.listeners_key(), listener),
        ]
    });
    edits.into_iter().flatten().collect()
}

/// A stray class ends jobs; from those that run it takes no lineage.
fn is_deaf(setup: &Setup<'_>, _: &Context<'_>) -> bool {
    !setup.wanted.is_some_and(|kind| setup.is_listening(kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spark::{EXTRA_LISTENERS_KEY, LISTENERS_KEY};
    use crate::subject::application::bench::{lineage, mended, with};

    #[test]
    fn each_listener_has_its_key() {
        let (spline, other) = (AgentKind::Spline, AgentKind::OpenLineage);
        let right = [(EXTRA_LISTENERS_KEY, Some(other.listener()))];
        assert_eq!(lineage(check, &with(&right)), Verdict::Pass);
        let both = format!("{},{}", spline.listener(), other.listener());
        let wrong = with(&[(LISTENERS_KEY, Some(&both))]);
        assert!(matches!(lineage(check, &wrong), Verdict::Fail(_)));
        let mended = mended(check, &wrong);
        assert_eq!(mended[LISTENERS_KEY], spline.listener());
        assert_eq!(mended[EXTRA_LISTENERS_KEY], other.listener());
        let extra = with(&[(EXTRA_LISTENERS_KEY, Some(spline.listener()))]);
        assert!(matches!(lineage(check, &extra), Verdict::Fail(_)));
    }
}
