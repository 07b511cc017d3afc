//! Edits of an application, applied to what was read of it.

use std::collections::BTreeMap;

use crate::estate::{Application, Configuration};
use crate::finding::Edit;
use crate::spark::entries;

/// The classification of Spark's properties.
pub(super) const SPARK_DEFAULTS: &str = "spark-defaults";

/// What the application would be after the edits of its configuration. Where a person has to supply
/// something, its example stands.
pub fn edited(application: &Application, edits: &[Edit]) -> Application {
    let mut edited = application.clone();
    for edit in edits {
        apply(&mut edited.runtime_configuration, edit);
    }
    edited
}

fn apply(configurations: &mut Vec<Configuration>, edit: &Edit) {
    match edit {
        Edit::Set {
            classification,
            key,
            value,
        } => on(configurations, classification, |properties| {
            properties.insert(key.clone(), value.example());
        }),
        Edit::Unset {
            classification,
            key,
        } => on(configurations, classification, |properties| {
            properties.remove(key);
        }),
        Edit::Rename { key, to } => on(configurations, SPARK_DEFAULTS, |properties| {
            if let Some(value) = properties.remove(key) {
                properties.insert(to.clone(), value);
            }
        }),
        Edit::Add { key, entry } => on_list(configurations, key, |held| {
            let entry = entry.example();
            if !held.contains(&entry) {
                held.push(entry);
            }
        }),
        Edit::Remove { key, entry } => on_list(configurations, key, |held| {
            held.retain(|other| other != entry);
        }),
        Edit::Replace { key, entry, with } => on_list(configurations, key, |held| {
            for other in held.iter_mut().filter(|other| *other == entry) {
                *other = with.example();
            }
        }),
        Edit::Attribute(_) | Edit::ByHand(_) => {}
    }
}

/// Edits the last classification of a name, which is made where there is none.
fn on(
    configurations: &mut Vec<Configuration>,
    name: &str,
    edit: impl FnOnce(&mut BTreeMap<String, String>),
) {
    let is_named = |held: &Configuration| held.classification == name;
    if !configurations.iter().any(is_named) {
        configurations.push(Configuration::new(name, &[]));
    }
    if let Some(last) = configurations.iter_mut().rfind(|held| is_named(held)) {
        edit(&mut last.properties);
    }
}

fn on_list(
    configurations: &mut Vec<Configuration>,
    key: &str,
    edit: impl FnOnce(&mut Vec<String>),
) {
    on(configurations, SPARK_DEFAULTS, |properties| {
        let held = properties.remove(key).unwrap_or_default();
        let mut held: Vec<_> = entries(&held).map(str::to_owned).collect();
        edit(&mut held);
        if !held.is_empty() {
            properties.insert(key.to_owned(), held.join(","));
        }
    });
}
