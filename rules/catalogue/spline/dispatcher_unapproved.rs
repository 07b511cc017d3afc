use crate::estate::glob::Glob;
use crate::finding::{Edit, Fault, Template, Verdict};
use crate::lineage::{Dispatcher, Setup, dispatchers};
use crate::settings::Context;
use crate::settings::DispatcherUnapproved;
use crate::spark::Effective;
use crate::subject::rule::rule;

rule! {
    /// Lineage goes where it isn't meant to
    ///
    /// Flags Spark applications whose Spline sends lineage by none of the approved `dispatchers`
    /// (`[rules.spline-dispatcher-unapproved]`; by default all of the agent's own but `console` and
    /// `logging`), or to none of the approved `destinations`, where any are listed. A class of the
    /// organization's own must be among `classes`; while none is listed, it is `unknown`.
    ///
    /// ## Why it matters
    /// `console` and `logging` leave lineage in the driver's log, where nobody looks it up. Another URL is
    /// another environment's, or nobody's.
    ///
    /// ## How to fix
    /// Set `spark.spline.lineageDispatcher` and its keys to what the organization's other applications have.
    ///
    /// Source: `spline.default.yaml` of AbsaOSS/spline-spark-agent.
    "spline-dispatcher-unapproved", Medium, Lineage { check }, parameters: DispatcherUnapproved,
    judges_by: Dispatchers,
    concerns: Approval,
    costs_lineage: stays_in_driver,
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, cx: &Context<'_>) -> Verdict {
    let Ok(found) = setup.dispatchers() else {
        return Verdict::Pass;
    };
    let allowed = &cx.policy.rules.dispatcher_unapproved;
    if !setup.calls_spline() || found.iter().any(|it| objection(it, allowed).is_none()) {
        return Verdict::Pass;
    }
    let objections: Vec<_> = found
        .iter()
        .filter_map(|it| objection(it, allowed))
        .collect();
    if allowed.classes.is_empty() && found.iter().any(|it| it.class.is_some()) {
        return Verdict::Unknown(format!(
            "{}; list the class in `classes` if it may",
            objections.join(", ")
        ));
    }
    Verdict::Fail(objections.join(", "))
}

/// Why lineage may not leave by this dispatcher, unless it may.
fn objection(dispatcher: &Dispatcher<'_>, allowed: &DispatcherUnapproved) -> Option<String> {
    let name = dispatcher.name;
    if let Some(class) = dispatcher.class {
        let approved = allowed.classes.iter().any(|glob| glob.matches(class));
        return (!approved).then(|| {
            format!("where `{class}` of the dispatcher `{name}` sends lineage can't be told")
        });
    }
    if !allowed.dispatchers.iter().any(|approved| approved == name) {
        return Some(match name {
            "console" | "logging" => format!("`{name}` leaves lineage in the driver's log"),
            _ => format!("the dispatcher `{name}` is not approved"),
        });
    }
    let to = dispatcher.destination?;
    let approved = allowed.destinations.iter().any(|glob| glob.matches(to));
    (!allowed.destinations.is_empty() && !approved)
        .then(|| format!("`{name}` sends lineage to `{to}`, which is not approved"))
}

/// Sends lineage by the first approved dispatcher that is known, and keeps what is there and good.
fn mended(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Edit> {
    let allowed = &cx.policy.rules.dispatcher_unapproved;
    let mut known = allowed.dispatchers.iter().filter_map(|name| {
        let lacking = lacking(&setup.spark, name, allowed)?;
        Some((name, lacking))
    });
    let Some((name, lacking)) = known.next() else {
        return Vec::new();
    };
    let chosen = ("lineageDispatcher".to_owned(), name.as_str().into());
    let changes = [chosen].into_iter().chain(lacking);
    changes
        .map(|(key, value)| Edit::set(&key_in_force(setup, &key), value))
        .collect()
}

/// The keys to set before lineage may leave by a dispatcher, where that is known.
fn lacking(
    spark: &Effective<'_>,
    name: &str,
    allowed: &DispatcherUnapproved,
) -> Option<Vec<(String, Template)>> {
    if let Ok(found) = Dispatcher::named(spark, name) {
        if found.iter().any(|it| objection(it, allowed).is_none()) {
            return Some(Vec::new());
        }
        // No key mends that somebody's own class is not approved.
        if found.iter().any(|it| it.class.is_some()) {
            return None;
        }
    }
    let needs = Dispatcher::needs(name)?;
    let keys = needs.iter().filter_map(|need| {
        let key = format!("lineageDispatcher.{name}.{need}");
        let present = spark.spline(&key).map(|it| it.value);
        let mut present = present.filter(|value| !value.is_empty());
        if needs.last() == Some(need) {
            let leads_to = |destination| Dispatcher {
                name,
                class: None,
                destination,
            };
            present = present.filter(|to| objection(&leads_to(Some(to)), allowed).is_none());
        }
        let value = value_for(&key, allowed);
        present.is_none().then_some((key, value))
    });
    Some(keys.collect())
}

/// What to set a key to: the first approved destination that is not a pattern, where the key holds one, or
/// what is to be filled in.
pub(super) fn value_for(key: &str, allowed: &DispatcherUnapproved) -> Template {
    let last = key.rsplit('.').next().unwrap_or_default();
    if !["url", "servers"].contains(&last) {
        return asked(last, &format!("the value of spark.spline.{key}"));
    }
    let approved = allowed.destinations.iter().map(Glob::as_str);
    let mut fitting = approved.filter(|to| {
        let is_exact = !to.contains(['*', '?']);
        is_exact && to.contains("://") == (last == "url")
    });
    let example = if last == "url" {
        "https://lineage.example/producer"
    } else {
        "broker-1:9092,broker-2:9092"
    };
    fitting
        .next()
        .map_or_else(|| asked(last, example), Template::from)
}

fn asked(last: &str, example: &str) -> Template {
    Template::asked(&format!("LINEAGE_{}", last.to_ascii_uppercase()), example)
}

/// The property that sets a key of Spline whatever sets it now.
pub(super) fn key_in_force(setup: &Setup<'_>, key: &str) -> String {
    let now = setup.spark.spline(key);
    let outranked = now.is_none_or(|it| {
        it.is_java_option()
            || it
                .property()
                .is_some_and(|it| it.starts_with("spark.spline."))
    });
    let prefix = if outranked {
        "spark.spline"
    } else {
        "spark.hadoop.spline"
    };
    format!("{prefix}.{key}")
}

/// Whether lineage goes to the driver's log alone, where nobody looks it up.
fn stays_in_driver(setup: &Setup<'_>, _: &Context<'_>) -> bool {
    dispatchers(&setup.spark).is_ok_and(|found| {
        let mut found = found.iter();
        found.all(|dispatcher| {
            dispatcher.class.is_none() && matches!(dispatcher.name, "console" | "logging")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use crate::settings::Policy;
    use crate::subject::application::bench::mended_under;
    use crate::subject::application::bench::{lineage, with};

    const NAME: &str = "spark.spline.lineageDispatcher";

    fn verdict(name: &str, policy: &Policy) -> Verdict {
        let class = (
            "spark.spline.lineageDispatcher.own.className",
            Some("com.x.Own"),
        );
        let application = with(&[(NAME, Some(name)), class]);
        crate::subject::application::bench::lineage_under(check, &application, policy)
    }

    #[test]
    fn the_log_is_no_place_for_lineage() {
        let policy = Policy::default();
        assert_eq!(verdict("http", &policy), Verdict::Pass);
        let fact = "`console` leaves lineage in the driver's log";
        assert_eq!(verdict("console", &policy), Verdict::Fail(fact.into()));
        let composite = with(&[
            (NAME, Some("composite")),
            (
                "spark.spline.lineageDispatcher.composite.dispatchers",
                Some("console,http"),
            ),
        ]);
        assert_eq!(lineage(check, &composite), Verdict::Pass);
    }

    #[test]
    fn an_own_class_is_unknown_until_some_are_listed() {
        let mut policy = Policy::default();
        assert!(matches!(verdict("own", &policy), Verdict::Unknown(_)));
        policy.rules.dispatcher_unapproved.classes = vec!["com.y.*".into()];
        assert!(matches!(verdict("own", &policy), Verdict::Fail(_)));
        policy.rules.dispatcher_unapproved.classes = vec!["com.x.*".into()];
        assert_eq!(verdict("own", &policy), Verdict::Pass);
    }

    #[test]
    fn a_destination_must_be_approved_where_any_is_listed() {
        let mut policy = Policy::default();
        policy.rules.dispatcher_unapproved.destinations = vec!["https://lineage.example.*".into()];
        assert_eq!(verdict("http", &policy), Verdict::Pass);
        policy.rules.dispatcher_unapproved.destinations = vec!["https://other/*".into()];
        assert!(matches!(verdict("http", &policy), Verdict::Fail(_)));
    }

    const URL: &str = "spark.spline.lineageDispatcher.http.producer.url";

    fn fixed(changes: &[(&str, Option<&str>)], policy: &Policy) -> BTreeMap<String, String> {
        mended_under(check, &with(changes), policy)
    }

    #[test]
    fn the_fix_keeps_what_is_there_and_good() {
        let console = (NAME, Some("console"));
        let mut policy = Policy::default();
        let fix = fixed(&[console], &policy);
        assert_eq!(fix[NAME], "http");
        assert_eq!(fix[URL], "https://lineage.example.internal/producer");
        let legacy = ("spark.spline.producer.url", Some("https://old"));
        let fix = fixed(&[console, (URL, None), legacy], &policy);
        assert!(!fix.contains_key(URL), "{fix:?}");
        policy.rules.dispatcher_unapproved.destinations = vec![
            "b:9092".into(),
            "https://other/*".into(),
            "https://ok".into(),
        ];
        assert_eq!(fixed(&[console], &policy)[URL], "https://ok");
    }

    #[test]
    fn the_fix_gives_each_dispatcher_the_keys_it_needs() {
        for (name, keys) in [
            ("httpOpenLineage", &[("api.url", "https://ok")][..]),
            (
                "kafka",
                &[
                    (
                        "topic",
                        "the value of spark.spline.lineageDispatcher.kafka.topic",
                    ),
                    ("producer.bootstrap.servers", "b:9092"),
                ],
            ),
            ("hdfs", &[]),
        ] {
            let mut policy = Policy::default();
            let allowed = &mut policy.rules.dispatcher_unapproved;
            allowed.dispatchers = vec!["com.x.unheard-of".into(), name.into()];
            allowed.destinations = vec!["https://ok".into(), "b:9092".into()];
            let fix = fixed(&[(NAME, Some("console"))], &policy);
            assert_eq!(fix[NAME], name);
            for (key, value) in keys {
                assert_eq!(fix[&format!("{NAME}.{name}.{key}")], *value);
            }
            assert!(
                !fix.contains_key(&format!("{NAME}.{name}.producer.url")),
                "{fix:?}"
            );
        }
    }

    #[test]
    fn no_fix_is_given_by_a_dispatcher_of_which_nothing_is_known() {
        let mut policy = Policy::default();
        policy.rules.dispatcher_unapproved.dispatchers = vec!["own".into(), "composite".into()];
        let class = (
            "spark.spline.lineageDispatcher.own.className",
            Some("x.Own"),
        );
        let application = with(&[(NAME, Some("console")), class]);
        let before = application.runtime_configuration[0].properties.clone();
        assert_eq!(mended_under(check, &application, &policy), before);
    }
}
