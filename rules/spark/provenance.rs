//! Where a table of data comes from.

use serde::Deserialize;

/// Where a table of data comes from, and when it was read there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The day on which it was read, as `2026-11-23`.
    pub read_on: String,
    /// Where it was read.
    pub source: String,
}
