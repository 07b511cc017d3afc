//! The report for people, on a terminal.

use std::fmt::Write as _;

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};
use lineward_rules::estate::{ExcludedRoles, ScopeState};
use lineward_rules::finding::Failing;
use lineward_rules::lineage::adoption::{Adoption, Share};
use lineward_rules::{Arn, RuleId, Severity, Status};

use super::{ExemptionRow, ExemptionState, FindingRow, LineageSummary, Report, plain};

/// The width where no terminal tells one: wide enough to search with `grep`.
const WIDTH: u16 = 160;

/// A headline, the findings, and what could not be read.
pub(super) fn render(report: &Report, width: Option<u16>, color: bool) -> String {
    let mut text = headline(report);
    let width = width.unwrap_or(WIDTH);
    if !report.findings.is_empty() {
        let _ = writeln!(text, "\n{}", findings(report, width, color).trim_fmt());
    }
    if report.summary.lineage.teams.len() > 1 {
        let teams = teams(&report.summary.lineage, width);
        let _ = writeln!(text, "\nLineage by team:\n{}", teams.trim_fmt());
    }
    let exemptions = exemptions(report);
    if !exemptions.is_empty() {
        let _ = writeln!(text, "\nExemptions to look at:\n{}", exemptions.join("\n"));
    }
    if !report.coverage.scopes.is_empty() {
        let _ = writeln!(text, "\nNot audited:\n{}", scopes(report, width).trim_fmt());
    }
    text
}

fn headline(report: &Report) -> String {
    let (summary, accounts) = (&report.summary, &report.coverage.accounts);
    let compliant = report
        .applications
        .iter()
        .filter(|application| application.compliant)
        .count();
    let counts = &summary.findings;
    let mut text = format!(
        "{} applications ({} new), {compliant} compliant; {} job runs, {} sessions, {} roles{}\n\
         {} accounts: {} audited, {} skipped, {} failed\n\
         lineage: {}\n\
         findings: {} critical, {} high, {} medium, {} low; {} unknown, {} exempt\n",
        summary.applications,
        summary.new_applications,
        summary.job_runs,
        summary.sessions,
        summary.roles,
        left_out(&summary.roles_excluded),
        accounts.total,
        accounts.audited,
        accounts.skipped,
        accounts.failed,
        lineage(&summary.lineage),
        counts.critical,
        counts.high,
        counts.medium,
        counts.low,
        summary.unknown,
        summary.exempt,
    );
    if summary.outside_selection > 0 {
        let _ = writeln!(
            text,
            "left out: {} known findings beyond what was asked for",
            summary.outside_selection
        );
    }
    if summary.not_judged > 0 {
        let _ = writeln!(
            text,
            "not judged: {} of rules that are switched off",
            summary.not_judged
        );
    }
    if !report.run.complete {
        text.push_str("INCOMPLETE: not everything could be read, see below\n");
    }
    text
}

/// The exemptions that are over, that match nothing, or that say nothing clear, a line each.
fn exemptions(report: &Report) -> Vec<String> {
    let line = |row: &ExemptionRow| {
        let rule = row.rule.as_ref().map_or("", RuleId::as_str);
        let what = format!("{} {rule}", plain(&row.resource));
        match (row.state, &row.acceptance, &row.problem) {
            (ExemptionState::Ignored, _, problem) => {
                let problem = problem.as_deref().unwrap_or_default();
                Some(format!("ignored: {what}: {}", plain(problem)))
            }
            (ExemptionState::Expired, Some(by), _) => Some(format!(
                "expired {}: {what} of {}",
                by.expires,
                plain(&by.owner)
            )),
            (ExemptionState::Unmatched, Some(by), _) => {
                Some(format!("matches nothing: {what} of {}", plain(&by.owner)))
            }
            (
                ExemptionState::Active | ExemptionState::Unmatched | ExemptionState::Expired,
                _,
                _,
            ) => None,
        }
    };
    report.exemptions.iter().filter_map(line).collect()
}

/// The roles that aren't judged: ` (3 service-linked, 2 of Identity Center and 5 out of scope left out)`.
fn left_out(roles: &ExcludedRoles) -> String {
    let counts = [
        (roles.service_linked, "service-linked"),
        (roles.identity_center, "of Identity Center"),
        (roles.out_of_scope, "out of scope"),
    ];
    let parts: Vec<_> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    match parts.split_last() {
        None => String::new(),
        Some((only, [])) => format!(" ({only} left out)"),
        Some((last, others)) => format!(" ({} and {last} left out)", others.join(", ")),
    }
}

/// How much reports its lineage: `80 % of 40 applications (32 with, 6 without, 2 unknown), …`.
fn lineage(summary: &LineageSummary) -> String {
    let of = |share: Share, what: &str| {
        let all = share.with + share.without + share.unknown;
        let Some(percent) = share.percent else {
            return format!("no {what}");
        };
        format!(
            "{percent} % of {all} {what} ({} with, {} without, {} unknown)",
            share.with, share.without, share.unknown
        )
    };
    let Adoption {
        applications,
        job_runs,
    } = summary.organization;
    let applications = of(applications, "Spark applications");
    format!("{applications}, {}", of(job_runs, "Spark job runs"))
}

fn teams(summary: &LineageSummary, width: u16) -> Table {
    let mut table = table(width);
    table.set_header(["team", "applications", "job runs"]);
    let of = |share: Share| {
        let all = share.with + share.without + share.unknown;
        let percent = share.percent;
        percent.map_or_else(String::new, |percent| format!("{percent} % of {all}"))
    };
    for row in &summary.teams {
        let team = row.team.as_deref().unwrap_or("no team");
        table.add_row([
            Cell::new(plain(team)),
            Cell::new(of(row.adoption.applications)),
            Cell::new(of(row.adoption.job_runs)),
        ]);
    }
    table
}

fn findings(report: &Report, width: u16, color: bool) -> Table {
    let names = report.application_names();
    let mut table = table(width);
    if color {
        table.enforce_styling();
    }
    table.set_header(["severity", "rule", "account", "resource", "evidence"]);
    let rows = report.findings.iter();
    for finding in rows.filter(|row| row.status != Status::NotJudged) {
        let application = finding.resource.application();
        let name = application.and_then(|arn| names.get(&arn).copied());
        let team = plain(finding.team.as_deref().unwrap_or("no team"));
        table.add_row([
            severity(finding, color),
            Cell::new(format!("{}\n{team}", finding.rule)),
            Cell::new(format!(
                "{}\n{}",
                finding.account,
                plain(finding.region.as_str())
            )),
            Cell::new(resource(&finding.resource, name)),
            Cell::new(plain(&finding.evidence)),
        ]);
    }
    table
}

/// The severity, with a question mark where the verdict is unknown, and the status below it.
fn severity(finding: &FindingRow, color: bool) -> Cell {
    let mark = match finding.verdict {
        Failing::Fail => "",
        Failing::Unknown => "?",
    };
    let cell = Cell::new(format!(
        "{}{mark}\n{}",
        finding.severity,
        finding.status.as_str()
    ));
    if !color {
        return cell;
    }
    match (finding.status, finding.severity) {
        (Status::Resolved, _) => cell.fg(Color::Green),
        (Status::Unseen | Status::Exempt | Status::NotJudged | Status::Gone, _)
        | (_, Severity::Low) => cell,
        (_, Severity::Critical) => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        (_, Severity::High) => cell.fg(Color::Red),
        (_, Severity::Medium) => cell.fg(Color::Yellow),
    }
}

/// An application by its name and id, anything else by what follows the account in its ARN.
fn resource(arn: &Arn, name: Option<&str>) -> String {
    let rest = arn.as_str().splitn(6, ':').nth(5).unwrap_or(arn.as_str());
    let short = plain(rest.trim_start_matches('/'));
    name.map_or_else(
        || short.to_string(),
        |name| format!("{}\n{short}", plain(name)),
    )
}

fn scopes(report: &Report, width: u16) -> Table {
    let mut table = table(width);
    table.set_header(["outcome", "account", "region", "service", "code", "reason"]);
    for scope in &report.coverage.scopes {
        let outcome = match scope.outcome {
            ScopeState::Audited => "audited",
            ScopeState::Skipped => "skipped",
            ScopeState::Failed => "failed",
        };
        table.add_row([
            Cell::new(outcome),
            Cell::new(&scope.account),
            Cell::new(plain(scope.region.as_str())),
            Cell::new(&scope.service),
            Cell::new(plain(&scope.code)),
            Cell::new(plain(&scope.reason)),
        ]);
    }
    table
}

fn table(width: u16) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    table
}

#[cfg(test)]
mod tests {
    use lineward_rules::estate::{AccountId, Region};

    use super::super::ScopeRow;
    use super::super::tests::{finding, report};
    use super::*;

    #[test]
    fn a_table_says_what_where_and_why() {
        let arn = "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1";
        let mut report = report(vec![finding("spline-disabled", arn)]);
        report.run.complete = false;
        report.coverage.scopes = vec![ScopeRow {
            account: AccountId::from("444455556666"),
            region: Region::global(),
            service: "sts".into(),
            outcome: ScopeState::Failed,
            code: "AccessDenied".into(),
            reason: "AssumeRole: not authorized".into(),
        }];
        insta::assert_snapshot!(render(&report, Some(110), false), @r"
        1 applications (0 new), 0 compliant; 0 job runs, 0 sessions, 0 roles
        0 accounts: 0 audited, 0 skipped, 0 failed
        lineage: no Spark applications, no Spark job runs
        findings: 0 critical, 1 high, 0 medium, 0 low; 0 unknown, 0 exempt
        INCOMPLETE: not everything could be read, see below

        ───────────────────────────────────────────────────────────────────────────────────────────────────
         severity   rule              account        resource            evidence
        ═══════════════════════════════════════════════════════════════════════════════════════════════════
         high       spline-disabled   111122223333   ads-attribution     `spark.spline.mode` is `DISABLED`
         new        ads               eu-west-1      applications/00f1
        ───────────────────────────────────────────────────────────────────────────────────────────────────

        Not audited:
        ───────────────────────────────────────────────────────────────────────────────────────
         outcome   account        region   service   code           reason
        ═══════════════════════════════════════════════════════════════════════════════════════
         failed    444455556666   global   sts       AccessDenied   AssumeRole: not authorized
        ───────────────────────────────────────────────────────────────────────────────────────
        ");
    }

    #[test]
    fn roles_that_are_left_out_are_told_where_there_are_any() {
        let told = |[service_linked, identity_center, out_of_scope]: [usize; 3]| {
            left_out(&ExcludedRoles {
                service_linked,
                identity_center,
                out_of_scope,
            })
        };
        assert_eq!(told([0, 0, 0]), "");
        assert_eq!(told([0, 0, 5]), " (5 out of scope left out)");
        assert_eq!(
            told([3, 2, 5]),
            " (3 service-linked, 2 of Identity Center and 5 out of scope left out)"
        );
    }

    #[test]
    fn colours_are_shown_only_where_they_are_wanted() {
        let report = report(vec![finding("spline-disabled", "arn:aws:iam::1:root")]);
        assert!(render(&report, None, true).contains('\u{1b}'));
        assert!(!render(&report, None, false).contains('\u{1b}'));
    }
}
