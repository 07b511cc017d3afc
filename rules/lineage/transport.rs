//! Where agents other than Spline send lineage. The data is in `transports.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::lineage::{Setup, environment};
use crate::spark::Effective;
use crate::spark::agent::{AgentKind, TransportKeys, is_older};

/// How deep transports may stand in each other.
const DEEPEST: usize = 4;

/// A way to send lineage.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Transport {
    agent: AgentKind,
    name: String,
    needs: Vec<String>,
    #[serde(default)]
    stays: Option<String>,
    #[serde(default)]
    parts: Option<String>,
    #[serde(default)]
    part: Option<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for who reads the table"))]
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TransportFile {
    transport: Vec<Transport>,
}

/// The transports of `transports.toml`.
static TRANSPORTS: LazyLock<Vec<Transport>> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the text is compiled in, and a test reads it"
    )]
    let file: TransportFile =
        toml::from_str(include_str!("transports.toml")).expect("`transports.toml` is well-formed");
    file.transport
});

/// What comes of a transport as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Lineage leaves the driver.
    Sent,
    /// It remains in the driver; the text says where.
    Stays(String),
    /// A key that it needs is not set.
    Lacks(String),
    /// It can't be told; the text says why.
    Unknown(String),
}

/// What comes of the lineage of an agent other than Spline.
pub fn delivery(setup: &Setup<'_>, kind: AgentKind) -> Delivery {
    let spark = &setup.spark;
    // What EMR ships has numbers of its own.
    let mut agents = setup.agents.of(kind).filter(|agent| agent.since.is_none());
    let version = agents.find_map(|agent| agent.version);
    let Some(keys) = kind.transport() else {
        return Delivery::Sent;
    };
    if kind == AgentKind::OpenLineage {
        return open_lineage(spark, version, keys);
    }
    let settings = Settings {
        agent: kind,
        prefix: &keys.prefix,
        values: under(spark, &keys.prefix),
    };
    settings.sent(keys)
}

/// `OpenLineage` lets Spark's properties win over the environment, and that over a file.
///
/// Source: `ArgumentParser.parse` of `OpenLineage`'s Spark integration.
fn open_lineage(spark: &Effective<'_>, version: Option<&str>, keys: &TransportKeys) -> Delivery {
    let open_metadata = "spark.openmetadata.";
    let is_open_metadata = spark
        .under("spark.openmetadata.transport.")
        .next()
        .is_some()
        && spark.under("spark.openlineage.transport.").next().is_none();
    let prefix = if is_open_metadata {
        open_metadata
    } else {
        &keys.prefix
    };
    let mut values = under(spark, prefix);
    let given = environment::settings(spark, version);
    let same_type = match (values.get(&keys.type_key), given.get(&keys.type_key)) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => true,
    };
    if same_type {
        for (key, value) in given {
            values.entry(key).or_insert(value);
        }
    }
    let settings = Settings {
        agent: AgentKind::OpenLineage,
        prefix,
        values,
    };
    let found = match settings.sent(keys) {
        Delivery::Lacks(key) => settings
            .by_old_keys(version)
            .unwrap_or(Delivery::Lacks(key)),
        found @ (Delivery::Sent | Delivery::Stays(_) | Delivery::Unknown(_)) => found,
    };
    match (found, environment::file(spark)) {
        (found @ Delivery::Sent, _) | (found, None) => found,
        // What properties set outranks the file, a type that stays in the driver too.
        (Delivery::Stays(place), Some(_)) => Delivery::Stays(place),
        (_, Some(key)) => Delivery::Unknown(format!(
            "the file that `{key}` names may tell where lineage goes, and isn't read"
        )),
    }
}

fn under(spark: &Effective<'_>, prefix: &str) -> BTreeMap<String, String> {
    let all = spark.under(prefix);
    let filled = all.filter(|(_, property)| !property.value.trim().is_empty());
    filled
        .filter_map(|(key, property)| {
            let key = key.strip_prefix(prefix)?;
            Some((key.to_owned(), property.value.to_owned()))
        })
        .collect()
}

/// The first version of `OpenLineage` that reads `spark.openlineage.url` and `.host` no more.
///
/// Source: OpenLineage/OpenLineage issues #1587 and #1756.
const WITHOUT_OLD_KEYS: &str = "0.22.0";

/// An agent's settings, by key without their prefix.
struct Settings<'a> {
    agent: AgentKind,
    prefix: &'a str,
    values: BTreeMap<String, String>,
}

impl Settings<'_> {
    /// What comes of the way that an agent is told to send by.
    fn sent(&self, keys: &TransportKeys) -> Delivery {
        self.by(
            &keys.type_key,
            keys.type_by_default.as_deref(),
            &keys.below,
            0,
        )
    }

    /// What comes of the transport below a key.
    fn at(&self, key: &str, depth: usize) -> Delivery {
        self.by(&format!("{key}.type"), None, &format!("{key}."), depth)
    }

    /// What comes of keys that stood for HTTP in old versions, where the version isn't known to be newer.
    fn by_old_keys(&self, version: Option<&str>) -> Option<Delivery> {
        let mut old = ["url", "host"].into_iter();
        let key = old.find(|key| self.values.contains_key(*key))?;
        match version {
            Some(version) if is_older(version, WITHOUT_OLD_KEYS) => Some(Delivery::Sent),
            Some(_) => None,
            None => Some(Delivery::Unknown(format!(
                "`{}{key}` is read by versions before {WITHOUT_OLD_KEYS} alone, and the version isn't known",
                self.prefix
            ))),
        }
    }

    fn by(&self, type_key: &str, default: Option<&str>, below: &str, depth: usize) -> Delivery {
        let set = self.values.get(type_key).map(String::as_str);
        if let Some(name) = set.or(default) {
            return self.of(name, below, depth);
        }
        if self.values.contains_key(&format!("{below}url")) {
            return Delivery::Unknown(format!(
                "`{}{type_key}` is not set, and versions differ in what it is by default",
                self.prefix
            ));
        }
        Delivery::Lacks(format!("{}{type_key}", self.prefix))
    }

    fn of(&self, name: &str, below: &str, depth: usize) -> Delivery {
        let mut known = TRANSPORTS.iter();
        let is_it =
            |known: &&Transport| known.agent == self.agent && known.name.eq_ignore_ascii_case(name);
        let Some(transport) = known.find(is_it).filter(|_| depth <= DEEPEST) else {
            return Delivery::Unknown(format!("what the transport `{name}` needs is not known"));
        };
        let is_set = |need: &str| self.values.contains_key(&format!("{below}{need}"));
        let missing = |need: &&String| !need.split('|').any(is_set);
        if let Some(need) = transport.needs.iter().find(missing) {
            let first = need.split('|').next().unwrap_or(need);
            return Delivery::Lacks(format!("{}{below}{first}", self.prefix));
        }
        if let Some(place) = &transport.stays {
            return Delivery::Stays(format!("the transport `{name}` leaves lineage in {place}"));
        }
        if let Some(part) = &transport.part {
            return self.at(&format!("{below}{part}"), depth + 1);
        }
        match &transport.parts {
            Some(parts) => self.composite(&format!("{below}{parts}"), depth),
            None => Delivery::Sent,
        }
    }

    /// Takes a composite apart: one part that can't be made stops it, and one that sends is enough.
    fn composite(&self, below: &str, depth: usize) -> Delivery {
        if self.values.contains_key(below) {
            return Delivery::Unknown(format!("`{}{below}` is a list", self.prefix));
        }
        let start = format!("{below}.");
        let names = self.values.keys().filter_map(|key| {
            let (name, _) = key.strip_prefix(&start)?.split_once('.')?;
            Some(name)
        });
        let names: BTreeSet<_> = names.collect();
        let parts = names
            .iter()
            .map(|name| self.at(&format!("{start}{name}"), depth + 1));
        let parts: Vec<_> = parts.collect();
        let first = |is_it: fn(&Delivery) -> bool| parts.iter().find(|part| is_it(part)).cloned();
        first(|part| matches!(part, Delivery::Lacks(_)))
            .or_else(|| first(|part| matches!(part, Delivery::Unknown(_))))
            .or_else(|| first(|part| *part == Delivery::Sent))
            .or_else(|| first(|_| true))
            .unwrap_or_else(|| Delivery::Lacks(format!("{}{below}", self.prefix)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, Configuration};

    fn told(properties: &[(&str, &str)]) -> Delivery {
        told_by(properties, Some("1.52.0"))
    }

    fn told_by(properties: &[(&str, &str)], version: Option<&str>) -> Delivery {
        let application = Application {
            runtime_configuration: vec![Configuration::new("spark-defaults", properties)],
            ..Application::example()
        };
        let keys = AgentKind::OpenLineage.transport().unwrap();
        let spark = Effective::of_application(&application);
        open_lineage(&spark, version, keys)
    }

    fn transport(settings: &[(&str, &str)]) -> Delivery {
        let settings: Vec<_> = settings
            .iter()
            .map(|(key, value)| (format!("spark.openlineage.transport.{key}"), *value))
            .collect();
        let settings: Vec<_> = settings
            .iter()
            .map(|(key, value)| (key.as_str(), *value))
            .collect();
        told(&settings)
    }

    #[test]
    fn every_row_has_a_source() {
        for row in TRANSPORTS.iter() {
            assert!(!row.source.is_empty(), "{}", row.name);
        }
    }

    #[test]
    fn each_transport_needs_its_own_keys() {
        for (name, key) in [
            ("http", "url"),
            ("s3", "bucketName"),
            ("amazon_datazone_api", "domainId"),
        ] {
            let lack = Delivery::Lacks(format!("spark.openlineage.transport.{key}"));
            assert_eq!(transport(&[("type", name)]), lack);
            assert_eq!(transport(&[("type", name), (key, "x")]), Delivery::Sent);
            assert_eq!(transport(&[("type", name), (key, " ")]), lack);
        }
        assert!(matches!(
            transport(&[("type", "own.Class")]),
            Delivery::Unknown(_)
        ));
        assert!(matches!(transport(&[("type", "file")]), Delivery::Stays(_)));
    }

    #[test]
    fn a_composite_is_taken_apart() {
        let composite = ("type", "composite");
        let console = ("transports.a.type", "console");
        let http = ("transports.b.type", "http");
        let url = ("transports.b.url", "https://x");
        assert!(matches!(transport(&[composite]), Delivery::Lacks(_)));
        assert!(matches!(
            transport(&[composite, console]),
            Delivery::Stays(_)
        ));
        assert_eq!(transport(&[composite, console, http, url]), Delivery::Sent);
        let lack = Delivery::Lacks("spark.openlineage.transport.transports.b.url".into());
        assert_eq!(transport(&[composite, console, http]), lack);
        let own = ("transports.c.type", "x.Own");
        let unknown = transport(&[composite, http, url, own]);
        assert!(matches!(unknown, Delivery::Unknown(_)));
        let nested = [composite, ("transports.a.type", "composite")];
        assert!(matches!(transport(&nested), Delivery::Lacks(_)));
    }

    #[test]
    fn what_transforms_is_judged_by_what_it_hands_on_to() {
        let transform = [("type", "transform"), ("transformerClass", "x.T")];
        let console = ("transport.type", "console");
        assert!(matches!(
            transport(&[transform[0], transform[1], console]),
            Delivery::Stays(_)
        ));
    }

    #[test]
    fn open_metadata_has_keys_of_its_own() {
        let of_type = ("spark.openmetadata.transport.type", "openMetadata");
        let host = ("spark.openmetadata.transport.hostPort", "https://x/api");
        assert_eq!(told(&[of_type, host]), Delivery::Sent);
        let lack = Delivery::Lacks("spark.openmetadata.transport.hostPort".into());
        assert_eq!(told(&[of_type]), lack);
        let url = ("spark.openlineage.transport.url", "https://x");
        let transporter = ("spark.openlineage.transport.type", "openMetadata");
        assert_eq!(told(&[transporter, url]), Delivery::Sent);
    }

    #[test]
    fn keys_of_old_versions_count_for_these_alone() {
        for key in ["spark.openlineage.url", "spark.openlineage.host"] {
            let by = |version| told_by(&[(key, "http://x:5000")], version);
            assert_eq!(by(Some("0.20.4")), Delivery::Sent);
            assert!(matches!(by(Some("0.22.0")), Delivery::Lacks(_)));
            assert!(matches!(by(None), Delivery::Unknown(_)));
        }
    }

    #[test]
    fn properties_outrank_the_environment_and_that_a_file() {
        let variable = |name: &str| format!("spark.emr-serverless.driverEnv.{name}");
        let of_type = variable("OPENLINEAGE__TRANSPORT__TYPE");
        let url = variable("OPENLINEAGE__TRANSPORT__URL");
        let file = variable("OPENLINEAGE_CONFIG");
        let (http, x) = ((of_type.as_str(), "http"), (url.as_str(), "https://x"));
        let file = (file.as_str(), "/etc/openlineage.yml");
        let console = ("spark.openlineage.transport.type", "console");
        assert_eq!(told(&[http, x]), Delivery::Sent);
        assert_eq!(told(&[http, x, file]), Delivery::Sent);
        assert!(matches!(told(&[http]), Delivery::Lacks(_)));
        assert!(matches!(told(&[http, file]), Delivery::Unknown(_)));
        assert!(matches!(told(&[file]), Delivery::Unknown(_)));
        assert!(matches!(told(&[http, x, console]), Delivery::Stays(_)));
        let whole = variable("OPENLINEAGE__TRANSPORT");
        let json = (whole.as_str(), r#"{"type":"s3","bucketName":"b"}"#);
        assert_eq!(told(&[json]), Delivery::Sent);
        let bucket = variable("OPENLINEAGE__TRANSPORT__BUCKET_NAME");
        let s3 = [(of_type.as_str(), "s3"), (bucket.as_str(), "b")];
        assert_eq!(told(&s3), Delivery::Sent);
    }
}
