//! The report: what a run found, in the order and the words of the contract `lineward/report/2`.

mod data;
mod exemption;
mod json;
mod lineage;
mod notification;
mod rule;
mod scope;
mod table;
mod text;

use std::collections::BTreeMap;

use jiff::Timestamp;
use lineward_rules::estate::{AccountId, Arn, ExcludedRoles, ReadScopes, Region, ScopeState};
use lineward_rules::finding::{Failing, Remediation};
use lineward_rules::lineage::Standing;
use lineward_rules::{Fingerprint, RuleId, Severity, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use lineward_rules::estate::Organization;

pub use data::DataDates;
pub use exemption::{Acceptance, ExemptionRow, ExemptionSource, ExemptionState};
pub use lineage::{AccountAdoption, LackingRow, LineageSummary, TeamAdoption};
pub use notification::{Notification, NotificationProblem};
pub use rule::RuleRow;
pub use scope::{AccountOutcome, AccountRow, Selection};
pub use text::plain;

/// The schema of a report; another number is another format.
pub const SCHEMA: &str = "lineward/report/2";

/// The schema before, which is still read: it lacks what was added since.
const BEFORE: &str = "lineward/report/1";

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
    /// Every account, by id.
    #[serde(default)]
    pub accounts: Vec<AccountRow>,
    /// Every application, by ARN.
    pub applications: Vec<ApplicationRow>,
    /// Every finding: the worst first, then by account, resource and rule.
    pub findings: Vec<FindingRow>,
    /// Every rule, and how it was asked.
    #[serde(default)]
    pub rules: Vec<RuleRow>,
    /// Every exemption, of the configuration and of tags.
    #[serde(default)]
    pub exemptions: Vec<ExemptionRow>,
    /// What PagerDuty was told, once it was.
    #[serde(default)]
    pub notification: Option<Notification>,
    /// The SHA-256 of the report before this one, as the ledger knows it.
    #[serde(default)]
    pub previous_sha256: Option<String>,
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
    /// Unique among the evaluations of a run: the run's own id for the first.
    #[serde(default)]
    pub evaluation: String,
    /// What was asked for.
    #[serde(default)]
    pub selection: Selection,
    /// The ARN of who walked, where this run did.
    #[serde(default)]
    pub caller: Option<String>,
    /// The name of the role that was assumed in each account.
    #[serde(default)]
    pub role: String,
    /// The SHA-256 of the configuration: its file, and the variables that change it.
    #[serde(default)]
    pub config_sha256: String,
    /// From which day the data is that it was judged by.
    #[serde(default)]
    pub data: Option<DataDates>,
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
    /// Known findings beyond what the run was asked for, which are left out.
    #[serde(default)]
    pub outside_selection: usize,
    /// Findings whose rules are switched off.
    #[serde(default)]
    pub not_judged: usize,
    /// How much of the organization reports its lineage.
    pub lineage: LineageSummary,
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
    /// Whether it was read whole and no rule finds a fault in it, be the rule on or off and the fault accepted or not.
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
    /// What it was read from: it is resolved only by a run that has read all of it.
    #[serde(default)]
    pub read_from: ReadScopes,
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
    /// Whether this version reads reports of this schema.
    pub fn reads(schema: &str) -> bool {
        [SCHEMA, BEFORE].contains(&schema)
    }

    /// The report in this format. `width` is the terminal's, and `color` whether it shows colours.
    pub fn render(&self, format: Format, width: Option<u16>, color: bool) -> String {
        match format {
            Format::Table => table::render(self, width, color),
            Format::Json => json::render(self),
        }
    }

    /// The name under which the report is stored.
    pub fn name(&self) -> String {
        let Run { id, evaluation, .. } = &self.run;
        if evaluation.is_empty() || evaluation == id {
            return name(id, self.run.started_at);
        }
        name(
            &format!("{id}.evaluation={evaluation}"),
            self.run.started_at,
        )
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

/// The name under which the report of a run is stored.
pub(crate) fn name(run: &str, started_at: Timestamp) -> String {
    let day = started_at.strftime("%Y-%m-%d");
    format!("reports/dt={day}/run={run}.json")
}

impl Summary {
    /// Counts the findings.
    pub fn count<'a>(&mut self, findings: impl IntoIterator<Item = &'a FindingRow>) {
        for finding in findings {
            match (finding.status, finding.verdict) {
                (Status::Exempt, _) => self.exempt += 1,
                (Status::NotJudged, _) => self.not_judged += 1,
                (Status::Resolved | Status::Unseen | Status::Gone, _) => {}
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
pub(crate) mod tests;
