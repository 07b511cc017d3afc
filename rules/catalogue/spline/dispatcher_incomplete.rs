use crate::catalogue::spline::dispatcher_unapproved::{key_in_force, value_for};
use crate::catalogue::spline::key_ignored::prefixed;
use crate::finding::{Edit, Fault, Template, Verdict};
use crate::lineage::{Lack, Setup};
use crate::secrets::is_hidden;
use crate::settings::Context;
use crate::spark::agent::AgentKind;
use crate::spark::{Effective, entries};
use crate::subject::rule::rule;

rule! {
    /// Spline's dispatcher lacks what it needs
    ///
    /// Flags Spark applications whose Spline has a dispatcher that can't be made: `http`, the default,
    /// without `producer.url`, `kafka` without its topic or brokers, `composite` or `fallback` of such, or a
    /// name that is none of the agent's own and has no `className`. From version 1.0.0
    /// the agent makes every dispatcher that is named by Hadoop's configuration, Spark's or Java's, and one that
    /// can't be made switches it off.
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
    "spline-dispatcher-incomplete", High, Lineage { check }, judges_by: Dispatchers
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    let recognised = setup.agents.of(AgentKind::Spline).next().is_some();
    if !setup.calls_spline() || !recognised {
        return Verdict::Pass;
    }
    let Err(lack) = setup.dispatchers() else {
        return Verdict::Pass;
    };
    let fact = match lack {
        Lack::Key(key) => missing(&setup.spark, &key),
        Lack::Class(name) => format!(
            "`{name}` is not a dispatcher of the agent, and \
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

/// Sets the first key that is lacking, where it is set now, to what another source or a key without its prefix
/// gives. What is lacking then, the next round of mending sets.
fn mended(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Edit> {
    let renamed = prefixed(setup);
    if !renamed.is_empty() {
        return renamed;
    }
    let Err(Lack::Key(key)) = setup.dispatchers() else {
        return Vec::new();
    };
    let mut sources = setup.spark.spline_sources(&key).map(|source| source.value);
    let given = sources.find(|value| names_something(value) && !is_hidden(value));
    let allowed = &cx.policy.rules.dispatcher_unapproved;
    let value = given.map_or_else(|| value_for(&key, allowed), Template::from);
    vec![Edit::set(&key_in_force(setup, &key), value)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::application::bench::mended;
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
        assert_eq!(mended(check, &application)[URL], "https://lineage");
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
        let good = "https://lineage.example.internal/producer";
        let mended = mended(check, &application);
        for key in [hadoop, URL] {
            assert_eq!(mended[key], good);
        }
    }

    #[test]
    fn a_composite_of_nothing_fails_by_its_key() {
        let key = "spark.spline.lineageDispatcher.composite.dispatchers";
        let composite = ("spark.spline.lineageDispatcher", Some("composite"));
        let application = with(&[composite, (key, Some(","))]);
        let fact = format!("`{key}` names nothing");
        assert_eq!(lineage(check, &application), Verdict::Fail(fact));
        assert!(mended(check, &application)[key].starts_with("the value of"));
    }
}
