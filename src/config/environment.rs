//! `LINEWARD_<SECTION>__<KEY>`: each key of the configuration from the environment.

use serde::Deserialize as _;
use toml::{Table, Value};

use super::secret::without_keys;
use super::{Config, ConfigError};

const PREFIX: &str = "LINEWARD_";

/// Lays the environment over the table that `config` was read from.
///
/// A value is read as TOML where that gives what the key takes, and else as a string, so that
/// `LINEWARD_WALK__CONCURRENCY=8` and `LINEWARD_ORGANIZATION__EXTERNAL_ID=8` both work.
pub(super) fn overlay(
    config: Config,
    mut table: Table,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let mut config = config;
    let mut variables: Vec<_> = environment.into_iter().filter(is_ours).collect();
    variables.sort();
    for (name, text) in variables {
        let path = path(&name);
        let mut first_error = None;
        for value in readings(&text) {
            let mut changed = table.clone();
            insert(&mut changed, &path, value);
            match Config::deserialize(changed.clone()) {
                Ok(read) => {
                    (config, table, first_error) = (read, changed, None);
                    break;
                }
                Err(error) => {
                    first_error.get_or_insert_with(|| without_keys(error.message()));
                }
            }
        }
        if let Some(message) = first_error {
            return Err(ConfigError::Environment { name, message });
        }
    }
    Ok(config)
}

fn is_ours((name, _): &(String, String)) -> bool {
    name.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.contains("__"))
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
