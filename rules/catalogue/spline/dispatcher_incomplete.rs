use crate::catalogue::spline::dispatcher_unapproved::{key_in_force, value_for};
use crate::finding::{Remediation, Verdict};
use crate::lineage::{Lack, Setup, dispatchers};
use crate::remedy::set_spark_defaults;
use crate::settings::Context;
use crate::spark::agent::AgentKind;
use crate::spark::{Effective, entries};
use crate::subject::application::Judged;
use crate::subject::rule::rule;

rule! {
    /// Spline's dispatcher lacks what it needs
    ///
    /// Flags Spark applications whose Spline has no dispatcher that can be made: `http`, the default,
    /// without `producer.url`, `kafka` without its topic or brokers, `composite` or `fallback` of such, or a
    /// name that is none of the agent's own and has no `className`.
    ///
    /// ## Why it matters
    /// The agent logs "Spline initialization failed! Spark Lineage tracking is DISABLED" and jobs succeed
    /// without lineage.
    ///
    /// ## How to fix
    /// Set the key that is named in the evidence. All of Spline's keys need the prefix `spark.` in
    /// `spark-defaults`.
    ///
    /// Source: `AgentBOM`, `spline.default.yaml` and the dispatchers of AbsaOSS/spline-spark-agent; its issue
    /// #862 for a dispatcher that doesn't exist, on EMR Serverless.
    "spline-dispatcher-incomplete", High, Lineage { check, fix }, judges_by: Dispatchers
}

fn check(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    let recognised = setup.agents.of(AgentKind::Spline).next().is_some();
    if !setup.calls_spline() || !recognised {
        return Verdict::Pass;
    }
    let Err(lack) = dispatchers(&setup.spark) else {
        return Verdict::Pass;
    };
    let fact = match lack {
        Lack::Key(key) => missing(&setup.spark, &key),
        Lack::Class(name) => format!(
            "`{name}` is no dispatcher of the agent, and \
             `spark.spline.lineageDispatcher.{name}.className` is not set"
        ),
        Lack::Endless(name) => format!("the dispatcher `{name}` stands within itself"),
    };
    match setup.image.filter(|_| setup.is_opaque) {
        Some(image) => Verdict::Unknown(format!("{fact}; the image `{image}` may set it")),
        None => Verdict::Fail(fact),
    }
}

/// What is wrong with a key that is needed.
fn missing(spark: &Effective<'_>, key: &str) -> String {
    let mut sources = spark.spline_sources(key);
    let Some(winner) = sources.next() else {
        let mut dropped = spark.dropped().iter();
        let dropped = dropped.find(|given| given.strip_prefix("spline.") == Some(key));
        let dropped = dropped.map_or_else(String::new, |given| {
            format!("; `{given}` is there, which Spark drops for want of the prefix `spark.`")
        });
        return format!("`spark.spline.{key}` is not set{dropped}");
    };
    let fact = if winner.value.is_empty() {
        "is empty"
    } else {
        "names nothing"
    };
    let outranked = sources.find(|it| names_something(it.value));
    let outranked = outranked.map_or_else(String::new, |it| format!(" and outranks {it}"));
    format!("{winner} {fact}{outranked}")
}

fn names_something(value: &str) -> bool {
    entries(value).next().is_some()
}

/// Sets the key where it is set now, to what another source or a key without its prefix gives.
fn fix(judged: &Judged<'_>, cx: &Context<'_>) -> Remediation {
    let spark = &judged.setup.spark;
    let Err(Lack::Key(key)) = dispatchers(spark) else {
        return Remediation::default();
    };
    let sources = spark.spline_sources(&key).map(|it| it.value);
    let bare = format!("spline.{key}");
    let configurations = judged.application.runtime_configuration.iter();
    let dropped = configurations.filter_map(|it| it.properties.get(&bare));
    let mut given = sources.chain(dropped.map(String::as_str));
    let given = given.find(|value| names_something(value));
    let allowed = &cx.policy.rules.dispatcher_unapproved;
    let value = given.map_or_else(|| value_for(&key, allowed), str::to_owned);
    let key = key_in_force(judged, &key);
    set_spark_defaults(judged.application, &[(&key, &value)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::application::bench::{lineage, with};

    const URL: &str = "spark.spline.lineageDispatcher.http.producer.url";

    #[test]
    fn a_dispatcher_with_all_it_needs_passes() {
        assert_eq!(lineage(check, &with(&[])), Verdict::Pass);
        let console = ("spark.spline.lineageDispatcher", Some("console"));
        assert_eq!(
            lineage(check, &with(&[(URL, None), console])),
            Verdict::Pass
        );
    }

    #[test]
    fn a_missing_key_fails_and_says_what_was_dropped() {
        let fact = format!("`{URL}` is not set");
        assert_eq!(lineage(check, &with(&[(URL, None)])), Verdict::Fail(fact));
        let bare = URL.trim_start_matches("spark.");
        let application = with(&[(URL, None), (bare, Some("https://lineage"))]);
        let found = lineage(check, &application);
        assert!(matches!(&found, Verdict::Fail(text) if text.contains("prefix `spark.`")));
        let cx = Context::example();
        let fix = fix(
            &Judged::new(&application, cx.policy, crate::catalogue::lineage_checks()),
            &cx,
        )
        .terraform;
        assert!(
            fix.contains(&format!("\"{URL}\" = \"https://lineage\"")),
            "{fix}"
        );
    }

    #[test]
    fn a_name_without_a_class_fails() {
        let file = ("spark.spline.lineageDispatcher", Some("file"));
        let found = lineage(check, &with(&[(URL, None), file]));
        assert!(matches!(found, Verdict::Fail(text) if text.starts_with("`file` is no")));
    }

    #[test]
    fn an_empty_key_that_outranks_a_good_one_is_named_and_set() {
        let hadoop = "spark.hadoop.spline.lineageDispatcher.http.producer.url";
        let application = with(&[(hadoop, Some(""))]);
        let fact = format!("`{hadoop}` is empty and outranks `{URL}`");
        assert_eq!(lineage(check, &application), Verdict::Fail(fact));
        let cx = Context::example();
        let fix = fix(
            &Judged::new(&application, cx.policy, crate::catalogue::lineage_checks()),
            &cx,
        )
        .terraform;
        let good = "https://lineage.example.internal/producer";
        for key in [hadoop, URL] {
            assert!(fix.contains(&format!("\"{key}\" = \"{good}\"")), "{fix}");
        }
    }

    #[test]
    fn a_composite_of_nothing_fails_by_its_key() {
        let key = "spark.spline.lineageDispatcher.composite.dispatchers";
        let composite = ("spark.spline.lineageDispatcher", Some("composite"));
        let application = with(&[composite, (key, Some(","))]);
        let fact = format!("`{key}` names nothing");
        assert_eq!(lineage(check, &application), Verdict::Fail(fact));
        let cx = Context::example();
        let fix = fix(
            &Judged::new(&application, cx.policy, crate::catalogue::lineage_checks()),
            &cx,
        )
        .terraform;
        assert!(
            fix.contains(&format!("\"{key}\" = \"<dispatchers>\"")),
            "{fix}"
        );
    }
}
