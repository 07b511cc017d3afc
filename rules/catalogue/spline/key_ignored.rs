use crate::estate::Configuration;
use crate::finding::{Remediation, Verdict};
use crate::lineage::{Lack, dispatchers};
use crate::remedy::set_configurations;
use crate::settings::Context;
use crate::spark::agent::AgentKind;
use crate::spark::is_spark_defaults;
use crate::subject::application::Judged;
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
    "spline-key-ignored", Low, Application { check, fix }
}

fn check(judged: &Judged<'_>, _: &Context<'_>) -> Verdict {
    let setup = &judged.setup;
    if !setup.wants(AgentKind::Spline) {
        return Verdict::Pass;
    }
    let explained = match dispatchers(&setup.spark) {
        Err(Lack::Key(key)) if setup.calls_spline() => format!("spline.{key}"),
        _ => String::new(),
    };
    let ignored = setup.spark.dropped().iter();
    let ignored = ignored.filter(|key| is_splines(key) && **key != explained);
    let ignored: Vec<_> = ignored.map(|key| format!("`{key}`")).collect();
    if ignored.is_empty() {
        return Verdict::Pass;
    }
    Verdict::Fail(format!(
        "{} in `spark-defaults` lacks the prefix `spark.`",
        ignored.join(", ")
    ))
}

fn is_splines(key: &str) -> bool {
    key.starts_with("spline.") || key.starts_with("hadoop.spline.")
}

fn fix(judged: &Judged<'_>, _: &Context<'_>) -> Remediation {
    let mut configurations = judged.application.runtime_configuration.clone();
    for configuration in configurations.iter_mut().filter(|it| is_spark_defaults(it)) {
        prefix(configuration);
    }
    set_configurations(judged.application, &configurations)
}

/// Puts the prefix before the keys that lack it. A key that is there with it has the last word.
fn prefix(configuration: &mut Configuration) {
    let keys: Vec<_> = configuration.properties.keys().cloned().collect();
    for key in keys.iter().filter(|key| is_splines(key)) {
        if let Some(value) = configuration.properties.remove(key) {
            let entry = configuration.properties.entry(format!("spark.{key}"));
            entry.or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let fix = fix(
            &Judged::new(&application, cx.policy, crate::catalogue::lineage_checks()),
            &cx,
        )
        .terraform;
        assert!(!fix.contains("\"spline.mode\""), "{fix}");
    }

    #[test]
    fn what_the_dispatcher_lacks_is_another_rule() {
        let url = "spline.lineageDispatcher.http.producer.url";
        let with_prefix = format!("spark.{url}");
        let application = with(&[(&with_prefix, None), (url, Some("https://x"))]);
        assert_eq!(judged(check, &application), Verdict::Pass);
    }
}
