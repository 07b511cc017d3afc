use super::Judged;
use crate::finding::{Remediation, Verdict};
use crate::remediation::set_spark_defaults;
use crate::rule::{Context, rule};

rule! {
    /// Spline is switched off
    ///
    /// Flags Spark applications with an agent and its listener, but with `spline.mode` set to
    /// `DISABLED`. The agent asks Hadoop's configuration first, so `spark.hadoop.spline.mode` wins
    /// over `spark.spline.mode`.
    ///
    /// ## Why it matters
    /// The agent starts, logs that it was aborted, and reports nothing. Jobs succeed.
    ///
    /// ## How to fix
    /// Set the key that is named in the evidence to `ENABLED`, or remove it.
    "spline-disabled", High, Application { check, fix }
}

fn check(judged: &Judged<'_>, _: &Context<'_>) -> Verdict {
    if !judged.has_agent() || !judged.spark.has_spline_listener() {
        return Verdict::Pass;
    }
    match judged.spark.spline("mode") {
        Some((key, "DISABLED")) => Verdict::Fail(format!("`{key}` is `DISABLED`")),
        _ => Verdict::Pass,
    }
}

fn fix(judged: &Judged<'_>, _: &Context<'_>) -> Remediation {
    let key = judged
        .spark
        .spline("mode")
        .map_or("spark.spline.mode".into(), |(key, _)| key);
    set_spark_defaults(judged.application, &[(&key, "ENABLED")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;

    fn verdict(changes: &[(&str, Option<&str>)]) -> Verdict {
        let mut application = Application::example();
        let defaults = &mut application.runtime_configuration[0].properties;
        for &(key, value) in changes {
            match value {
                Some(value) => drop(defaults.insert(key.into(), value.into())),
                None => drop(defaults.remove(key)),
            }
        }
        let cx = Context::example();
        check(&Judged::new(&application, cx.policy), &cx)
    }

    #[test]
    fn enabled_or_unset_passes() {
        assert_eq!(verdict(&[]), Verdict::Pass);
        assert_eq!(verdict(&[("spark.spline.mode", None)]), Verdict::Pass);
    }

    #[test]
    fn disabled_fails_and_names_the_key_that_wins() {
        let by = |key: &str| Verdict::Fail(format!("`{key}` is `DISABLED`"));
        assert_eq!(
            verdict(&[("spark.spline.mode", Some("DISABLED"))]),
            by("spark.spline.mode")
        );
        let hadoop = ("spark.hadoop.spline.mode", Some("DISABLED"));
        assert_eq!(verdict(&[hadoop]), by("spark.hadoop.spline.mode"));
    }

    #[test]
    fn hadoop_may_also_switch_it_on() {
        let changes = [
            ("spark.spline.mode", Some("DISABLED")),
            ("spark.hadoop.spline.mode", Some("ENABLED")),
        ];
        assert_eq!(verdict(&changes), Verdict::Pass);
    }

    #[test]
    fn without_a_listener_it_is_another_rule() {
        let changes = [
            ("spark.spline.mode", Some("DISABLED")),
            ("spark.sql.queryExecutionListeners", None),
        ];
        assert_eq!(verdict(&changes), Verdict::Pass);
    }
}
