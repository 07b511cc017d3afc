//! An agent that was recognised, and which release it fits.

use super::kind::AgentKind;
use super::name::{is_glob, release_folder};
use crate::estate::glob::Glob;
use crate::spark::release::{Releases, numbers, version_of_label};

/// An artifact that a pattern recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent<'a> {
    /// Which agent it is.
    pub kind: AgentKind,
    /// The artifact as the configuration names it.
    pub artifact: &'a str,
    /// The EMR release it was built for, where its name tells.
    pub release: Option<&'a str>,
    /// The binary version of Spark it was built for, where its name tells.
    pub spark: Option<&'a str>,
    /// The binary version of Scala it was built for, where its name tells.
    pub scala: Option<&'a str>,
    /// Its own version, where its name tells.
    pub version: Option<&'a str>,
    /// The labels of the releases that its pattern says it is good for.
    pub releases: &'a [Glob],
    /// The label of the first release that ships it, where EMR does.
    pub since: Option<&'a str>,
}

/// Whether an agent fits a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It was built for this release.
    Fits,
    /// It was built for another; the text says for which.
    Misfits(String),
    /// The data doesn't know the release; the text says so.
    Unknown(String),
}

impl<'a> Agent<'a> {
    /// The agent that a glob brings in from a folder which names the agent and the release.
    pub(super) fn in_folder(artifact: &'a str, name: &str) -> Option<Self> {
        let release = Some(artifact).filter(|_| is_glob(artifact) && is_glob(name))?;
        let release = release_folder(release)?;
        let kind = AgentKind::hinted(artifact).filter(|kind| kind.could_begin(name))?;
        Some(Self {
            kind,
            artifact,
            release: Some(release),
            spark: None,
            scala: None,
            version: None,
            releases: &[],
            since: None,
        })
    }
}

impl Agent<'_> {
    /// Whether it is tied to EMR releases rather than to a Spark.
    pub fn tells_release(&self) -> bool {
        self.release.is_some() || !self.releases.is_empty() || self.since.is_some()
    }

    /// Whether this agent fits the release of `label`.
    ///
    /// A name that tells an EMR release is held against the label itself, so it needs no matrix.
    pub fn fit(&self, label: &str, releases: &Releases) -> Fit {
        if let Some(release) = self.release {
            return if release == version_of_label(label) {
                Fit::Fits
            } else if is_glob(self.artifact) {
                Fit::Unknown(format!(
                    "Spark expands `{}`, whose folder names EMR {release}, and what it matches isn't read",
                    self.artifact
                ))
            } else {
                Fit::Misfits(format!("`{}` is built for EMR {release}", self.artifact))
            };
        }
        if let Some(since) = self.since {
            return self.fit_since(since, label);
        }
        if !self.releases.is_empty() {
            return if self.releases.iter().any(|glob| glob.matches(label)) {
                Fit::Fits
            } else {
                let releases: Vec<_> = self.releases.iter().map(Glob::as_str).collect();
                let releases = releases.join(", ");
                Fit::Misfits(format!("`{}` is good for {releases}", self.artifact))
            };
        }
        if self.spark.is_none() && self.scala.is_none() {
            return Fit::Unknown(format!("`{}` tells no release by its name", self.artifact));
        }
        let Some(release) = releases.find(label) else {
            return Fit::Unknown(format!(
                "`{}` can't be matched: the release table doesn't know `{label}`; add it as \
                 `[[release]]` or update Lineward",
                self.artifact
            ));
        };
        let spark = self.spark.filter(|&spark| spark != release.spark_minor());
        let scala = self.scala.filter(|&scala| scala != release.scala);
        match (spark, scala) {
            (None, None) => Fit::Fits,
            (Some(spark), _) => Fit::Misfits(format!(
                "`{}` is built for Spark {spark}, {label} runs Spark {}",
                self.artifact, release.spark
            )),
            (None, Some(scala)) => Fit::Misfits(format!(
                "`{}` is built for Scala {scala}, {label} runs Scala {}",
                self.artifact, release.scala
            )),
        }
    }

    /// Whether EMR ships it with this release. Of another line of releases it isn't known.
    fn fit_since(&self, since: &str, label: &str) -> Fit {
        let is_spark = |label: &str| label.starts_with("emr-spark-");
        match (numbers(label), numbers(since)) {
            (Some(now), Some(first)) if !is_spark(label) && now < first => Fit::Misfits(format!(
                "`{}` is there from {since}, not on {label}",
                self.artifact
            )),
            (Some(now), Some(first)) if !is_spark(label) && now.0 == first.0 => Fit::Fits,
            _ => Fit::Unknown(format!(
                "whether {label} has `{}`, which is there from {since}, is not known",
                self.artifact
            )),
        }
    }
}
