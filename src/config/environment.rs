//! `LINEWARD_<SECTION>__<KEY>`: each key of the configuration from the environment.

use std::collections::BTreeSet;

use serde::Deserialize as _;
use toml::{Table, Value};

use super::mistake::{Mistake, explained, nearest};
use super::{Config, twin, value};

const PREFIX: &str = "LINEWARD_";

/// The variable that names the configuration itself.
const CONFIG: &str = "LINEWARD_CONFIG";

/// The variables of this process. What is not text in one of ours is shown as such, and is refused where it matters.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
}

/// The variables that change the configuration, in order.
pub(super) fn ours(
    environment: impl IntoIterator<Item = (String, String)>,
) -> Vec<(String, String)> {
    let ours = environment
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && name != CONFIG);
    let mut variables: Vec<_> = ours.collect();
    variables.sort();
    variables
}

/// Lays the environment over the table that `config` was read from.
///
/// A value is read as TOML where that gives what the key takes, and else as a string, so that
/// `LINEWARD_WALK__CONCURRENCY=8` and `LINEWARD_ORGANIZATION__EXTERNAL_ID=8` both work.
pub(super) fn overlay(
    config: Config,
    table: Table,
    variables: Vec<(String, String)>,
    mistakes: &mut Vec<Mistake>,
) -> Config {
    let (mut config, mut table) = (config, table);
    let mut references = references(&Value::Table(table.clone()));
    references.extend(variables.iter().filter_map(|(_, text)| reference(text)));
    for (name, text) in variables {
        // Some hold what a secret of the configuration refers to.
        if references.contains(&name) {
            continue;
        }
        match read(&table, &path(&name), &text) {
            Ok(read) => (config, table) = read,
            Err(message) => {
                let message = match proposal(&table, &name, &text) {
                    Some(meant) => format!("{message}; did you mean `{meant}`?"),
                    None => message,
                };
                mistakes.push(Mistake::Environment { name, message });
            }
        }
    }
    config
}

/// The configuration and its table with this value in them, or what is wrong with that.
fn read(table: &Table, path: &[String], text: &str) -> Result<(Config, Table), String> {
    let is_key = path.last().is_some_and(|key| value::is_routing_key(key));
    if text.trim().is_empty() && !is_key {
        return Err(value::BLANK.into());
    }
    let mut first_error = None;
    for value in readings(text) {
        let mut changed = table.clone();
        insert(&mut changed, path, value);
        match Config::deserialize(changed.clone()) {
            Ok(config) => {
                return match twin(&config.team) {
                    None => Ok((config, changed)),
                    Some((_, message)) => Err(message),
                };
            }
            Err(error) => first_error.get_or_insert_with(|| explained(error.message())),
        };
    }
    Err(first_error.unwrap_or_default())
}

/// The variable that was meant: one underscore may stand where two must.
fn proposal(table: &Table, name: &str, text: &str) -> Option<String> {
    if let Some(config) = nearest(name, [CONFIG].into_iter()) {
        return Some(config.to_owned());
    }
    let rest = name.strip_prefix(PREFIX)?;
    if rest.contains("__") {
        return None;
    }
    let mut splits = rest.match_indices('_').map(|(at, _)| {
        let (section, key) = rest.split_at(at);
        format!("{PREFIX}{section}_{key}")
    });
    splits.find(|name| read(table, &path(name), text).is_ok())
}

/// The variables that secrets of a configuration refer to.
fn references(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) => reference(text).into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Table(table) => table
            .iter()
            .flat_map(|(_, value)| references(value))
            .collect(),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            BTreeSet::new()
        }
    }
}

/// The variable that a secret refers to.
fn reference(text: &str) -> Option<String> {
    text.trim().strip_prefix("env:").map(str::to_owned)
}

/// `LINEWARD_RULES__SPLINE_DISABLED__ENABLED` is `rules`, `spline-disabled`, `enabled`.
fn path(name: &str) -> Vec<String> {
    let rest = name
        .strip_prefix(PREFIX)
        .unwrap_or(name)
        .to_ascii_lowercase();
    let mut parts: Vec<_> = rest.split("__").map(str::to_owned).collect();
    let rule = match parts.as_slice() {
        [section, _, ..] if section == "rules" => Some(1),
        [section, key, _, ..] if section == "pagerduty" && key == "rules" => Some(2),
        _ => None,
    };
    if let Some(id) = rule.and_then(|at| parts.get_mut(at)) {
        *id = id.replace('_', "-");
    }
    parts
}

/// The value as TOML, where it is, and as a string.
fn readings(text: &str) -> Vec<Value> {
    let parsed = toml::from_str::<Table>(&format!("value = {text}"));
    let parsed = parsed.ok().and_then(|mut table| table.remove("value"));
    parsed
        .into_iter()
        .chain([Value::String(text.to_owned())])
        .collect()
}

fn insert(table: &mut Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [key] => drop(table.insert(key.clone(), value)),
        [section, rest @ ..] => {
            let inner = table
                .entry(section.clone())
                .or_insert_with(|| Table::new().into());
            if !inner.is_table() {
                *inner = Table::new().into();
            }
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Config::parse(Path::new("x"), text, variables).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let variables = [
            ("LINEWARD_WALK__CONCURRENCY", "7"),
            ("LINEWARD_ORGANIZATION__EXTERNAL_ID", "123"),
            ("LINEWARD_ORGANIZATION__REGIONS", "['eu-west-1']"),
            ("LINEWARD_RULES__SPLINE_DISABLED__ENABLED", "false"),
            ("LINEWARD_PAGERDUTY__RULES__SPLINE_DISABLED", "env:KEY"),
            ("LINEWARD_CONFIG", "ignored.toml"),
            ("HOME", "/"),
        ];
        let config = parse("[walk]\nconcurrency = 3\njob_runs = false", &variables).unwrap();
        assert_eq!((config.walk.concurrency, config.walk.job_runs), (7, false));
        assert_eq!(config.organization.external_id.as_deref(), Some("123"));
        assert_eq!(config.organization.regions.len(), 1);
        assert!(!config.rules.0.settings.values().next().unwrap().enabled);
        assert_eq!(config.pagerduty.unwrap().rules.len(), 1);
    }

    #[test]
    fn an_error_names_the_variable() {
        let error = parse("", &[("LINEWARD_WALK__SPEED", "7")]).unwrap_err();
        assert!(error.starts_with("environment variable `LINEWARD_WALK__SPEED`: unknown field"));
        let error = parse("", &[("LINEWARD_WALK__CONCURRENCY", "many")]).unwrap_err();
        assert!(error.contains("LINEWARD_WALK__CONCURRENCY"), "{error}");
    }
}
