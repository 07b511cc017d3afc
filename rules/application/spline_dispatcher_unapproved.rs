use super::Judged;
use crate::finding::{Remediation, Verdict};
use crate::lineage::{Dispatcher, Setup, dispatchers};
use crate::policy::DispatcherUnapproved;
use crate::remediation::set_spark_defaults;
use crate::rule::{Context, rule};

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
    "spline-dispatcher-unapproved", Medium, Lineage { check, fix }
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Verdict {
    let Ok(found) = dispatchers(&setup.spark) else {
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

/// Sends lineage by the first approved dispatcher, to the first approved destination that is no pattern.
fn fix(judged: &Judged<'_>, cx: &Context<'_>) -> Remediation {
    let allowed = &cx.policy.rules.dispatcher_unapproved;
    let Some(name) = allowed.dispatchers.first() else {
        return Remediation::default();
    };
    let destinations = allowed.destinations.iter().map(crate::glob::Glob::as_str);
    let mut exact = destinations.filter(|it| !it.contains(['*', '?']));
    let to = exact.next().unwrap_or("<where lineage goes>");
    let url = format!("lineageDispatcher.{name}.producer.url");
    let keys = ["lineageDispatcher", &url].map(|key| key_in_force(judged, key));
    let mut changes = vec![(keys[0].as_str(), name.as_str())];
    if ["http", "httpOpenLineage"].contains(&name.as_str()) {
        changes.push((&keys[1], to));
    }
    set_spark_defaults(judged.application, &changes)
}

/// The property that sets a key of Spline whatever sets it now.
fn key_in_force(judged: &Judged<'_>, key: &str) -> String {
    let now = judged.setup.spark.spline(key);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::bench::{lineage, with};
    use crate::policy::Policy;

    const NAME: &str = "spark.spline.lineageDispatcher";

    fn verdict(name: &str, policy: &Policy) -> Verdict {
        let class = (
            "spark.spline.lineageDispatcher.own.className",
            Some("com.x.Own"),
        );
        let application = with(&[(NAME, Some(name)), class]);
        crate::application::bench::lineage_under(check, &application, policy)
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
}
