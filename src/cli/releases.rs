//! `lineward releases`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use lineward::audit::AuditError;
use lineward::report::Report;
use lineward::snapshot::Reader;
use lineward::store::Store;
use lineward_rules::spark::release::{Releases, provenance};

use super::{Exit, Failure, put};

/// The EMR releases that this build knows, and what Spark each runs.
#[derive(Debug, Args)]
pub(super) struct ReleaseList {
    /// The configuration, whose `[[release]]` are added.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Say instead which labels of an estate are not known: of a snapshot of `lineward collect`, of a report of
    /// `lineward audit --format json`, or, without FILE, of the last report in the store. Any gives exit code 1.
    #[expect(clippy::option_option, reason = "so clap tells a flag without a value")]
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    check: Option<Option<PathBuf>>,
    /// Where that report is kept.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

impl ReleaseList {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let config = super::config(self.config.as_deref())?;
        let policy = config.policy();
        let mut unknown = match &self.check {
            None => return put(None, &list(&policy.releases)),
            Some(Some(path)) => labels(path)?,
            Some(None) => {
                let url = self.store.as_ref().unwrap_or(&config.store.url);
                last_labels(url).await?
            }
        };
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
    let mut text = format!("# read on {}\n", provenance().read_on);
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

/// The release labels of the last report in a store.
async fn last_labels(url: &str) -> Result<BTreeSet<String>, Failure> {
    let failure = |error| super::audit_failure(&AuditError::Store(error));
    let store = Store::open(url).await.map_err(failure)?;
    let wrong = |message: String| Failure {
        exit: Exit::Usage,
        message,
    };
    let name = store.last_report().await.map_err(failure)?;
    let name = name.ok_or_else(|| wrong(format!("there is no report in `{url}`")))?;
    let text = store.get(&name).await.map_err(failure)?;
    let report: Report = serde_json::from_slice(&text.unwrap_or_default())
        .map_err(|error| wrong(format!("report `{}`: {error}", store.locate(&name))))?;
    Ok(labels_of(report))
}

fn labels_of(report: Report) -> BTreeSet<String> {
    let rows = report.applications.into_iter();
    rows.map(|row| row.release_label).collect()
}

/// The release labels of a report, or of a snapshot with those of its job runs and sessions.
fn labels(path: &Path) -> Result<BTreeSet<String>, Failure> {
    let text = std::fs::read(path).unwrap_or_default();
    if let Ok(report) = serde_json::from_slice::<Report>(&text) {
        return Ok(labels_of(report));
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
