//! EMR releases: what Spark, Scala and Java each runs. The data is in `releases.toml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::spark::Provenance;

/// What one EMR release runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The label, such as `emr-7.1.0`.
    pub label: String,
    /// The version of Spark, such as `3.5.0`.
    pub spark: String,
    /// The binary version of Scala, such as `2.12`.
    pub scala: String,
    /// The default version of Java.
    #[serde(default)]
    pub java: String,
    /// Whether EMR Serverless lists it; some are of EMR on EC2 alone.
    #[serde(default = "yes")]
    pub serverless: bool,
    /// Where this was read.
    #[serde(default)]
    pub source: String,
}

fn yes() -> bool {
    true
}

impl Release {
    /// The binary version of Spark: `3.5` for 3.5.0.
    pub fn spark_minor(&self) -> &str {
        let mut dots = self.spark.match_indices('.').map(|(at, _)| at);
        let end = dots.nth(1).unwrap_or(self.spark.len());
        self.spark.get(..end).unwrap_or(&self.spark)
    }
}

/// The known releases by label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Releases(BTreeMap<String, Release>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseFile {
    data: Provenance,
    release: Vec<Release>,
}

impl ReleaseFile {
    fn read() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the text is compiled in, and a test reads it"
        )]
        toml::from_str(include_str!("releases.toml")).expect("`releases.toml` is well-formed")
    }
}

/// Where the releases of this build come from.
pub fn provenance() -> Provenance {
    ReleaseFile::read().data
}

impl Default for Releases {
    /// The releases of `releases.toml`.
    fn default() -> Self {
        let mut releases = Self(BTreeMap::new());
        releases.extend(ReleaseFile::read().release);
        releases
    }
}

impl Releases {
    /// All of them, by label, lower numbers first.
    pub fn all(&self) -> impl Iterator<Item = &Release> {
        let mut all: Vec<_> = self.0.values().collect();
        all.sort_by_key(|release| (numbers(&release.label), &release.label));
        all.into_iter()
    }

    /// The release of this label, if the data knows it.
    pub fn find(&self, label: &str) -> Option<&Release> {
        self.0.get(label)
    }
}

impl Extend<Release> for Releases {
    /// Adds releases; a label that is known already is replaced.
    fn extend<T: IntoIterator<Item = Release>>(&mut self, releases: T) {
        self.0.extend(
            releases
                .into_iter()
                .map(|release| (release.label.clone(), release)),
        );
    }
}

/// The version in a release label: `7.1.0` of `emr-7.1.0`, `8.0.0` of `emr-spark-8.0.0`.
pub fn version_of_label(label: &str) -> &str {
    label
        .strip_prefix("emr-spark-")
        .or_else(|| label.strip_prefix("emr-"))
        .unwrap_or(label)
}

/// How a release puts a job's `spark-defaults` and its application's together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layering {
    /// The job's replace the application's whole.
    Replaced,
    /// They are merged by key, and the job's win.
    Merged,
    /// It isn't known: the label is of no form that was documented.
    Unknown,
}

/// How the release of this label layers: replaced through emr-7.x and emr-spark-8.0, merged from
/// emr-spark-8.1.0.
///
/// Source: release notes of emr-spark-8.1.0 ("In emr-spark-8.0.0, the job or session configuration
/// replaces the application-level configuration entirely").
pub fn layering(label: &str) -> Layering {
    match (numbers(label), label.starts_with("emr-spark-")) {
        (Some((major, minor)), true) if (major, minor) >= (8, 1) => Layering::Merged,
        (Some((8, 0)), true) => Layering::Replaced,
        (Some((major, _)), false) if major <= 7 => Layering::Replaced,
        _ => Layering::Unknown,
    }
}

/// Major and minor number of a release label.
pub fn numbers(label: &str) -> Option<(u32, u32)> {
    let version = label.strip_prefix("emr-")?;
    let version = version.strip_prefix("spark-").unwrap_or(version);
    let mut parts = version.split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_knows_what_each_release_runs() {
        let releases = Releases::default();
        let spark_and_scala = |label| {
            let release = releases.find(label).unwrap();
            (release.spark_minor().to_owned(), release.scala.clone())
        };
        assert_eq!(spark_and_scala("emr-6.6.0"), ("3.2".into(), "2.12".into()));
        assert_eq!(spark_and_scala("emr-6.15.0"), ("3.4".into(), "2.12".into()));
        assert_eq!(spark_and_scala("emr-7.1.0"), ("3.5".into(), "2.12".into()));
        assert_eq!(
            spark_and_scala("emr-spark-8.1.0"),
            ("4.1".into(), "2.13".into())
        );
        assert_eq!(releases.find("emr-7.0.1"), None);
    }

    #[test]
    fn every_row_has_a_source_and_well_formed_versions() {
        for release in Releases::default().0.values() {
            assert!(!release.source.is_empty(), "{}", release.label);
            assert_eq!(release.spark.split('.').count(), 3, "{}", release.label);
            assert_eq!(release.scala.split('.').count(), 2, "{}", release.label);
        }
    }

    #[test]
    fn releases_are_listed_by_number() {
        let labels: Vec<_> = Releases::default()
            .all()
            .map(|release| release.label.clone())
            .collect();
        let place = |label: &str| labels.iter().position(|it| it == label);
        assert!(place("emr-6.9.0") < place("emr-6.10.0"));
    }

    #[test]
    fn only_emr_spark_8_1_and_later_merge() {
        for (label, expected) in [
            ("emr-6.6.0", Layering::Replaced),
            ("emr-7.14.0", Layering::Replaced),
            ("emr-spark-8.0-preview", Layering::Replaced),
            ("emr-spark-8.0.0", Layering::Replaced),
            ("emr-spark-8.1.0", Layering::Merged),
            ("emr-spark-9.0.0", Layering::Merged),
            ("emr-8.0.0", Layering::Unknown),
            ("latest", Layering::Unknown),
            ("emr-spark-x", Layering::Unknown),
        ] {
            assert_eq!(layering(label), expected, "{label}");
        }
    }

    #[test]
    fn a_label_is_stripped_to_its_version() {
        assert_eq!(version_of_label("emr-7.1.0"), "7.1.0");
        assert_eq!(version_of_label("emr-spark-8.0-preview"), "8.0-preview");
        assert_eq!(version_of_label("other"), "other");
    }
}
