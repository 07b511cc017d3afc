use crate::finding::{Remediation, Verdict};
use crate::lineage::Setup;
use crate::remedy::set_spark_defaults;
use crate::settings::Context;
use crate::spark::Effective;
use crate::spark::agent::AgentKind;
use crate::subject::application::Judged;
use crate::subject::rule::rule;

rule! {
    /// The lineage agent is not told where to send lineage
    ///
    /// Flags Spark applications whose OpenLineage or DataHub agent, where `[lineage] require` asks for it,
    /// lacks what its transport needs: for OpenLineage `spark.openlineage.transport.type` and the keys of
    /// that type, for DataHub `spark.datahub.rest.server` or the keys of another emitter. A transport that
    /// only writes to the driver's log or disk fails too; one that Lineward doesn't know is `unknown`. For
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
    "lineage-transport-incomplete", High, Lineage { check, fix }, judges_by: OwnKeys
}

fn check(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    let Some(kind) = setup
        .wanted_other()
        .filter(|&kind| setup.is_listening(kind))
    else {
        return Verdict::Pass;
    };
    let verdict = match kind {
        AgentKind::Spline => Verdict::Pass,
        AgentKind::OpenLineage => open_lineage(&setup.spark),
        AgentKind::DataHub => data_hub(&setup.spark),
    };
    match (verdict, setup.image.filter(|_| setup.is_opaque)) {
        (Verdict::Fail(fact), Some(image)) => {
            Verdict::Unknown(format!("{fact}; the image `{image}` may set it"))
        }
        (verdict, _) => verdict,
    }
}

fn open_lineage(spark: &Effective<'_>) -> Verdict {
    let transport = "spark.openlineage.transport";
    let Some(of_type) = spark.get("spark.openlineage.transport.type") else {
        if spark.get("spark.openlineage.transport.url").is_some() {
            return Verdict::Unknown(
                "`spark.openlineage.transport.type` is not set, and versions differ in what it is by \
                 default"
                    .into(),
            );
        }
        return Verdict::Fail("`spark.openlineage.transport.type` is not set".into());
    };
    match of_type {
        "http" | "async_http" => needs(spark, &[&format!("{transport}.url")]),
        "kafka" => needs(
            spark,
            &[
                &format!("{transport}.topicName"),
                &format!("{transport}.properties.bootstrap.servers"),
            ],
        ),
        "kinesis" => needs(
            spark,
            &[
                &format!("{transport}.streamName"),
                &format!("{transport}.region"),
            ],
        ),
        "composite"
            if spark
                .under("spark.openlineage.transport.transports")
                .next()
                .is_some() =>
        {
            Verdict::Pass
        }
        "console" | "file" => Verdict::Fail(format!(
            "the transport `{of_type}` leaves lineage in the driver"
        )),
        other => Verdict::Unknown(format!("what the transport `{other}` needs is not known")),
    }
}

fn data_hub(spark: &Effective<'_>) -> Verdict {
    match spark.get("spark.datahub.emitter").unwrap_or("rest") {
        "rest" => needs(spark, &["spark.datahub.rest.server"]),
        "kafka" => needs(spark, &["spark.datahub.kafka.bootstrap"]),
        "s3" => needs(spark, &["spark.datahub.s3.bucket"]),
        "file" => Verdict::Fail("the emitter `file` leaves lineage in the driver".into()),
        other => Verdict::Unknown(format!("what the emitter `{other}` needs is not known")),
    }
}

fn needs(spark: &Effective<'_>, keys: &[&str]) -> Verdict {
    let missing = |key: &&&str| spark.get(key).is_none_or(str::is_empty);
    keys.iter().find(missing).map_or(Verdict::Pass, |key| {
        Verdict::Fail(format!("`{key}` is not set"))
    })
}

/// Sets what lineage over HTTP needs, where no other transport is half set up. Where lineage goes is for
/// its owner to say.
fn fix(judged: &Judged<'_>, _: &Context<'_>) -> Remediation {
    let spark = &judged.setup.spark;
    let to = "<where lineage goes>";
    let mut changes = Vec::new();
    match judged.setup.wanted_other() {
        Some(AgentKind::OpenLineage) => {
            let transport = spark.get("spark.openlineage.transport.type");
            let missing: &[&str] = match transport {
                Some("kafka") => &["topicName", "properties.bootstrap.servers"],
                Some("kinesis") => &["streamName", "region"],
                _ => &["url"],
            };
            if !matches!(transport, Some("async_http" | "kafka" | "kinesis")) {
                changes.push(("spark.openlineage.transport.type".to_owned(), "http"));
            }
            let keys = missing
                .iter()
                .map(|key| format!("spark.openlineage.transport.{key}"));
            changes.extend(keys.map(|key| (key, to)));
        }
        Some(AgentKind::DataHub) => {
            let key = match spark.get("spark.datahub.emitter") {
                Some("kafka") => "spark.datahub.kafka.bootstrap",
                Some("s3") => "spark.datahub.s3.bucket",
                Some("file") => {
                    changes.push(("spark.datahub.emitter".to_owned(), "rest"));
                    "spark.datahub.rest.server"
                }
                _ => "spark.datahub.rest.server",
            };
            changes.push((key.to_owned(), to));
        }
        Some(AgentKind::Spline) | None => return Remediation::default(),
    }
    let changes: Vec<_> = changes
        .iter()
        .map(|(key, value)| {
            (
                key.as_str(),
                spark
                    .get(key)
                    .filter(|it| !it.is_empty() && *value == to)
                    .unwrap_or(value),
            )
        })
        .collect();
    set_spark_defaults(judged.application, &changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Policy, Requirement};
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
            verdict(&[of_type("gcplineage")]),
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
