use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// Spline is switched off
    ///
    /// Flags Spark applications with an agent and its listener, but with `spline.mode` set to
    /// `DISABLED`. The agent asks Hadoop's configuration first, so `spark.hadoop.spline.mode` and
    /// `spline.mode` of `core-site` win over `spark.spline.mode`, which wins over `-Dspline.mode` in the
    /// driver's Java options. What a file `spline.properties` or `spline.yaml` in an image says can't be
    /// seen.
    ///
    /// ## Why it matters
    /// The agent starts, logs that it was aborted, and reports nothing. Jobs succeed.
    ///
    /// ## How to fix
    /// Set the key that is named in the evidence to `ENABLED`, or remove it.
    ///
    /// Source: `StandardSplineConfigurationStack` and `SparkLineageInitializer` of
    /// AbsaOSS/spline-spark-agent.
    "spline-disabled", High, Lineage { check }, judges_by: Mode
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    match setup.spark.spline("mode") {
        Some(mode) if setup.calls_spline() && mode.value == "DISABLED" => {
            Verdict::Fail(format!("{mode} is `DISABLED`"))
        }
        _ => Verdict::Pass,
    }
}

fn mended(setup: &Setup<'_>, _: &Context<'_>) -> Vec<Edit> {
    let mode = setup.spark.spline("mode");
    let key = mode.filter(|mode| !mode.is_java_option());
    // What stands in `core-site` or in the Java options is outranked by this key, or goes by its name.
    let key = key.and_then(|mode| mode.property());
    vec![Edit::set(
        key.unwrap_or("spark.hadoop.spline.mode"),
        "ENABLED",
    )]
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
        crate::subject::application::bench::lineage(check, &application)
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
    fn a_java_option_counts_where_no_property_is_set() {
        let java = (
            "spark.driver.extraJavaOptions",
            Some("-XX:+UseG1GC -Dspline.mode=DISABLED"),
        );
        assert_eq!(verdict(&[java]), Verdict::Pass);
        let by = "`-Dspline.mode` in `spark.driver.extraJavaOptions` is `DISABLED`";
        assert_eq!(
            verdict(&[java, ("spark.spline.mode", None)]),
            Verdict::Fail(by.into())
        );
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
