//! What the driver's environment tells `OpenLineage`.
//!
//! Source: `OpenLineageClientUtils.loadOpenLineageConfigFromEnvVars` and `DefaultConfigPathProvider` of
//! `OpenLineage`'s Java client.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::spark::Effective;
use crate::spark::agent::is_older;

/// The prefix of the properties that set the driver's environment.
pub(super) const DRIVER_ENV: &str = "spark.emr-serverless.driverEnv.";

/// The first version that reads its settings from the environment (pull request #3094).
const FIRST: &str = "1.23.0";

/// The settings that the environment gives, by the keys that stand for them: `transport.url` for
/// `OPENLINEAGE__TRANSPORT__URL`. Older agents read none.
pub(super) fn settings(spark: &Effective<'_>, version: Option<&str>) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    if version.is_some_and(|version| is_older(version, FIRST)) {
        return settings;
    }
    let prefix = format!("{DRIVER_ENV}OPENLINEAGE__");
    for (key, property) in spark.under(&prefix) {
        let name = key.get(prefix.len()..).unwrap_or_default();
        let parts: Vec<_> = name.split("__").map(camel).collect();
        add(&mut settings, &parts.join("."), property.value);
    }
    settings
}

/// Adds a setting; a value that is an object in JSON is taken apart.
fn add(settings: &mut BTreeMap<String, String>, key: &str, value: &str) {
    match serde_json::from_str(value) {
        Ok(Value::Object(fields)) => {
            for (name, field) in fields {
                let text = field
                    .as_str()
                    .map_or_else(|| field.to_string(), str::to_owned);
                add(settings, &format!("{key}.{name}"), &text);
            }
        }
        _ if value.trim().is_empty() => {}
        _ => drop(settings.insert(key.to_owned(), value.to_owned())),
    }
}

/// `bucketName` for `BUCKET_NAME`.
fn camel(part: &str) -> String {
    let mut name = String::new();
    for word in part.to_ascii_lowercase().split('_') {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if !name.is_empty() => name.push(first.to_ascii_uppercase()),
            Some(first) => name.push(first),
            None => {}
        }
        name.push_str(letters.as_str());
    }
    name
}

/// The property that names a file with settings, where one does.
pub(super) fn file(spark: &Effective<'_>) -> Option<String> {
    let key = format!("{DRIVER_ENV}OPENLINEAGE_CONFIG");
    spark.get(&key).filter(|path| !path.is_empty())?;
    Some(key)
}
