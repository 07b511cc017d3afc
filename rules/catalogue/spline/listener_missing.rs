use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::settings::Context;
use crate::spark::agent::AgentKind;
use crate::spark::{LISTENERS_KEY, SPLINE_LISTENER};
use crate::subject::rule::rule;

rule! {
    /// The Spline listener is not registered
    ///
    /// Flags Spark applications that carry a Spline agent but whose
    /// `spark.sql.queryExecutionListeners` doesn't list its listener: the key is absent, misspelt,
    /// empty or names other classes only. With an image that may bring a configuration of its own, it is
    /// `unknown`.
    ///
    /// ## Why it matters
    /// The agent is loaded and never called. Jobs succeed and no lineage is reported.
    ///
    /// ## How to fix
    /// Add `za.co.absa.spline.harvester.listener.SplineQueryExecutionListener` to
    /// `spark.sql.queryExecutionListeners`, a comma-separated list.
    ///
    /// Source: tried on Apache Spark 3.5.6; AbsaOSS/spline issue #1112 has the key without its last letter.
    "spline-listener-missing", High, Lineage { check }, judges_by: Listeners
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    let recognised = setup.agents.of(AgentKind::Spline).next().is_some();
    if !setup.has_spline() || !recognised || setup.is_listening(AgentKind::Spline) {
        return Verdict::Pass;
    }
    let fact = absence(setup);
    match setup.image.filter(|_| setup.is_opaque) {
        Some(image) => Verdict::Unknown(format!("{fact}; the image `{image}` may set it")),
        None => Verdict::Fail(fact),
    }
}

fn absence(setup: &Setup<'_>) -> String {
    if let Some(value) = setup.spark.get(LISTENERS_KEY) {
        return format!("`{LISTENERS_KEY}` is `{value}`, without Spline's listener");
    }
    let mut keys = setup.spark.properties().map(|(key, _)| key);
    match keys.find(|key| setup.spark.lists(key, SPLINE_LISTENER)) {
        Some(misspelt) => {
            format!("Spline's listener is set in `{misspelt}`; Spark reads `{LISTENERS_KEY}`")
        }
        None => format!("`{LISTENERS_KEY}` is not set"),
    }
}

fn mended(_: &Setup<'_>, _: &Context<'_>) -> Vec<Edit> {
    vec![Edit::add(LISTENERS_KEY, SPLINE_LISTENER)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;

    fn verdict(change: impl Fn(&mut std::collections::BTreeMap<String, String>)) -> Verdict {
        let mut application = Application::example();
        change(&mut application.runtime_configuration[0].properties);
        crate::subject::application::bench::lineage(check, &application)
    }

    #[test]
    fn the_listener_may_stand_among_others() {
        assert_eq!(verdict(|_| {}), Verdict::Pass);
        let both = format!("com.example.Other, {SPLINE_LISTENER}");
        let among = |defaults: &mut std::collections::BTreeMap<_, _>| {
            defaults.insert(LISTENERS_KEY.into(), both.clone());
        };
        assert_eq!(verdict(among), Verdict::Pass);
    }

    #[test]
    fn an_absent_empty_or_misspelt_key_fails() {
        let absent = verdict(|defaults| drop(defaults.remove(LISTENERS_KEY)));
        assert_eq!(
            absent,
            Verdict::Fail(format!("`{LISTENERS_KEY}` is not set"))
        );
        let empty = verdict(|defaults| drop(defaults.insert(LISTENERS_KEY.into(), ",".into())));
        assert!(matches!(empty, Verdict::Fail(_)));
        let misspelt = verdict(|defaults| {
            let listener = defaults.remove(LISTENERS_KEY).unwrap();
            defaults.insert("spark.sql.queryExecutionListener".into(), listener);
        });
        assert!(
            matches!(misspelt, Verdict::Fail(why) if why.contains("`spark.sql.queryExecutionListener`;"))
        );
    }

    #[test]
    fn a_missing_agent_is_another_rule() {
        assert_eq!(verdict(std::collections::BTreeMap::clear), Verdict::Pass);
    }
}
