//! The rows of a report as Athena and DuckDB read them: JSON Lines below `<table>/dt=<day>/run=<id>/`.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::{Value, json};

use crate::report::{FindingRow, Report};

/// The objects of a report: name and content. A table without rows has none.
pub fn objects(report: &Report) -> Vec<(String, Vec<u8>)> {
    let tables = [
        ("runs", rows(report, [run(report)])),
        (
            "findings",
            rows(report, report.findings.iter().map(finding)),
        ),
        ("applications", rows(report, &report.applications)),
        ("coverage", rows(report, &report.coverage.scopes)),
    ];
    let day = report.run.started_at.strftime("%Y-%m-%d");
    let filled = tables.into_iter().filter(|(_, rows)| !rows.is_empty());
    filled
        .map(|(table, rows)| {
            let name = format!("{table}/dt={day}/run={}/part-0.jsonl.gz", report.run.id);
            (name, compressed(&rows))
        })
        .collect()
}

/// The run in one flat row, for trends.
fn run(report: &Report) -> Value {
    let (run, summary) = (&report.run, &report.summary);
    let (accounts, findings) = (&report.coverage.accounts, &summary.findings);
    let lineage = &summary.lineage.organization.applications;
    json!({
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "version": run.version,
        "trigger": run.trigger,
        "complete": run.complete,
        "organization": report.organization.id,
        "accounts_total": accounts.total,
        "accounts_audited": accounts.audited,
        "accounts_skipped": accounts.skipped,
        "accounts_failed": accounts.failed,
        "applications": summary.applications,
        "new_applications": summary.new_applications,
        "job_runs": summary.job_runs,
        "sessions": summary.sessions,
        "roles": summary.roles,
        "findings_critical": findings.critical,
        "findings_high": findings.high,
        "findings_medium": findings.medium,
        "findings_low": findings.low,
        "findings_unknown": summary.unknown,
        "findings_exempt": summary.exempt,
        "findings_outside": summary.outside_selection,
        "applications_with_lineage": lineage.with,
        "applications_without_lineage": lineage.without,
        "applications_with_unknown_lineage": lineage.unknown,
    })
}

/// A finding without what is nested.
fn finding(row: &FindingRow) -> Value {
    json!({
        "fingerprint": row.fingerprint,
        "rule": row.rule,
        "severity": row.severity,
        "verdict": row.verdict,
        "status": row.status,
        "account": row.account,
        "region": row.region,
        "resource": row.resource,
        "team": row.team,
        "title": row.title,
        "evidence": row.evidence,
        "first_seen_at": row.first_seen_at,
        "last_seen_at": row.last_seen_at,
        "incident": row.incident.as_ref().map(|it| &it.dedup_key),
        "exempt_by": row.acceptance.as_ref().map(|it| &it.owner),
        "exempt_until": row.acceptance.as_ref().map(|it| it.expires),
    })
}

/// The rows, each with the run that it is of: not every reader takes that from the name of a folder.
fn rows(report: &Report, rows: impl IntoIterator<Item = impl Serialize>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Row<'a, T> {
        run_id: &'a str,
        #[serde(flatten)]
        row: T,
    }
    let mut text = Vec::new();
    for row in rows {
        let row = Row {
            run_id: &report.run.id,
            row,
        };
        // Neither a map with odd keys nor a failing writer is involved.
        if serde_json::to_writer(&mut text, &row).is_ok() {
            text.push(b'\n');
        }
    }
    text
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Memory takes all that is written.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}
