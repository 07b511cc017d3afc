//! Finding what a person means in a report: by fingerprint, rule, resource or team.

use std::path::PathBuf;

use clap::Args;
use lineward::report::{FindingRow, Report};
use lineward::store::Store;

use super::{Exit, Failure};

/// Where a report is taken from.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// The report, as JSON; without it the one that was saved last.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The configuration; `lineward.toml` in the working folder if it is there.
    #[arg(long, env = "LINEWARD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where reports are kept.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

impl Source {
    /// The report.
    pub(super) async fn read(&self) -> Result<Report, Failure> {
        let wrong = |place: &str, problem: &dyn std::fmt::Display| Failure {
            exit: Exit::Usage,
            message: format!("report `{place}`: {problem}"),
        };
        if let Some(path) = &self.report {
            let place = path.display().to_string();
            let text = std::fs::read(path).map_err(|error| wrong(&place, &error))?;
            return serde_json::from_slice(&text).map_err(|error| wrong(&place, &error));
        }
        let config = super::config(self.config.as_deref())?;
        let url = self.store.as_ref().unwrap_or(&config.store.url);
        let failure = |error| Failure::new(Exit::Failed, &error);
        let store = Store::open(url).await.map_err(failure)?;
        let none = || Failure {
            exit: Exit::Usage,
            message: format!(
                "no report is saved in `{url}`; run `lineward audit`, or name one with --report"
            ),
        };
        let name = store
            .last_report()
            .await
            .map_err(failure)?
            .ok_or_else(none)?;
        let bytes = store.get(&name).await.map_err(failure)?.ok_or_else(none)?;
        let place = store.locate(&name);
        serde_json::from_slice(&bytes).map_err(|error| wrong(&place, &error))
    }
}

/// The finding whose fingerprint begins so.
pub(super) fn by_fingerprint<'a>(
    report: &'a Report,
    start: &str,
) -> Result<&'a FindingRow, Failure> {
    let is_meant = |row: &&FindingRow| row.fingerprint.as_str().starts_with(start);
    let mut meant = report.findings.iter().filter(is_meant);
    let problem = match (meant.next(), meant.next()) {
        (Some(row), None) => return Ok(row),
        (Some(_), Some(_)) => {
            format!("several findings have a fingerprint that begins with `{start}`")
        }
        (None, _) => format!(
            "no finding of run {} has the fingerprint `{start}`; it may be resolved since",
            report.run.id
        ),
    };
    Err(Failure {
        exit: Exit::Usage,
        message: problem,
    })
}
