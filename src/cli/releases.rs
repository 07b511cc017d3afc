//! `lineward releases`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use lineward::report::Report;
use lineward::snapshot::Reader;
use lineward_rules::spark::release::{READ_ON, Releases};

use super::{Exit, Failure, put};

/// The EMR releases that this build knows, and what Spark each runs.
#[derive(Debug, Args)]
pub(super) struct ReleaseList {
    /// The configuration, whose `[[release]]` are added.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Say instead which labels of an estate are not known: of a snapshot of `lineward collect`, or of a report
    /// of `lineward audit --format json`. Any gives exit code 1.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

impl ReleaseList {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let policy = super::config(self.config.as_deref())?.policy();
        let Some(path) = &self.check else {
            return put(None, &list(&policy.releases));
        };
        let mut unknown = labels(path)?;
        unknown.retain(|label| policy.releases.find(label).is_none());
        let lines = unknown.iter().map(|label| format!("{label}\n"));
        put(None, &lines.collect::<String>())?;
        Ok(if unknown.is_empty() {
            Exit::Clean
        } else {
            Exit::Findings
        })
    }
}

fn list(releases: &Releases) -> String {
    let width = releases.all().map(|it| it.label.len()).max();
    let width = width.unwrap_or_default();
    let mut text = format!("# read on {READ_ON}\n");
    for release in releases.all() {
        let (label, spark, scala) = (&release.label, &release.spark, &release.scala);
        let ec2 = if release.serverless {
            ""
        } else {
            "  EMR on EC2 alone"
        };
        // Writing to a string can't fail.
        let _ = writeln!(text, "{label:width$}  Spark {spark}  Scala {scala}{ec2}");
    }
    text
}

/// The release labels of a report, or of a snapshot with those of its job runs and sessions.
fn labels(path: &Path) -> Result<BTreeSet<String>, Failure> {
    let text = std::fs::read(path).unwrap_or_default();
    if let Ok(report) = serde_json::from_slice::<Report>(&text) {
        let rows = report.applications.into_iter();
        return Ok(rows.map(|row| row.release_label).collect());
    }
    let failure = |error| Failure::new(Exit::Usage, &error);
    let (_, slices) = Reader::open(path).map_err(failure)?;
    let mut labels = BTreeSet::new();
    for slice in slices {
        let slice = slice.map_err(failure)?;
        labels.extend(slice.applications.into_iter().map(|it| it.release_label));
        labels.extend(slice.job_runs.into_iter().map(|it| it.release_label));
        labels.extend(slice.sessions.into_iter().map(|it| it.release_label));
    }
    Ok(labels)
}
