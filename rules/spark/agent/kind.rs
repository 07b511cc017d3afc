//! The lineage agents that there are. What is known of each is a row of `kinds.toml`.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::spark::agent::name::{self, is_glob};
use crate::spark::{EXTRA_LISTENERS_KEY, Effective, LISTENERS_KEY};

/// What makes Spark report its lineage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AgentKind {
    /// Spline's agent.
    #[default]
    Spline,
    /// OpenLineage's Spark integration.
    OpenLineage,
    /// `DataHub`'s Spark plugin.
    DataHub,
}

/// A row of `kinds.toml`, where each field is explained.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KindRow {
    agent: AgentKind,
    name: String,
    listeners: Vec<String>,
    listeners_key: String,
    hints: Vec<String>,
    beginnings: Vec<String>,
    own_keys: Vec<String>,
    #[serde(default)]
    switches: Vec<String>,
    coordinate: Option<String>,
    version: Option<String>,
    transport: Option<TransportKeys>,
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for who reads the table"))]
    source: String,
}

/// The keys that tell where an agent sends lineage.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportKeys {
    /// What stands before the others.
    pub prefix: String,
    /// The key that names the way.
    pub type_key: String,
    /// The way where that key is not set.
    #[serde(default)]
    pub type_by_default: Option<String>,
    /// What stands before the keys that a way needs.
    pub below: String,
    /// The way that a remedy sets.
    pub usual: String,
    /// The key that this way needs.
    pub url_key: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KindFile {
    kind: Vec<KindRow>,
}

/// The rows of `kinds.toml`.
static KINDS: LazyLock<Vec<KindRow>> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the text is compiled in, and a test reads it"
    )]
    let file: KindFile =
        toml::from_str(include_str!("../kinds.toml")).expect("`kinds.toml` is well-formed");
    file.kind
});

impl AgentKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Spline, Self::OpenLineage, Self::DataHub];

    #[expect(
        clippy::expect_used,
        reason = "a test holds that each kind has its row"
    )]
    fn row(self) -> &'static KindRow {
        let mut rows = KINDS.iter();
        rows.find(|row| row.agent == self)
            .expect("each kind has its row")
    }

    /// The name that it goes by.
    pub fn name(self) -> &'static str {
        &self.row().name
    }

    /// The key that its listener must be listed in.
    pub fn listeners_key(self) -> &'static str {
        &self.row().listeners_key
    }

    /// The key that its listener may be mistaken to belong into.
    pub fn wrong_listeners_key(self) -> &'static str {
        if self.listeners_key() == LISTENERS_KEY {
            EXTRA_LISTENERS_KEY
        } else {
            LISTENERS_KEY
        }
    }

    /// The class of its listener.
    pub fn listener(self) -> &'static str {
        self.listeners().next().unwrap_or_default()
    }

    /// The classes of its listeners, the usual one first.
    pub fn listeners(self) -> impl Iterator<Item = &'static str> {
        self.row().listeners.iter().map(String::as_str)
    }

    /// The listener of it that a list of Spark's names.
    pub fn listener_in(self, spark: &Effective<'_>, key: &str) -> Option<&'static str> {
        self.listeners().find(|listener| spark.lists(key, listener))
    }

    /// How its own keys begin.
    pub fn own_keys(self) -> impl Iterator<Item = &'static str> {
        self.row().own_keys.iter().map(String::as_str)
    }

    /// The keys that switch it off when they are `true`.
    pub fn switches(self) -> impl Iterator<Item = &'static str> {
        self.row().switches.iter().map(String::as_str)
    }

    /// The public coordinate without its Scala, and a version of it.
    pub fn coordinate(self) -> Option<(&'static str, &'static str)> {
        let row = self.row();
        Some((row.coordinate.as_deref()?, row.version.as_deref()?))
    }

    /// The keys that tell where it sends lineage, if it has a transport in `transports.toml`.
    pub fn transport(self) -> Option<&'static TransportKeys> {
        self.row().transport.as_ref()
    }

    /// Why a suspect can't be told to be an agent.
    pub fn unread(self, suspect: &str) -> String {
        if is_glob(suspect) {
            return format!(
                "Spark expands `{suspect}`, and what it matches, {} or not, isn't read",
                self.name()
            );
        }
        format!(
            "`{suspect}` looks like {}, but no `[[agent]]` pattern reads its name",
            self.name()
        )
    }

    /// The agent that a name hints at, whether or not a pattern reads it.
    pub(super) fn hinted(name: &str) -> Option<Self> {
        let hinted = |row: &&KindRow| row.hints.iter().any(|hint| name::has(name, hint));
        KINDS.iter().find(hinted).map(|row| row.agent)
    }

    /// Whether a glob could match an artifact of it.
    pub(super) fn could_begin(self, glob: &str) -> bool {
        let mut beginnings = self.row().beginnings.iter();
        beginnings.any(|beginning| name::could_begin(glob, beginning))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Policy;
    use crate::spark::SPLINE_LISTENER;
    use crate::spark::agent::Agents;

    #[test]
    fn each_kind_has_one_whole_row_in_order() {
        let rows: Vec<_> = KINDS.iter().map(|row| row.agent).collect();
        assert_eq!(rows, AgentKind::ALL);
        for row in KINDS.iter() {
            let keys = [LISTENERS_KEY, EXTRA_LISTENERS_KEY];
            assert!(keys.contains(&row.listeners_key.as_str()), "{}", row.name);
            for list in [&row.listeners, &row.hints, &row.beginnings, &row.own_keys] {
                let whole = !list.is_empty() && list.iter().all(|entry| !entry.trim().is_empty());
                assert!(whole, "{}: {list:?}", row.name);
            }
            let lowered = row.hints.iter().chain(&row.beginnings);
            assert!(
                lowered.clone().all(|hint| *hint == hint.to_lowercase()),
                "{}",
                row.name
            );
            assert!(!row.source.is_empty() && !row.name.is_empty());
            assert_eq!(row.coordinate.is_some(), row.version.is_some());
            assert_eq!(
                row.coordinate.is_some(),
                row.transport.is_some(),
                "{}",
                row.name
            );
            if let Some(transport) = &row.transport {
                assert!(row.own_keys.contains(&transport.prefix), "{}", row.name);
                let is_below = transport.url_key.starts_with(&transport.below);
                assert!(is_below, "{}", row.name);
            }
            let is_own = |switch: &String| row.own_keys.iter().any(|own| switch.starts_with(own));
            assert!(row.switches.iter().all(is_own), "{}", row.name);
        }
        assert_eq!(AgentKind::Spline.listener(), SPLINE_LISTENER);
    }

    #[test]
    fn what_a_remedy_offers_is_read_as_that_agent() {
        let policy = Policy::default();
        for kind in AgentKind::ALL {
            let Some((name, version)) = kind.coordinate() else {
                continue;
            };
            let coordinate = format!("{name}_2.12:{version}");
            let agents = Agents::find([coordinate.as_str()], &policy.agents);
            assert_eq!(agents.of(kind).count(), 1, "{coordinate}");
        }
    }
}
