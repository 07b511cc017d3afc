//! The public bundles of Spline's agent that exist. The data is in `agents.toml`.

use serde::Deserialize;

/// The public agent bundles that exist.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundles {
    bundle: Vec<Bundle>,
    /// Versions with a fault that is known.
    broken: Vec<Broken>,
}

/// A version of Spline's agent with a fault that is known.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Broken {
    /// The version.
    pub version: String,
    /// What goes wrong.
    pub fault: String,
    /// The first version without it, where that is known.
    #[serde(default)]
    pub mended: Option<String>,
    /// Where this was read.
    pub source: String,
}

/// The public bundles for one Spark and Scala.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The binary version of Spark.
    pub spark: String,
    /// The binary version of Scala.
    pub scala: String,
    /// The agent versions that were built for them, oldest first.
    pub versions: Vec<String>,
    /// Versions that were listed but not seen.
    #[serde(default)]
    pub likely: Vec<String>,
}

impl Bundle {
    /// The newest version that was seen, as a JAR's name.
    pub fn jar(&self) -> String {
        format!(
            "spark-{}-spline-agent-bundle_{}-{}.jar",
            self.spark,
            self.scala,
            self.newest()
        )
    }

    /// The newest version that was seen.
    pub fn newest(&self) -> &str {
        self.versions.last().map_or("<version>", String::as_str)
    }

    /// The first version that was published.
    pub fn first(&self) -> &str {
        self.versions.first().map_or("", String::as_str)
    }

    /// The last version that is listed, seen or not.
    pub fn last(&self) -> &str {
        self.likely.last().map_or(self.newest(), String::as_str)
    }

    /// Whether a version is listed, seen or not.
    pub fn lists(&self, version: &str) -> bool {
        let mut listed = self.versions.iter().chain(&self.likely);
        listed.any(|listed| listed == version)
    }
}

impl Default for Bundles {
    /// The bundles of `agents.toml`.
    fn default() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the text is compiled in, and a test reads it"
        )]
        toml::from_str(include_str!("../agents.toml")).expect("`agents.toml` is well-formed")
    }
}

impl Bundles {
    /// The bundles for this binary version of Spark and Scala, if there are any.
    pub fn find(&self, spark: &str, scala: &str) -> Option<&Bundle> {
        self.bundle
            .iter()
            .find(|bundle| bundle.spark == spark && bundle.scala == scala)
    }

    /// The known fault of a version, if there is one.
    pub fn broken(&self, version: &str) -> Option<&Broken> {
        self.broken.iter().find(|broken| broken.version == version)
    }
}

/// Whether a version is older than another: numbers part by part, and a text (`-SNAPSHOT`) before none.
pub fn is_older(version: &str, than: &str) -> bool {
    let parts = |version: &str| -> Vec<Part> {
        let parts = version.split(['.', '-', '+']);
        parts
            .map(|part| match part.parse() {
                Ok(number) => Part::Number(number),
                Err(_) => Part::Text(part.to_owned()),
            })
            .collect()
    };
    let (mut left, mut right) = (parts(version), parts(than));
    let length = left.len().max(right.len());
    left.resize(length, Part::End);
    right.resize(length, Part::End);
    left < right
}

/// A part of a version, in order of age: `2.0-RC1` comes before `2.0`, and `2.0` before `2.0.1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Text(String),
    End,
    Number(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_bundle_of_each_spark_is_known() {
        let bundles = Bundles::default();
        assert_eq!(
            bundles.find("3.5", "2.12").unwrap().jar(),
            "spark-3.5-spline-agent-bundle_2.12-2.2.3.jar"
        );
        assert_eq!(bundles.find("4.0", "2.13"), None);
    }

    #[test]
    fn versions_are_ordered_by_number() {
        assert!(is_older("0.7.9", "0.7.10") && is_older("2.2.0", "2.10.0"));
        assert!(is_older("2.2", "2.2.1") && !is_older("2.2.3", "2.2.3"));
        assert!(is_older("2.0.0-SNAPSHOT", "2.0.0") && !is_older("2.0.0", "2.0.0-SNAPSHOT"));
    }
}
