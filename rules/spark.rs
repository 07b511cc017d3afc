//! The effective Spark configuration: what Spark would be started with, and where each value comes from.
//!
//! EMR Serverless layers it: the application's `spark-defaults`; the job's or session's, which replace
//! them whole or are merged by key, as the release has it; then `sparkSubmitParameters`.
//! Sources: EMR Serverless User Guide, "Default application configuration", and the release notes of
//! emr-spark-8.1.0.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use crate::estate::{Application, Configuration};
use crate::spark::release::{Layering, layering};

pub mod agent;
mod classification;
mod origin;
mod provenance;
pub mod release;
pub mod submit;

pub use classification::{Classification, is_spark_defaults};
pub use origin::{Origin, Property, Starter};
pub use provenance::Provenance;
pub use submit::{Submit, SubmitError};

/// The class that makes Spark report its queries to Spline.
pub const SPLINE_LISTENER: &str =
    "za.co.absa.spline.harvester.listener.SplineQueryExecutionListener";

/// The key that lists query execution listeners.
pub const LISTENERS_KEY: &str = "spark.sql.queryExecutionListeners";

/// The key that lists listeners of Spark itself.
pub const EXTRA_LISTENERS_KEY: &str = "spark.extraListeners";

/// The key that lists JARs.
pub const JARS_KEY: &str = "spark.jars";

/// The key that lists Maven coordinates.
pub const PACKAGES_KEY: &str = "spark.jars.packages";

/// The keys of the driver's Java options, the one that wins last.
pub const JAVA_OPTIONS_KEYS: [&str; 2] = [
    "spark.driver.defaultJavaOptions",
    "spark.driver.extraJavaOptions",
];

/// The Spark properties in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective<'a> {
    properties: BTreeMap<&'a str, Property<'a>>,
    /// `spline.*` in the classification `core-site`, which Hadoop's configuration starts from.
    core_site: BTreeMap<&'a str, Property<'a>>,
    /// What Spark drops for want of the prefix `spark.`.
    dropped: Vec<&'a str>,
    /// The classifications of the application that are replaced whole.
    replaced: Vec<Classification>,
}

/// A value of a Spline key, and where the agent reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplineValue<'a> {
    /// The value.
    pub value: &'a str,
    /// The prefix of the key, or the key that holds the Java option.
    source: SplineSource<'a>,
    key: &'a str,
    is_trimmed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SplineSource<'a> {
    Property,
    CoreSite,
    JavaOption(&'a str),
}

impl fmt::Display for SplineValue<'_> {
    /// Where the value stands, for evidence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key;
        match self.source {
            SplineSource::Property if self.is_trimmed => {
                write!(f, "`{key}`, without the blanks around it,")
            }
            SplineSource::Property => write!(f, "`{key}`"),
            SplineSource::CoreSite => write!(f, "`{key}` of `core-site`"),
            SplineSource::JavaOption(options) => write!(f, "`-D{key}` in `{options}`"),
        }
    }
}

impl<'a> SplineValue<'a> {
    /// The key of `spark-defaults` that holds the value, where one does.
    pub fn property(&self) -> Option<&'a str> {
        match self.source {
            SplineSource::Property => Some(self.key),
            SplineSource::CoreSite => None,
            SplineSource::JavaOption(options) => Some(options),
        }
    }

    /// Whether it is a Java option among others.
    pub fn is_java_option(&self) -> bool {
        matches!(self.source, SplineSource::JavaOption(_))
    }
}

impl<'a> Effective<'a> {
    /// What a job of this application starts from: its `spark-defaults`.
    ///
    /// Spark drops keys without the prefix `spark.` ("Ignoring non-Spark config property").
    pub fn of_application(application: &'a Application) -> Self {
        let mut effective = Self::default();
        effective.lay(&application.runtime_configuration, Origin::Application);
        effective
    }

    /// What a job run or session starts from, on the release of its own `label`.
    ///
    /// A label of which it isn't known how it layers gives nothing.
    pub fn of_started(
        application: &'a Application,
        label: &str,
        starter: Starter,
        overrides: &'a [Configuration],
        submit: Option<&'a Submit>,
    ) -> Option<Self> {
        let overridden: Vec<_> = overrides.iter().filter_map(Classification::of).collect();
        let replaced = match layering(label) {
            _ if overridden.is_empty() => overridden,
            Layering::Replaced => overridden,
            Layering::Merged => Vec::new(),
            Layering::Unknown => return None,
        };
        let mut effective = Self {
            replaced,
            ..Self::default()
        };
        for configuration in &application.runtime_configuration {
            if !Classification::of(configuration).is_some_and(|it| effective.is_replaced(it)) {
                effective.lay(std::slice::from_ref(configuration), Origin::Application);
            }
        }
        effective.lay(overrides, Origin::Overrides(starter));
        for (key, value, option) in submit.into_iter().flat_map(Submit::properties) {
            effective.set(
                key,
                Property {
                    value,
                    origin: Origin::Submit(option),
                    is_trimmed: false,
                },
            );
        }
        Some(effective)
    }

    fn lay(&mut self, configurations: &'a [Configuration], origin: Origin<'a>) {
        for configuration in configurations {
            for (key, value) in &configuration.properties {
                let property = Property {
                    value,
                    origin,
                    is_trimmed: false,
                };
                match Classification::of(configuration) {
                    Some(Classification::SparkDefaults) => self.set(key, trimmed(property)),
                    Some(Classification::CoreSite) if key.starts_with("spline.") => {
                        self.core_site.insert(key, property);
                    }
                    Some(Classification::CoreSite) | None => {}
                }
            }
        }
    }

    fn set(&mut self, key: &'a str, property: Property<'a>) {
        if key.starts_with("spark.") {
            self.properties.insert(key, property);
        } else {
            self.dropped.push(key);
        }
    }

    /// A property in force.
    pub fn property(&self, key: &str) -> Option<Property<'a>> {
        self.properties.get(key).copied()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.property(key).map(|property| property.value)
    }

    /// The entries of a comma-separated list, without the blanks around them.
    pub fn list(&self, key: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        entries(self.get(key).unwrap_or_default())
    }

    /// What puts a JAR on the class path: `spark.jars`, then `spark.jars.packages`.
    pub fn artifacts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.list(JARS_KEY).chain(self.list(PACKAGES_KEY))
    }

    /// Whether a comma-separated list has this entry.
    pub fn lists(&self, key: &str, entry: &str) -> bool {
        self.list(key).any(|listed| listed == entry)
    }

    /// The value of a Spline key (`mode` for `spline.mode`) that wins.
    pub fn spline(&self, key: &str) -> Option<SplineValue<'a>> {
        self.spline_sources(key).next()
    }

    /// Every value of a Spline key, the one that wins first.
    ///
    /// The agent asks Hadoop's configuration, then Spark's, then Java's system properties
    /// (`StandardSplineConfigurationStack` of the agent).
    pub fn spline_sources(&self, key: &str) -> impl Iterator<Item = SplineValue<'a>> {
        let hadoop = self.prefixed("spark.hadoop.spline.", key);
        let spark = self.prefixed("spark.spline.", key);
        let core_site = self.core_site.iter().find_map(|(full, property)| {
            let of_key = full.strip_prefix("spline.") == Some(key);
            of_key.then_some(SplineValue {
                value: property.value,
                source: SplineSource::CoreSite,
                key: full,
                is_trimmed: false,
            })
        });
        let java = self.java_option(key);
        [hadoop.or(core_site), spark, java].into_iter().flatten()
    }

    fn prefixed(&self, prefix: &str, key: &str) -> Option<SplineValue<'a>> {
        let mut under = self.under(prefix);
        under.find_map(|(full, property)| {
            (full.strip_prefix(prefix) == Some(key)).then_some(SplineValue {
                value: property.value,
                source: SplineSource::Property,
                key: full,
                is_trimmed: property.is_trimmed,
            })
        })
    }

    /// `-Dspline.…` in the driver's Java options: the last one wins.
    fn java_option(&self, key: &str) -> Option<SplineValue<'a>> {
        let options = JAVA_OPTIONS_KEYS.iter().rev();
        options
            .filter_map(|&held_by| self.properties.get_key_value(held_by))
            .find_map(|(&held_by, property)| {
                let mut words = property.value.split_whitespace().rev();
                words.find_map(|word| {
                    let word = word.trim_matches(['"', '\'']);
                    let (full, value) = word.strip_prefix("-D")?.split_once('=')?;
                    (full.strip_prefix("spline.") == Some(key)).then_some(SplineValue {
                        value: value.trim_matches(['"', '\'']),
                        source: SplineSource::JavaOption(held_by),
                        key: full,
                        is_trimmed: false,
                    })
                })
            })
    }

    /// The properties whose key starts so, in order.
    pub fn under<'b>(
        &'b self,
        prefix: &'b str,
    ) -> impl Iterator<Item = (&'a str, Property<'a>)> + use<'a, 'b> {
        let from = self
            .properties
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        let of_prefix = from.take_while(move |(key, _)| key.starts_with(prefix));
        of_prefix.map(|(key, property)| (*key, *property))
    }

    /// Whether Spline's listener is registered.
    pub fn has_spline_listener(&self) -> bool {
        self.lists(LISTENERS_KEY, SPLINE_LISTENER)
    }

    /// The properties in force, by key.
    pub fn properties(&self) -> impl Iterator<Item = (&'a str, Property<'a>)> {
        self.properties_of(Classification::SparkDefaults)
    }

    /// What is in force of a classification, by key: of `core-site`, what is Spline's.
    pub fn properties_of(
        &self,
        of: Classification,
    ) -> impl Iterator<Item = (&'a str, Property<'a>)> {
        let properties = self.held(of).iter();
        properties.map(|(key, property)| (*key, *property))
    }

    /// The value of a key of a classification.
    pub fn value_of(&self, of: Classification, key: &str) -> Option<&'a str> {
        self.held(of).get(key).map(|property| property.value)
    }

    fn held(&self, of: Classification) -> &BTreeMap<&'a str, Property<'a>> {
        match of {
            Classification::SparkDefaults => &self.properties,
            Classification::CoreSite => &self.core_site,
        }
    }

    /// The keys that Spark drops for want of the prefix `spark.`, in the order they were given.
    pub fn dropped(&self) -> &[&'a str] {
        &self.dropped
    }

    /// Whether a classification of the application is replaced whole.
    pub fn is_replaced(&self, of: Classification) -> bool {
        self.replaced.contains(&of)
    }
}

/// A value of `spark-defaults` as Spark comes to see it: `spark-submit` reads them from a properties file, and
/// takes blanks and control characters from both ends, but for line breaks.
///
/// Source: `Utils.getPropertiesFromFile` and `Utils.trimExceptCRLF` of Apache Spark 3.5.
fn trimmed(property: Property<'_>) -> Property<'_> {
    let is_blank = |letter: char| letter <= ' ' && !matches!(letter, '\r' | '\n');
    let value = property.value.trim_matches(is_blank);
    Property {
        value,
        is_trimmed: value.len() < property.value.len(),
        ..property
    }
}

/// The entries of a comma-separated list, without the blanks around them.
pub fn entries(list: &str) -> impl Iterator<Item = &str> {
    let entries = list.split(',').map(str::trim);
    entries.filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(properties: &[(&str, &str)]) -> Application {
        Application {
            runtime_configuration: vec![
                Configuration::new("hive-site", &[("spark.jars", "not.jar")]),
                Configuration::new("spark-defaults", properties),
            ],
            ..Application::example()
        }
    }

    fn started<'a>(
        application: &'a Application,
        label: &str,
        overrides: &'a [Configuration],
        submit: &'a Submit,
    ) -> Effective<'a> {
        Effective::of_started(application, label, Starter::Job, overrides, Some(submit)).unwrap()
    }

    #[test]
    fn only_spark_keys_of_spark_defaults_count() {
        let application = application(&[("spline.mode", "DISABLED"), ("spark.a", "1")]);
        let spark = Effective::of_application(&application);
        let keys: Vec<_> = spark.properties().map(|(key, _)| key).collect();
        assert_eq!(keys, ["spark.a"]);
        assert_eq!(spark.dropped(), ["spline.mode"]);
        assert_eq!(spark.artifacts().count(), 0);
    }

    #[test]
    fn a_list_is_read_without_blanks_and_empty_entries() {
        let application = application(&[("spark.jars", " a.jar ,, b.jar,")]);
        let spark = Effective::of_application(&application);
        assert_eq!(spark.artifacts().collect::<Vec<_>>(), ["a.jar", "b.jar"]);
    }

    #[test]
    fn spline_keys_are_read_from_hadoop_then_spark_then_java() {
        let java = ("spark.driver.extraJavaOptions", "-Xmx1g -Dspline.mode=JAVA");
        let default_java = ("spark.driver.defaultJavaOptions", "-Dspline.mode=DEFAULT");
        let spark = ("spark.spline.mode", "SPARK");
        let hadoop = ("spark.hadoop.spline.mode", "HADOOP");
        let mode = |properties: &[(&str, &str)]| {
            let application = application(properties);
            let spark = Effective::of_application(&application);
            let value = spark.spline("mode").unwrap();
            format!("{value} is {}", value.value)
        };
        assert_eq!(
            mode(&[default_java]),
            "`-Dspline.mode` in `spark.driver.defaultJavaOptions` is DEFAULT"
        );
        assert_eq!(
            mode(&[default_java, java]),
            "`-Dspline.mode` in `spark.driver.extraJavaOptions` is JAVA"
        );
        assert_eq!(mode(&[java, spark]), "`spark.spline.mode` is SPARK");
        assert_eq!(
            mode(&[java, spark, hadoop]),
            "`spark.hadoop.spline.mode` is HADOOP"
        );
    }

    #[test]
    fn core_site_is_hadoop_too() {
        let mut application = application(&[("spark.spline.mode", "SPARK")]);
        let site = Configuration::new("core-site", &[("spline.mode", "SITE"), ("fs.x", "y")]);
        application.runtime_configuration.push(site);
        let spark = Effective::of_application(&application);
        assert_eq!(spark.spline("mode").unwrap().value, "SITE");
    }

    #[test]
    fn a_jobs_defaults_replace_the_applications_until_emr_spark_8_1() {
        let application = application(&[("spark.a", "1"), ("spark.b", "1")]);
        let overrides = [Configuration::new("spark-defaults", &[("spark.b", "2")])];
        let submit = Submit::default();
        for label in [
            "emr-6.6.0",
            "emr-7.14.0",
            "emr-spark-8.0.0",
            "emr-spark-8.0-preview",
        ] {
            let spark = started(&application, label, &overrides, &submit);
            assert_eq!(
                (
                    spark.get("spark.a"),
                    spark.is_replaced(Classification::SparkDefaults)
                ),
                (None, true),
                "{label}"
            );
        }
        let spark = started(&application, "emr-spark-8.1.0", &overrides, &submit);
        assert_eq!(spark.get("spark.a"), Some("1"));
        assert_eq!(
            spark.property("spark.b").unwrap().origin,
            Origin::Overrides(Starter::Job)
        );
        let unknown = Effective::of_started(&application, "x", Starter::Job, &overrides, None);
        assert_eq!(unknown, None);
        let untouched = Effective::of_started(&application, "x", Starter::Job, &[], None);
        assert_eq!(untouched.unwrap().get("spark.a"), Some("1"));
    }

    #[test]
    fn a_jobs_core_site_replaces_the_applications_alike() {
        let mut application = application(&[("spark.a", "1")]);
        let site = Configuration::new("core-site", &[("spline.mode", "SITE")]);
        application.runtime_configuration.push(site);
        let overrides = [Configuration::new("core-site", &[("fs.s3.a", "b")])];
        let submit = Submit::default();
        let mode = |label| {
            let spark = started(&application, label, &overrides, &submit);
            assert_eq!(spark.get("spark.a"), Some("1"));
            spark.spline("mode").map(|mode| mode.value)
        };
        assert_eq!(mode("emr-7.1.0"), None);
        assert_eq!(mode("emr-spark-8.1.0"), Some("SITE"));
        let unknown = Effective::of_started(&application, "x", Starter::Job, &overrides, None);
        assert_eq!(unknown, None);
        let hive = [Configuration::new("hive-site", &[])];
        let other = Effective::of_started(&application, "x", Starter::Job, &hive, None);
        assert!(other.is_some());
    }

    #[test]
    fn no_properties_at_all_remove_the_classification() {
        let application = application(&[("spark.a", "1")]);
        let overrides = [Configuration::new("spark-defaults", &[])];
        let submit = Submit::default();
        let spark = started(&application, "emr-7.1.0", &overrides, &submit);
        assert_eq!(spark.get("spark.a"), None);
    }

    #[test]
    fn submit_parameters_replace_single_keys_and_options_win() {
        let application = application(&[("spark.jars", "a.jar"), ("spark.b", "1")]);
        let submit = Submit::parse("--jars o.jar --conf spark.jars=c.jar --conf spark.b=2");
        let submit = submit.unwrap();
        let spark = started(&application, "emr-7.1.0", &[], &submit);
        assert_eq!(
            spark.property("spark.jars"),
            Some(Property {
                value: "o.jar",
                origin: Origin::Submit("--jars"),
                is_trimmed: false,
            })
        );
        assert_eq!(spark.get("spark.b"), Some("2"));
    }

    #[test]
    fn the_last_of_several_confs_wins() {
        let application = application(&[]);
        let submit = Submit::parse("--conf spark.jars=a.jar --conf spark.jars=b.jar").unwrap();
        let spark = started(&application, "emr-7.1.0", &[], &submit);
        assert_eq!(spark.get("spark.jars"), Some("b.jar"));
    }
}
