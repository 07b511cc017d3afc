//! Spline's dispatchers: what each needs, and where it sends lineage.
//!
//! Source: `spline.default.yaml` and the dispatchers' classes of AbsaOSS/spline-spark-agent.

use crate::spark::Effective;

/// How deep `composite` and `fallback` may stand in each other.
const DEEPEST: usize = 4;

/// A dispatcher that has all it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispatcher<'a> {
    /// Its name.
    pub name: &'a str,
    /// The class of an organization's own dispatcher.
    pub class: Option<&'a str>,
    /// Where it sends lineage, where its configuration says so.
    pub destination: Option<&'a str>,
}

impl<'a> Dispatcher<'a> {
    /// The dispatchers that the one of this name comes to, or what it lacks.
    pub fn named(spark: &Effective<'a>, name: &'a str) -> Result<Vec<Self>, Lack<'a>> {
        dispatcher(spark, name, 0)
    }

    /// The keys that one of the agent's own needs, behind `lineageDispatcher.<name>.`; by the last it is
    /// told where it sends lineage. Those that are made of others are left out.
    pub fn needs(name: &str) -> Option<&'static [&'static str]> {
        match name {
            "http" => Some(&["producer.url"]),
            "kafka" => Some(&["topic", "producer.bootstrap.servers"]),
            "httpOpenLineage" => Some(&["api.url"]),
            "console" | "logging" | "hdfs" => Some(&[]),
            _ => None,
        }
    }
}

/// What a dispatcher lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack<'a> {
    /// A key, without its prefix (`lineageDispatcher.http.producer.url`).
    Key(String),
    /// The name is none of the agent's own, and no class is given for it.
    Class(&'a str),
    /// It stands within itself.
    Endless(&'a str),
}

/// The dispatchers that lineage leaves by, or what the first that can't be made lacks.
///
/// From version 1.0.0 the agent makes the dispatchers of all its sources, and is off if one of them can't be
/// made (`AgentBOM` of 1.0.0 to 2.2.0: `refs.map(obtain)`).
pub fn dispatchers<'a>(spark: &Effective<'a>) -> Result<Vec<Dispatcher<'a>>, Lack<'a>> {
    named(spark, usize::MAX)
}

/// The same of an agent before 1.0.0, which takes the source that wins alone.
pub(super) fn first_dispatchers<'a>(
    spark: &Effective<'a>,
) -> Result<Vec<Dispatcher<'a>>, Lack<'a>> {
    named(spark, 1)
}

fn named<'a>(spark: &Effective<'a>, most: usize) -> Result<Vec<Dispatcher<'a>>, Lack<'a>> {
    let sources = spark.spline_sources("lineageDispatcher");
    let mut names: Vec<_> = sources.map(|source| source.value).take(most).collect();
    if names.is_empty() {
        names.push("http");
    }
    let mut found = Vec::new();
    for name in names {
        found.extend(dispatcher(spark, name, 0)?);
    }
    Ok(found)
}

fn dispatcher<'a>(
    spark: &Effective<'a>,
    name: &'a str,
    depth: usize,
) -> Result<Vec<Dispatcher<'a>>, Lack<'a>> {
    let set = |key: &str| {
        let value = spark.spline(key).map(|found| found.value);
        value.filter(|value| !value.is_empty())
    };
    let value = |key: &str| {
        let key = format!("lineageDispatcher.{name}.{key}");
        set(&key).ok_or(Lack::Key(key))
    };
    let to = |class, destination| {
        Ok(vec![Dispatcher {
            name,
            class,
            destination,
        }])
    };
    if depth > DEEPEST {
        return Err(Lack::Endless(name));
    }
    if let Ok(class) = value("className") {
        return to(Some(class), None);
    }
    match name {
        "composite" => {
            let key = "dispatchers";
            let mut parts = Vec::new();
            for name in crate::spark::entries(value(key)?) {
                parts.extend(dispatcher(spark, name, depth + 1)?);
            }
            let lack = || Lack::Key(format!("lineageDispatcher.{name}.{key}"));
            (!parts.is_empty()).then_some(parts).ok_or_else(lack)
        }
        "fallback" => {
            let primary = dispatcher(spark, value("primaryDispatcher")?, depth + 1);
            let second = dispatcher(spark, value("fallbackDispatcher")?, depth + 1);
            Ok([primary?, second?].concat())
        }
        _ => {
            let keys = Dispatcher::needs(name).ok_or(Lack::Class(name))?;
            let values: Result<Vec<_>, _> = keys.iter().map(|key| value(key)).collect();
            let legacy = set("producer.url").filter(|_| name == "http");
            match (values, legacy) {
                (Ok(values), _) => to(None, values.last().copied()),
                (Err(_), Some(url)) => to(None, Some(url)),
                (Err(lack), None) => Err(lack),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, Configuration};

    fn told(properties: &[(&str, &str)]) -> String {
        let properties: Vec<_> = properties
            .iter()
            .map(|(key, value)| (format!("spark.spline.{key}"), *value))
            .collect();
        let properties: Vec<_> = properties
            .iter()
            .map(|(key, value)| (key.as_str(), *value))
            .collect();
        let application = Application {
            runtime_configuration: vec![Configuration::new("spark-defaults", &properties)],
            ..Application::example()
        };
        match dispatchers(&Effective::of_application(&application)) {
            Ok(found) => {
                let told = found.iter().map(|it| {
                    let to = it.destination.or(it.class).unwrap_or("-");
                    format!("{}:{to}", it.name)
                });
                told.collect::<Vec<_>>().join(" ")
            }
            Err(lack) => format!("{lack:?}"),
        }
    }

    #[test]
    fn each_dispatcher_needs_its_own_keys() {
        let url = ("lineageDispatcher.http.producer.url", "https://x");
        assert_eq!(told(&[]), r#"Key("lineageDispatcher.http.producer.url")"#);
        assert_eq!(told(&[url]), "http:https://x");
        assert_eq!(told(&[("producer.url", "https://old")]), "http:https://old");
        let empty = told(&[("producer.url", "")]);
        assert_eq!(empty, r#"Key("lineageDispatcher.http.producer.url")"#);
        let kafka = ("lineageDispatcher", "kafka");
        let topic = ("lineageDispatcher.kafka.topic", "t");
        let servers = (
            "lineageDispatcher.kafka.producer.bootstrap.servers",
            "b:9092",
        );
        assert_eq!(told(&[kafka]), r#"Key("lineageDispatcher.kafka.topic")"#);
        assert_eq!(told(&[kafka, topic, servers]), "kafka:b:9092");
        let strange = ("lineageDispatcher", "console,file");
        assert_eq!(told(&[strange]), r#"Class("console,file")"#);
        let own = ("lineageDispatcher", "own");
        let class = ("lineageDispatcher.own.className", "com.x.Own");
        assert_eq!(told(&[own, class]), "own:com.x.Own");
        assert_eq!(told(&[("lineageDispatcher", "console")]), "console:-");
    }

    #[test]
    fn the_dispatchers_of_all_sources_are_made() {
        let url = (
            "spark.spline.lineageDispatcher.http.producer.url",
            "https://x",
        );
        let hadoop = ("spark.hadoop.spline.lineageDispatcher", "kafka");
        let spark = ("spark.spline.lineageDispatcher", "http");
        let application = Application {
            runtime_configuration: vec![
                Configuration::new("spark-defaults", &[url, hadoop, spark]),
                // Hadoop's configuration is one source, and its property wins.
                Configuration::new("core-site", &[("spline.lineageDispatcher", "strange")]),
            ],
            ..Application::example()
        };
        let found = dispatchers(&Effective::of_application(&application));
        assert_eq!(
            found,
            Err(Lack::Key("lineageDispatcher.kafka.topic".into()))
        );
    }

    #[test]
    fn composite_and_fallback_need_what_they_are_made_of() {
        let composite = ("lineageDispatcher", "composite");
        let parts = ("lineageDispatcher.composite.dispatchers", "console, http");
        let url = ("lineageDispatcher.http.producer.url", "https://x");
        assert!(told(&[composite, parts]).contains("http.producer.url"));
        assert_eq!(told(&[composite, parts, url]), "console:- http:https://x");
        let itself = ("lineageDispatcher.composite.dispatchers", "composite");
        assert_eq!(told(&[composite, itself]), r#"Endless("composite")"#);
        let none = ("lineageDispatcher.composite.dispatchers", ",");
        assert_eq!(
            told(&[composite, none]),
            r#"Key("lineageDispatcher.composite.dispatchers")"#
        );
        let fallback = ("lineageDispatcher", "fallback");
        let first = ("lineageDispatcher.fallback.primaryDispatcher", "http");
        assert!(told(&[fallback, first, url]).contains("fallbackDispatcher"));
    }
}
