//! `lineward fix`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use lineward::report::plain;
use lineward::report::{FindingRow, Report};

use super::findings::{Source, by_fingerprint};
use super::{Exit, Failure, put};

/// The change that mends findings. What several findings have in common is printed once.
#[derive(Debug, Args)]
pub(super) struct Fix {
    /// Fingerprints, or their first digits.
    #[arg(required_unless_present_any = ["all", "team", "application"])]
    fingerprints: Vec<String>,
    /// Of all open findings.
    #[arg(long, conflicts_with_all = ["fingerprints", "team", "application"])]
    all: bool,
    /// Of the open findings of a team.
    #[arg(long, value_name = "NAME", conflicts_with = "fingerprints")]
    team: Option<String>,
    /// Of the open findings of an application, by name, id or ARN.
    #[arg(long, value_name = "NAME", conflicts_with = "fingerprints")]
    application: Option<String>,
    /// The language.
    #[arg(long = "as", value_enum, default_value_t = Language::AwsCli)]
    language: Language,
    #[command(flatten)]
    source: Source,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Commands for a POSIX shell.
    AwsCli,
    /// Terraform blocks.
    Terraform,
}

impl Fix {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let report = self.source.read().await?;
        let rows = if self.fingerprints.is_empty() {
            let rows = report.findings.iter();
            rows.filter(|row| row.status.is_open() && self.selects(row, &report))
                .collect()
        } else {
            let meant = self.fingerprints.iter();
            let rows = meant.map(|start| by_fingerprint(&report, start));
            rows.collect::<Result<Vec<_>, _>>()?
        };
        put(None, &changes(&rows, self.language))
    }

    fn selects(&self, row: &FindingRow, report: &Report) -> bool {
        let is_of_team = self
            .team
            .as_ref()
            .is_none_or(|team| row.team.as_ref() == Some(team));
        let is_of_application = self.application.as_ref().is_none_or(|name| {
            report.applications.iter().any(|application| {
                let names = [&application.name, &application.id];
                let is_meant = names.contains(&name) || application.arn.as_str() == name;
                is_meant && row.resource.is_within(&application.arn)
            })
        });
        is_of_team && is_of_application
    }
}

/// Each change once, below the findings that it mends.
fn changes(rows: &[&FindingRow], language: Language) -> String {
    let mut order = Vec::new();
    let mut by_change: BTreeMap<&str, Vec<&FindingRow>> = BTreeMap::new();
    let mut by_hand = Vec::new();
    for row in rows {
        let change = match language {
            Language::AwsCli => row.remediation.aws_cli.as_str(),
            Language::Terraform => row.remediation.terraform.as_str(),
        };
        if change.is_empty() {
            by_hand.push(*row);
            continue;
        }
        let mended = by_change.entry(change).or_default();
        if mended.is_empty() {
            order.push(change);
        }
        mended.push(row);
    }
    let told = |row: &FindingRow| {
        let (rule, resource) = (&row.rule, plain(row.resource.as_str()));
        format!("# {} {rule} on {resource}\n", row.fingerprint)
    };
    let mut text = String::new();
    for change in order {
        let mended = by_change.get(change).into_iter().flatten();
        text.extend(mended.map(|row| told(row)));
        text.push_str(change);
        text.push_str("\n\n");
    }
    for row in by_hand {
        text.push_str(&told(row));
        // Writing to a string can't fail.
        let _ = write!(
            text,
            "# no command mends it: `lineward explain {}` says what to do\n\n",
            row.fingerprint
        );
    }
    text
}
