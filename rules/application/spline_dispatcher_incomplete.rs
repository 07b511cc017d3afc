use super::Judged;
use crate::agent::AgentKind;
use crate::finding::{Remediation, Verdict};
use crate::lineage::{Lack, Setup, dispatchers};
use crate::remediation::set_spark_defaults;
use crate::rule::{Context, rule};

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
    "spline-dispatcher-incomplete", High, Lineage { check, fix }
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
        Lack::Key(key) => {
            let dropped = setup.spark.dropped().iter();
            let mut dropped = dropped.filter(|given| given.strip_prefix("spline.") == Some(&key));
            let dropped = dropped.next().map(|given| {
                format!("; `{given}` is there, which Spark drops for want of the prefix `spark.`")
            });
            format!(
                "`spark.spline.{key}` is not set{}",
                dropped.unwrap_or_default()
            )
        }
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

fn fix(judged: &Judged<'_>, cx: &Context<'_>) -> Remediation {
    let Err(Lack::Key(key)) = dispatchers(&judged.setup.spark) else {
        return Remediation::default();
    };
    let given = judged.application.runtime_configuration.iter();
    let mut given = given.filter_map(|it| it.properties.get(&format!("spline.{key}")));
    let destinations = &cx.policy.rules.dispatcher_unapproved.destinations;
    let approved = destinations.iter().map(crate::glob::Glob::as_str);
    let mut approved = approved.filter(|it| key.ends_with("url") && !it.contains(['*', '?']));
    let value = given.next().map(String::as_str).or_else(|| approved.next());
    let value = value.unwrap_or("<where lineage goes>");
    set_spark_defaults(
        judged.application,
        &[(&format!("spark.spline.{key}"), value)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::bench::{lineage, with};

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
        let fix = fix(&Judged::new(&application, cx.policy), &cx).terraform;
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
}
