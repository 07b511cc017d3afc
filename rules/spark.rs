//! The effective Spark configuration: what Spark would be started with, and where it comes from.

use std::collections::BTreeMap;

use crate::estate::Application;

/// The class that makes Spark report its queries to Spline.
pub const SPLINE_LISTENER: &str =
    "za.co.absa.spline.harvester.listener.SplineQueryExecutionListener";

/// The key that lists query execution listeners.
pub const LISTENERS_KEY: &str = "spark.sql.queryExecutionListeners";

/// The Spark properties in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Effective<'a> {
    /// What a job of this application starts from: its `spark-defaults`.
    ///
    /// Spark drops keys without the prefix `spark.` ("Ignoring non-Spark config property").
    pub fn of_application(application: &'a Application) -> Self {
        let defaults = application
            .runtime_configuration
            .iter()
            .filter(|configuration| configuration.classification == "spark-defaults");
        let properties = defaults.flat_map(|configuration| &configuration.properties);
        Self(
            properties
                .filter(|(key, _)| key.starts_with("spark."))
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect(),
        )
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).copied()
    }

    /// The entries of a comma-separated list, without the blanks around them.
    pub fn list(&self, key: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let entries = self.get(key).unwrap_or_default().split(',');
        entries.map(str::trim).filter(|entry| !entry.is_empty())
    }

    /// The value of a Spline key (`mode` for `spline.mode`) and the Spark key it comes from.
    ///
    /// The agent asks Hadoop's configuration before Spark's, so `spark.hadoop.spline.*` wins
    /// (`StandardSplineConfigurationStack` of the agent).
    pub fn spline(&self, key: &str) -> Option<(String, &'a str)> {
        ["spark.hadoop.spline.", "spark.spline."]
            .into_iter()
            .find_map(|prefix| {
                let key = format!("{prefix}{key}");
                self.get(&key).map(|value| (key, value))
            })
    }

    /// Whether Spline's listener is registered.
    pub fn has_spline_listener(&self) -> bool {
        self.list(LISTENERS_KEY)
            .any(|class| class == SPLINE_LISTENER)
    }

    /// The keys in force, in order.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.0.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Configuration;

    fn application(properties: &[(&str, &str)]) -> Application {
        Application {
            runtime_configuration: vec![
                Configuration::new("hive-site", &[("spark.jars", "not.jar")]),
                Configuration::new("spark-defaults", properties),
            ],
            ..Application::example()
        }
    }

    #[test]
    fn only_spark_keys_of_spark_defaults_count() {
        let application = application(&[("spline.mode", "DISABLED"), ("spark.a", "1")]);
        let spark = Effective::of_application(&application);
        assert_eq!(spark.keys().collect::<Vec<_>>(), ["spark.a"]);
        assert_eq!(spark.list("spark.jars").count(), 0);
    }

    #[test]
    fn a_list_is_read_without_blanks_and_empty_entries() {
        let application = application(&[("spark.jars", " a.jar ,, b.jar,")]);
        let spark = Effective::of_application(&application);
        assert_eq!(
            spark.list("spark.jars").collect::<Vec<_>>(),
            ["a.jar", "b.jar"]
        );
    }

    #[test]
    fn hadoop_outranks_spark_for_spline_keys() {
        let application = application(&[
            ("spark.spline.mode", "ENABLED"),
            ("spark.hadoop.spline.mode", "DISABLED"),
        ]);
        let spark = Effective::of_application(&application);
        assert_eq!(
            spark.spline("mode"),
            Some(("spark.hadoop.spline.mode".into(), "DISABLED"))
        );
    }
}
