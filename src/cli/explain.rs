//! `lineward explain`.

use std::fmt::Write as _;

use clap::Args;
use lineward::config::nearest;
use lineward::report::plain;
use lineward::report::{FindingRow, Report};
use lineward_rules::catalogue::{find, page, rules};

use super::findings::{Source, by_fingerprint};
use super::{Exit, Failure, put};

/// What was seen, why it matters, since when, what to type and how to check it.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A rule's id, or the fingerprint of a finding or its first digits.
    what: String,
    /// Of a rule, the finding on this resource: an ARN, or an application's name or id.
    resource: Option<String>,
    #[command(flatten)]
    source: Source,
}

impl Explain {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let Some(rule) = find(&self.what) else {
            if !is_fingerprint(&self.what) {
                return Err(self.unknown());
            }
            let report = self.source.read().await?;
            let row = by_fingerprint(&report, &self.what)?;
            return put(None, &explained(row, &report));
        };
        let Some(resource) = &self.resource else {
            return put(None, &page::page(rule));
        };
        let report = self.source.read().await?;
        let rows = report.findings.iter();
        let rows = rows.filter(|row| row.rule.as_str() == rule.id && is_on(row, resource, &report));
        let told: Vec<_> = rows.map(|row| explained(row, &report)).collect();
        if told.is_empty() {
            return Err(Failure {
                exit: Exit::Usage,
                message: format!(
                    "run {} has no finding of `{}` on `{resource}`",
                    report.run.id, rule.id
                ),
            });
        }
        put(None, &told.join("\n"))
    }

    fn unknown(&self) -> Failure {
        let near = nearest(&self.what, rules().map(|rule| rule.id));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Failure {
            exit: Exit::Usage,
            message: format!("`{}` is neither a rule nor a fingerprint{near}", self.what),
        }
    }
}

fn is_fingerprint(word: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (4..=16).contains(&word.len()) && word.bytes().all(is_digit)
}

fn is_on(row: &FindingRow, resource: &str, report: &Report) -> bool {
    let arn = row.resource.as_str();
    arn == resource
        || arn.ends_with(&format!("/{resource}"))
        || report.applications.iter().any(|application| {
            let is_meant = application.name == resource || application.id == resource;
            is_meant && row.resource.is_within(&application.arn)
        })
}

fn explained(row: &FindingRow, report: &Report) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{name:9} {}", plain(value));
    };
    let (severity, verdict) = (row.severity.as_str(), row.verdict.as_str());
    line("rule", &format!("{} ({severity}, {verdict})", row.rule));
    line("what", &row.title);
    line("seen", &row.evidence);
    line("resource", row.resource.as_str());
    line("account", row.account.as_str());
    line("region", row.region.as_str());
    line("team", row.team.as_deref().unwrap_or("none"));
    let since = row.first_seen_at;
    line("status", &format!("{}, since {since}", row.status.as_str()));
    line("run", &report.run.id);
    if let Some(incident) = &row.incident {
        line("incident", &incident.dedup_key);
    }
    if let Some(rule) = find(row.rule.as_str()) {
        let why = rule.page();
        let why = why.split("## Why it matters").nth(1);
        let why = why.and_then(|text| text.split("\n## ").next());
        if let Some(why) = why {
            let _ = write!(text, "\nWhy it matters\n{}\n", why.trim());
        }
    }
    let fix = &row.remediation.aws_cli;
    if fix.is_empty() {
        let _ = write!(
            text,
            "\nWhat to do\n`lineward rules show {}` says what mends it.\n",
            row.rule
        );
    } else {
        let _ = write!(text, "\nWhat to type\n{fix}\n");
    }
    let _ = write!(text, "\nHow to check\n{}\n", check(row));
    text
}

/// The command that audits only this.
fn check(row: &FindingRow) -> String {
    let mut command = format!("lineward audit --account {}", row.account);
    if let Some(application) = row.resource.application() {
        let id = application.as_str().rsplit('/').next().unwrap_or_default();
        // Writing to a string can't fail.
        let _ = write!(command, " --region {} --application {id}", row.region);
    }
    command
}
