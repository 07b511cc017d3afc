use crate::finding::{Edit, Fault};
use crate::lineage::{Lack, Setup};
use crate::settings::Context;
use crate::spark::agent::AgentKind;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::rule;

rule! {
    /// A key of Spline is dropped by Spark
    ///
    /// Flags Spark applications with keys such as `spline.mode` in their `spark-defaults`. Spark takes only
    /// keys that start with `spark.`. A key for want of which the dispatcher can't be made is
    /// `spline-dispatcher-incomplete`'s.
    ///
    /// ## Why it matters
    /// Spark warns "Ignoring non-Spark config property" and goes on: what was meant to be set is not.
    ///
    /// ## How to fix
    /// Put `spark.` before the key.
    ///
    /// Source: tried on Apache Spark 3.5.6.
    "spline-key-ignored", Low, Application { check }, concerns: Keys
}

fn check(judged: &ApplicationSubject<'_>, _: &Context<'_>) -> Vec<Fault> {
    let setup = &judged.setup;
    if !setup.wants(AgentKind::Spline) {
        return Vec::new();
    }
    let explained = match setup.dispatchers() {
        Err(Lack::Key(key)) if setup.calls_spline() => format!("spline.{key}"),
        _ => String::new(),
    };
    let ignored = setup.spark.dropped().iter();
    let ignored = ignored.filter(|key| is_splines(key) && **key != explained);
    let ignored: Vec<_> = ignored.map(|key| format!("`{key}`")).collect();
    if ignored.is_empty() {
        return Vec::new();
    }
    let evidence = format!(
        "{} in `spark-defaults` lacks the prefix `spark.`",
        ignored.join(", ")
    );
    vec![Fault::fail(evidence).mended_by(prefixed(setup))]
}

fn is_splines(key: &str) -> bool {
    key.starts_with("spline.") || key.starts_with("hadoop.spline.")
}

/// Puts the prefix before the keys that lack it. A key that is there with it has the last word.
pub(super) fn prefixed(setup: &Setup<'_>) -> Vec<Edit> {
    let dropped = setup.spark.dropped().iter();
    let edits = dropped.filter(|key| is_splines(key)).map(|key| {
        let to = format!("spark.{key}");
        let key = (*key).to_owned();
        if setup.spark.get(&to).is_some() {
            let classification = "spark-defaults".into();
            return Edit::Unset {
                classification,
                key,
            };
        }
        Edit::Rename { key, to }
    });
    edits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Verdict;
    use crate::remedy::edited;
    use crate::subject::application::bench::judged;
    use crate::subject::application::bench::with;

    #[test]
    fn keys_with_the_prefix_and_keys_of_others_pass() {
        assert_eq!(judged(check, &with(&[])), Verdict::Pass);
        assert_eq!(
            judged(check, &with(&[("hive.x", Some("1"))])),
            Verdict::Pass
        );
    }

    #[test]
    fn a_key_without_the_prefix_fails_and_the_fix_adds_it() {
        let application = with(&[("spline.mode", Some("DISABLED"))]);
        let fact = "`spline.mode` in `spark-defaults` lacks the prefix `spark.`";
        assert_eq!(judged(check, &application), Verdict::Fail(fact.into()));
        let cx = Context::example();
        let judged =
            ApplicationSubject::new(&application, cx.policy, crate::catalogue::lineage_checks());
        let edits = prefixed(&judged.setup);
        let mended = edited(&application, &edits);
        assert_eq!(
            super::check(
                &ApplicationSubject::new(&mended, cx.policy, crate::catalogue::lineage_checks()),
                &cx
            ),
            []
        );
        let properties = &mended.runtime_configuration[0].properties;
        assert_eq!(properties["spark.spline.mode"], "ENABLED");
    }

    #[test]
    fn what_the_dispatcher_lacks_is_another_rule() {
        let url = "spline.lineageDispatcher.http.producer.url";
        let with_prefix = format!("spark.{url}");
        let application = with(&[(&with_prefix, None), (url, Some("https://x"))]);
        assert_eq!(judged(check, &application), Verdict::Pass);
    }
}
