use crate::finding::{Edit, Fault, Template, Verdict};
use crate::lineage::{Delivery, Setup, delivery};
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// The lineage agent is not told where to send lineage
    ///
    /// Flags Spark applications whose OpenLineage or DataHub agent, where `[lineage] require` asks for it,
    /// lacks what its transport needs: for OpenLineage `spark.openlineage.transport.type` and the keys of
    /// that type, for DataHub `spark.datahub.rest.server` or the keys of another emitter. A transport that
    /// only writes to the driver's log or disk fails too, `composite` of such alone or with a part that can't be
    /// made among them; one that Lineward doesn't know is `unknown`, and so is a file named by
    /// `OPENLINEAGE_CONFIG`. Variables such as `OPENLINEAGE__TRANSPORT__TYPE` of the driver's environment
    /// (`spark.emr-serverless.driverEnv.*`) count as the keys they stand for, from `OpenLineage` 1.23.0, and
    /// `spark.openlineage.url` and `.host` for HTTP before 0.22.0. For
    /// Spline there is `spline-dispatcher-incomplete`.
    ///
    /// ## Why it matters
    /// Events go to the driver's log, to its disk, or to a server on the driver itself that isn't there, and
    /// are lost with it. Jobs succeed.
    ///
    /// ## How to fix
    /// Set the keys that the evidence names.
    ///
    /// Source: OpenLineage's documentation, "Transports", and DataHub's table of its Spark plugin's settings.
    "lineage-transport-incomplete", High, Lineage { check }, judges_by: OwnKeys
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    let Some(kind) = setup
        .wanted_other()
        .filter(|&kind| setup.is_listening(kind))
    else {
        return Verdict::Pass;
    };
    let verdict = match delivery(setup, kind) {
        Delivery::Sent => Verdict::Pass,
        Delivery::Stays(fact) => Verdict::Fail(fact),
        Delivery::Lacks(key) => Verdict::Fail(format!("`{key}` is not set")),
        Delivery::Unknown(reason) => Verdict::Unknown(reason),
    };
    match (verdict, setup.image.filter(|_| setup.is_opaque)) {
        (Verdict::Fail(fact), Some(image)) => {
            Verdict::Unknown(format!("{fact}; the image `{image}` may set it"))
        }
        (verdict, _) => verdict,
    }
}

/// Sets what lineage over HTTP needs, where no other transport is half set up. Where lineage goes is for
/// its owner to say.
fn mended(setup: &Setup<'_>, _: &Context<'_>) -> Vec<Edit> {
    let kind = setup.wanted_other();
    let Some((kind, keys)) = kind.and_then(|kind| Some((kind, kind.transport()?))) else {
        return Vec::new();
    };
    let [type_key, url_key] = [&keys.type_key, &keys.url_key].map(|key| keys.prefix.clone() + key);
    let asked = |key: &str| {
        let last = key.rsplit('.').next().unwrap_or_default();
        let variable = format!("LINEAGE_{}", variable(last));
        Edit::set(
            key,
            Template::asked(&variable, &format!("the value of {key}")),
        )
    };
    match delivery(setup, kind) {
        Delivery::Lacks(key) if key != type_key => vec![asked(&key)],
        Delivery::Lacks(_) | Delivery::Stays(_) => {
            let mut edits = vec![Edit::set(&type_key, keys.usual.as_str())];
            if setup.spark.get(&url_key).is_none_or(str::is_empty) {
                edits.push(asked(&url_key));
            }
            edits
        }
        Delivery::Sent | Delivery::Unknown(_) => Vec::new(),
    }
}

/// A name of the shell for a key: `topicName` is `TOPIC_NAME`.
fn variable(key: &str) -> String {
    let mut name = String::new();
    for letter in key.chars().filter(char::is_ascii_alphanumeric) {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Policy, Requirement};
    use crate::spark::agent::AgentKind;
    use crate::subject::application::bench::{lineage_under, with};

    fn verdict(require: Requirement, kind: AgentKind, changes: &[(&str, &str)]) -> Verdict {
        let policy = Policy {
            require,
            ..Policy::default()
        };
        let listener = [(kind.listeners_key(), Some(kind.listener()))];
        let changes = changes.iter().map(|&(key, value)| (key, Some(value)));
        let changes: Vec<_> = listener.into_iter().chain(changes).collect();
        lineage_under(check, &with(&changes), &policy)
    }

    #[test]
    fn open_lineage_needs_a_type_and_its_keys() {
        let verdict =
            |changes: &[_]| verdict(Requirement::OpenLineage, AgentKind::OpenLineage, changes);
        let of_type = |of_type| ("spark.openlineage.transport.type", of_type);
        let url = ("spark.openlineage.transport.url", "https://x");
        assert_eq!(verdict(&[of_type("http"), url]), Verdict::Pass);
        assert!(matches!(verdict(&[]), Verdict::Fail(_)));
        assert!(matches!(verdict(&[of_type("http")]), Verdict::Fail(_)));
        assert!(matches!(verdict(&[of_type("console")]), Verdict::Fail(_)));
        assert!(matches!(verdict(&[of_type("kafka")]), Verdict::Fail(_)));
        assert!(matches!(verdict(&[url]), Verdict::Unknown(_)));
        assert!(matches!(
            verdict(&[of_type("com.x.OwnTransport")]),
            Verdict::Unknown(_)
        ));
    }

    #[test]
    fn datahub_needs_its_server() {
        let verdict = |changes: &[_]| verdict(Requirement::DataHub, AgentKind::DataHub, changes);
        assert_eq!(
            verdict(&[("spark.datahub.rest.server", "https://x")]),
            Verdict::Pass
        );
        assert!(matches!(verdict(&[]), Verdict::Fail(_)));
        assert!(matches!(
            verdict(&[("spark.datahub.emitter", "file")]),
            Verdict::Fail(_)
        ));
    }
}
