//! The report: what a run found, in the order and the words of the contract `lineward/report/1`.

mod json;
mod table;
mod text;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use lineward_rules::adoption::{Adoption, Share};
use lineward_rules::estate::{AccountId, Arn, ExcludedRoles, Region, ScopeState};
use lineward_rules::finding::{Failing, Remediation};
use lineward_rules::lineage::Standing;
use lineward_rules::{Fingerprint, RuleId, Severity, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::collect::Organization;

pub use text::plain;

/// The schema of a report; another number is another format.
pub const SCHEMA: &str = "lineward/report/1";

/// What a run found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The run.
    pub run: Run,
    /// The organization.
    pub organization: Organization,
    /// What was looked at and what could not be.
    pub coverage: Coverage,
    /// Numbers.
    pub summary: Summary,
    /// Every application, by ARN.
    pub applications: Vec<ApplicationRow>,
    /// Every finding: the worst first, then by account, resource and rule.
    pub findings: Vec<FindingRow>,
    /// Every exemption, of the configuration and of tags.
    #[serde(default)]
    pub exemptions: Vec<ExemptionRow>,
    /// What PagerDuty was told, once it was.
    #[serde(default)]
    pub notification: Option<Notification>,
}

/// The run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Unique among runs, and sorted by time.
    pub id: String,
    /// The version of Lineward.
    pub version: String,
    /// What started it.
    pub trigger: Trigger,
    /// When the walk began: the clock of every judgement.
    pub started_at: Timestamp,
    /// When the report was made.
    pub finished_at: Timestamp,
    /// Whether everything was read that was to be.
    pub complete: bool,
}

/// What started a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// A person or a pipeline.
    Cli,
    /// A schedule.
    Schedule,
    /// An event of the application.
    Event,
    /// Workers, whose shards were put together.
    FanOut,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Accounts by what came of them.
    pub accounts: AccountCounts,
    /// Every scope that was not simply audited.
    pub scopes: Vec<ScopeRow>,
}

/// Accounts by what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountCounts {
    /// All that were listed.
    pub total: usize,
    /// Those that were entered.
    pub audited: usize,
    /// Those that were left out for a reason that is no fault.
    pub skipped: usize,
    /// Those that could not be entered.
    pub failed: usize,
}

/// A scope that was not simply audited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeRow {
    /// The account.
    pub account: AccountId,
    /// The Region, or `global`.
    pub region: Region,
    /// The service.
    pub service: String,
    /// What came of it.
    pub outcome: ScopeState,
    /// The error code of its first gap, or a word for why it was skipped.
    pub code: String,
    /// The operation and the service's own message.
    pub reason: String,
}

/// Numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Applications that were seen.
    pub applications: usize,
    /// Those of them that no earlier run saw.
    pub new_applications: usize,
    /// Job runs that were read.
    pub job_runs: usize,
    /// Sessions that were read.
    pub sessions: usize,
    /// Roles that were read and are judged.
    pub roles: usize,
    /// Roles that were seen and are not judged.
    pub roles_excluded: ExcludedRoles,
    /// Open failures by severity.
    pub findings: SeverityCounts,
    /// Open findings whose verdict is unknown.
    pub unknown: usize,
    /// Findings that somebody accepted.
    pub exempt: usize,
    /// How much of the organization reports its lineage.
    pub lineage: LineageSummary,
}

/// How much reports its lineage, and what doesn't. Hive applications are counted apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineageSummary {
    /// All of the organization.
    pub organization: Adoption,
    /// Each team, by name; what names no team comes first.
    pub teams: Vec<TeamAdoption>,
    /// Each account.
    pub accounts: Vec<AccountAdoption>,
    /// Applications that are no Spark, and so out of scope.
    pub out_of_scope: usize,
    /// Every application and job that lacks lineage or of which it can't be told, by ARN and job.
    pub lacking: Vec<LackingRow>,
}

/// How much of a team's reports its lineage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamAdoption {
    /// The team that the application's tag names, or none.
    pub team: Option<String>,
    /// How much.
    pub adoption: Adoption,
}

/// How much of an account's reports its lineage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountAdoption {
    /// The account.
    pub account: AccountId,
    /// How much.
    pub adoption: Adoption,
}

/// An application or a job that is not known to report its lineage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LackingRow {
    /// The application.
    pub application: Arn,
    /// Its account.
    pub account: AccountId,
    /// Its team, where a tag names one.
    pub team: Option<String>,
    /// The job, or the application's defaults themselves.
    pub job: Option<String>,
    /// Of an application, what its defaults come to; of a job, the worst of its runs.
    pub lineage: Standing,
    /// Of a job, what its runs of the window came to.
    pub runs: Option<Share>,
}

/// Open failures by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeverityCounts {
    /// Critical ones.
    pub critical: usize,
    /// High ones.
    pub high: usize,
    /// Medium ones.
    pub medium: usize,
    /// Low ones.
    pub low: usize,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationRow {
    /// Its ARN.
    pub arn: Arn,
    /// Its account.
    pub account: AccountId,
    /// Its Region.
    pub region: Region,
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its EMR release.
    pub release_label: String,
    /// Its team, where a tag names one.
    pub team: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When a run first saw it.
    pub first_seen_at: Timestamp,
    /// Whether no earlier run saw it.
    pub new: bool,
    /// Whether it was read whole and no rule has an open finding on it.
    pub compliant: bool,
    /// Whether what its jobs start from reports lineage.
    pub lineage: Standing,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingRow {
    /// Its stable identity.
    pub fingerprint: Fingerprint,
    /// The rule.
    pub rule: RuleId,
    /// How bad it is.
    pub severity: Severity,
    /// Fail or unknown.
    pub verdict: Failing,
    /// How it stands against what was known before.
    pub status: Status,
    /// The account.
    pub account: AccountId,
    /// The Region, or `global`.
    pub region: Region,
    /// The resource's ARN.
    pub resource: Arn,
    /// The team, where a tag names one.
    pub team: Option<String>,
    /// The rule's title.
    pub title: String,
    /// The fact that was seen.
    pub evidence: String,
    /// When a run first saw it.
    pub first_seen_at: Timestamp,
    /// When a run last saw it.
    pub last_seen_at: Timestamp,
    /// The change that mends it.
    pub remediation: Remediation,
    /// The incident it is part of, if one is open or about to be.
    pub incident: Option<IncidentRow>,
    /// Who accepted it, if it is exempt.
    #[serde(default)]
    pub acceptance: Option<Acceptance>,
}

/// Who accepted a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day it holds, in UTC.
    #[schemars(with = "String")]
    pub expires: Date,
}

/// An exemption, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExemptionRow {
    /// `configuration` or `tag`.
    pub source: ExemptionSource,
    /// What became of it.
    pub state: ExemptionState,
    /// The resources, in which `*` and `?` are wildcards.
    pub resource: String,
    /// The rule, where it can be told.
    pub rule: Option<RuleId>,
    /// Who accepted what; nothing of a tag that can't be read.
    pub acceptance: Option<Acceptance>,
    /// How many findings of this run it covers: none means that it matched nothing.
    pub findings: usize,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// Where an exemption stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ExemptionSource {
    /// `[[exemption]]` of the configuration.
    Configuration,
    /// A tag of the resource.
    Tag,
}

/// What became of an exemption.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ExemptionState {
    /// It holds.
    Active,
    /// Its last day is over.
    Expired,
    /// It exempts nothing: it can't be read, or tags may not exempt here.
    Ignored,
}

/// What PagerDuty was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notification {
    /// Incidents that were opened.
    pub opened: usize,
    /// Open incidents that were told what changed, or told again.
    pub updated: usize,
    /// Incidents that were resolved.
    pub resolved: usize,
    /// Groups of findings that share the one summary incident of their routing key.
    pub folded: usize,
    /// Groups of findings that page nobody for want of a routing key.
    pub unroutable: usize,
    /// Changes that were not sent in time or didn't get through: the next run sends them.
    pub owed: usize,
    /// Changes that were refused, or whose key is gone.
    pub failed: usize,
    /// Each change that is owed or failed.
    pub problems: Vec<NotificationProblem>,
}

/// A change that PagerDuty didn't take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationProblem {
    /// PagerDuty's key for the incident.
    pub dedup_key: String,
    /// What it is about.
    pub summary: String,
    /// Why it wasn't taken.
    pub reason: String,
}

/// The incident of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentRow {
    /// PagerDuty's key for it.
    pub dedup_key: String,
}

/// A way to write a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, on a terminal.
    Table,
    /// For programs, by `lineward schema report`.
    Json,
}

impl Report {
    /// The report in this format. `width` is the terminal's, and `color` whether it shows colours.
    pub fn render(&self, format: Format, width: Option<u16>, color: bool) -> String {
        match format {
            Format::Table => table::render(self, width, color),
            Format::Json => json::render(self),
        }
    }

    /// The name under which the report is stored.
    pub fn name(&self) -> String {
        let day = self.run.started_at.strftime("%Y-%m-%d");
        format!("reports/dt={day}/run={}.json", self.run.id)
    }

    /// Whether a finding that is open is at least this bad.
    pub fn has_open(&self, severity: Severity) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.status.is_open() && finding.severity >= severity)
    }

    /// The applications' names by ARN, for those who read of findings.
    pub(crate) fn application_names(&self) -> BTreeMap<&Arn, &str> {
        let named = self
            .applications
            .iter()
            .filter(|application| !application.name.is_empty());
        named
            .map(|application| (&application.arn, application.name.as_str()))
            .collect()
    }
}

impl Summary {
    /// Counts the findings.
    pub fn count(&mut self, findings: &[FindingRow]) {
        for finding in findings {
            match (finding.status, finding.verdict) {
                (Status::Exempt, _) => self.exempt += 1,
                (Status::Resolved | Status::Unseen, _) => {}
                (Status::New | Status::Ongoing, Failing::Unknown) => self.unknown += 1,
                (Status::New | Status::Ongoing, Failing::Fail) => match finding.severity {
                    Severity::Critical => self.findings.critical += 1,
                    Severity::High => self.findings.high += 1,
                    Severity::Medium => self.findings.medium += 1,
                    Severity::Low => self.findings.low += 1,
                },
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A finding of this rule on this resource.
    pub(crate) fn finding(rule: &str, resource: &str) -> FindingRow {
        let (rule, resource) = (RuleId::known(rule).unwrap(), Arn::from(resource));
        FindingRow {
            fingerprint: Fingerprint::new(&rule, &resource, ""),
            rule,
            severity: Severity::High,
            verdict: Failing::Fail,
            status: Status::New,
            account: AccountId::from("111122223333"),
            region: Region::from("eu-west-1"),
            resource,
            team: Some("ads".into()),
            title: "Spline is switched off".into(),
            evidence: "`spark.spline.mode` is `DISABLED`".into(),
            first_seen_at: Timestamp::UNIX_EPOCH,
            last_seen_at: Timestamp::UNIX_EPOCH,
            remediation: Remediation::default(),
            incident: None,
            acceptance: None,
        }
    }

    /// An application of this ARN.
    pub(crate) fn application(arn: &str) -> ApplicationRow {
        ApplicationRow {
            arn: Arn::from(arn),
            account: AccountId::from("111122223333"),
            region: Region::from("eu-west-1"),
            id: "00f1".into(),
            name: "ads-attribution".into(),
            release_label: "emr-7.1.0".into(),
            team: Some("ads".into()),
            created_at: Some(Timestamp::UNIX_EPOCH),
            first_seen_at: Timestamp::UNIX_EPOCH,
            new: true,
            compliant: false,
            lineage: Standing::Without,
        }
    }

    /// A report of these findings.
    pub(crate) fn report(findings: Vec<FindingRow>) -> Report {
        let mut summary = Summary {
            applications: 1,
            ..Summary::default()
        };
        summary.count(&findings);
        Report {
            schema: SCHEMA.into(),
            run: Run {
                id: "run".into(),
                version: "0".into(),
                trigger: Trigger::Cli,
                started_at: Timestamp::UNIX_EPOCH,
                finished_at: Timestamp::UNIX_EPOCH,
                complete: true,
            },
            organization: Organization::default(),
            coverage: Coverage::default(),
            summary,
            applications: vec![application(
                "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1",
            )],
            findings,
            exemptions: Vec::new(),
            notification: None,
        }
    }

    #[test]
    fn only_open_findings_are_counted_by_severity() {
        let arn = "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1";
        let with = |status, verdict| FindingRow {
            verdict,
            status,
            ..finding("spline-disabled", arn)
        };
        let report = report(vec![
            with(Status::New, Failing::Fail),
            with(Status::Ongoing, Failing::Unknown),
            with(Status::Exempt, Failing::Fail),
            with(Status::Resolved, Failing::Fail),
            with(Status::Unseen, Failing::Fail),
        ]);
        assert_eq!(
            report.summary.findings,
            SeverityCounts {
                high: 1,
                ..SeverityCounts::default()
            }
        );
        assert_eq!((report.summary.unknown, report.summary.exempt), (1, 1));
        assert!(report.has_open(Severity::High) && !report.has_open(Severity::Critical));
    }
}
