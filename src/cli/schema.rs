//! `lineward schema`.

use clap::ValueEnum;
use lineward::config::Config;
use lineward::report::Report;
use lineward_rules::Slice;
use schemars::{Schema, schema_for};

/// A format that has a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Name {
    /// `lineward audit --format json`.
    Report,
    /// One slice of a snapshot: each line but the first and the last.
    Estate,
    /// `lineward.toml`.
    Config,
}

/// The JSON Schema of a format.
pub(super) fn text(name: Name) -> String {
    let schema: Schema = match name {
        Name::Report => schema_for!(Report),
        Name::Estate => schema_for!(Slice),
        Name::Config => schema_for!(Config),
    };
    // A schema is made of strings, lists and maps, which can always be written.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
