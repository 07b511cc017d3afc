//! What the last run knew, and what changed since: new, ongoing, resolved, unseen. All pure.

mod clock;
mod looked;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use lineward_rules::estate::{AccountId, Arn, Region};
use lineward_rules::{Failing, Finding, Fingerprint, Remediation, RuleId, Severity, Status};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use lineward_rules::estate::Organization;

pub use looked::{AuditedScopes, ByAccount};
pub use unknown::Unknown;

/// The format of a ledger; another number is another format.
pub const FORMAT: &str = "lineward/ledger/1";

/// The schema that this version writes: the format, and a minor number that rises with each field that is added.
pub const SCHEMA: &str = "lineward/ledger/1.2";

/// The minor number of [`SCHEMA`].
const MINOR: u32 = 2;

/// How long a run may take, from its begin to its last word: a fan-out that is tried again takes hours.
pub(crate) const LONGEST_RUN: SignedDuration = SignedDuration::from_hours(24);

/// What the last run knew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// [`SCHEMA`].
    pub schema: String,
    /// When the run that wrote it began.
    pub updated_at: Option<Timestamp>,
    /// When the last run over the whole organization began that is part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned_at: Option<Timestamp>,
    /// When the first run over everything began that paged, or recorded what was there as known. Until then old
    /// faults may be many, and nobody has chosen what becomes of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paging_since: Option<Timestamp>,
    /// The organization, as AWS last told it.
    #[serde(default)]
    pub organization: Organization,
    /// The report of the run that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<StoredReport>,
    /// The applications that exist as far as is known.
    pub applications: BTreeMap<Arn, KnownApplication>,
    /// When the run began that saw that an application exists no more, kept as long as an earlier run may come
    /// with what it was before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gone: BTreeMap<Arn, Timestamp>,
    /// The accounts that the organization lists no longer, and when a run over all of it first saw that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub departed: BTreeMap<AccountId, Timestamp>,
    /// The findings that are open as far as is known.
    pub findings: BTreeMap<Fingerprint, KnownFinding>,
    /// The incidents that are open, by dedup key.
    pub incidents: BTreeMap<String, Incident>,
    /// What a later minor version has written beside.
    #[serde(skip)]
    pub unknown: Unknown,
}

/// A report as it lies in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReport {
    /// Its name there.
    pub name: String,
    /// Its SHA-256.
    pub sha256: String,
}

/// An application that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownApplication {
    /// Its account.
    pub account: AccountId,
    /// Its Region.
    pub region: Region,
    /// When a run first saw it.
    pub first_seen_at: Timestamp,
    /// When a run last saw it.
    pub last_seen_at: Timestamp,
}

/// A finding that was seen, without its remediation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFinding {
    /// As it was last seen.
    pub finding: Finding,
    /// When a run first saw it.
    pub first_seen_at: Timestamp,
    /// When a run last saw it.
    pub last_seen_at: Timestamp,
    /// Whether a run with `--baseline` recorded it: it pages nobody until it was gone and is back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub baseline: bool,
}

/// An incident that PagerDuty was told to open, or was about to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The name of the routing key that opened it, through which it must be resolved.
    pub routing_key: String,
    /// The digest of that key: one of the same name may be another by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_digest: Option<String>,
    /// What PagerDuty is known to have taken.
    pub state: IncidentState,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When the run began that last told PagerDuty of it.
    pub told_at: Timestamp,
    /// The findings that it was last told of.
    pub findings: BTreeSet<Fingerprint>,
    /// The rules that it was last told of.
    pub rules: BTreeSet<RuleId>,
    /// The severity that it was last told.
    pub severity: Severity,
    /// What it is about, in the words of its summary.
    pub summary: String,
    /// Whether PagerDuty has ever taken it: one that is only intended may never have been opened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_taken: bool,
    /// Whether a run that began earlier has told PagerDuty something after a later one had written down what it
    /// intends: then what the later one says of it in the end can't be trusted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_contested: bool,
    /// The findings of which PagerDuty was told that their rules are switched off.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub not_judged: BTreeSet<Fingerprint>,
}

/// What PagerDuty is known to have taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentState {
    /// It was about to be told. What is sent is written down before: a run may be killed between the two,
    /// and the fault be mended before the next.
    Intended,
    /// It took what this says.
    Open,
    /// It was told to resolve what another run may still have been about to open. It is told again, until
    /// no run can be that late.
    Resolved,
}

impl Incident {
    /// Whether PagerDuty has ever taken it. A ledger of schema 1.0 tells so by the state alone.
    pub fn was_taken(&self) -> bool {
        self.is_taken || self.state == IncidentState::Open
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            schema: SCHEMA.into(),
            updated_at: None,
            scanned_at: None,
            paging_since: None,
            organization: Organization::default(),
            report: None,
            applications: BTreeMap::new(),
            gone: BTreeMap::new(),
            departed: BTreeMap::new(),
            findings: BTreeMap::new(),
            incidents: BTreeMap::new(),
            unknown: Unknown::default(),
        }
    }
}

/// Why a ledger can't be understood.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It is of another format.
    #[error("of schema `{0}`, this version reads `{FORMAT}`")]
    OtherSchema(String),
    /// It isn't what a ledger should be.
    #[error("{0}")]
    Malformed(String),
}

/// Compares two runs. `looked` says whether this run could see where a past finding was.
pub fn diff<K: Ord + Clone>(
    before: impl IntoIterator<Item = K>,
    now: impl IntoIterator<Item = K>,
    looked: impl Fn(&K) -> bool,
) -> BTreeMap<K, Status> {
    let status = |key: K| {
        let status = if looked(&key) {
            Status::Resolved
        } else {
            Status::Unseen
        };
        (key, status)
    };
    let mut changes: BTreeMap<K, Status> = before.into_iter().map(status).collect();
    for key in now {
        changes
            .entry(key)
            .and_modify(|status| *status = Status::Ongoing)
            .or_insert(Status::New);
    }
    changes
}

/// An application that this run saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenApplication {
    /// Its ARN.
    pub arn: Arn,
    /// Its account.
    pub account: AccountId,
    /// Its Region.
    pub region: Region,
}

/// What a run saw and where it looked: all that moves a ledger on.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// When the run began.
    pub at: Timestamp,
    /// The findings.
    pub findings: &'a [Finding],
    /// The applications.
    pub applications: &'a [SeenApplication],
    /// What it looked at of what was known before.
    pub looked: &'a AuditedScopes,
    /// The incidents that it opened or told something new, and those that it resolved.
    pub incidents: BTreeMap<String, Option<Incident>>,
    /// Whether what it found is to page nobody, but for what has an incident already.
    pub baseline: bool,
    /// The organization, where the run was told it.
    pub organization: Option<&'a Organization>,
    /// Whether it was over the whole organization.
    pub is_scan: bool,
    /// The accounts that it found to be listed no longer, and since when; told by a run over all of it alone.
    pub departed: Option<&'a BTreeMap<AccountId, Timestamp>>,
    /// Whether it settled what becomes of faults that are older than paging.
    pub settles_paging: bool,
    /// Its report, where it stored one.
    pub report: Option<StoredReport>,
}

impl Seen<'_> {
    /// A run that looked nowhere, but told PagerDuty of incidents.
    pub fn told(at: Timestamp, incidents: BTreeMap<String, Option<Incident>>) -> Self {
        static NOWHERE: AuditedScopes = AuditedScopes::nowhere();
        Self {
            at,
            findings: &[],
            applications: &[],
            looked: &NOWHERE,
            incidents,
            baseline: false,
            organization: None,
            is_scan: false,
            departed: None,
            settles_paging: false,
            report: None,
        }
    }
}

impl Ledger {
    /// Reads a ledger of any minor number. What this version doesn't know of it is kept.
    pub fn read(json: &[u8]) -> Result<Self, LedgerError> {
        let malformed = |error: serde_json::Error| LedgerError::Malformed(error.to_string());
        let mut written: Value = serde_json::from_slice(json).map_err(malformed)?;
        let schema = written.get("schema").and_then(Value::as_str);
        let schema = schema.ok_or_else(|| LedgerError::Malformed("names no `schema`".into()))?;
        let minor = minor(schema).ok_or_else(|| LedgerError::OtherSchema(schema.to_owned()))?;
        let foreign = take_foreign(&mut written);
        let mut ledger = Self::deserialize(&written).map_err(malformed)?;
        let organization = written.get_mut("organization");
        if let Some(organization) = organization.and_then(Value::as_object_mut) {
            organization.extend(foreign);
        }
        let understood = serde_json::to_value(&ledger).map_err(malformed)?;
        ledger.unknown = Unknown::of(&written, &understood);
        if minor <= MINOR {
            ledger.schema = SCHEMA.into();
        }
        // The schema before this had no such field: whoever was told of incidents has chosen.
        let has_paged = !ledger.incidents.is_empty();
        if minor == 0 && (has_paged || ledger.findings.values().any(|known| known.baseline)) {
            ledger.paging_since = ledger.updated_at;
        }
        Ok(ledger)
    }

    /// The ledger as it is stored.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        if self.unknown == Unknown::default() {
            return serde_json::to_vec(self);
        }
        let mut json = serde_json::to_value(self)?;
        self.unknown.lay_over(&mut json);
        serde_json::to_vec(&json)
    }

    /// The ledger after a run. What the run didn't look at stays as it was, and so does what a run
    /// that began later has seen.
    #[must_use]
    pub fn after(&self, seen: &Seen<'_>) -> Self {
        let mut next = self.clone();
        next.updated_at = self.updated_at.max(Some(seen.at));
        if seen.is_scan {
            next.scanned_at = self.scanned_at.max(Some(seen.at));
        }
        if let Some(report) = &seen.report
            && self.updated_at <= Some(seen.at)
        {
            next.report = Some(report.clone());
        }
        if let Some(departed) = seen.departed
            && self.scanned_at <= Some(seen.at)
        {
            next.departed.clone_from(departed);
        }
        if seen.settles_paging {
            next.paging_since = self.paging_since.or(Some(seen.at));
        }
        if let Some(organization) = seen.organization.filter(|it| !it.id.is_empty()) {
            next.organization.clone_from(organization);
        }
        next.findings.retain(|fingerprint, known| {
            known.last_seen_at > seen.at || !seen.looked.findings.contains(fingerprint)
        });
        next.applications.retain(|arn, known| {
            known.last_seen_at > seen.at || !seen.looked.applications.contains(arn)
        });
        let told: BTreeSet<_> = self
            .incidents
            .values()
            .flat_map(|it| &it.findings)
            .collect();
        // What a later run saw mended is not to come back.
        let news = seen.findings.iter().filter(|finding| {
            self.findings.contains_key(&finding.fingerprint)
                || !self.is_overtaken(&finding.resource, seen.at)
        });
        for finding in news {
            let finding = Finding {
                remediation: Remediation::default(),
                ..finding.clone()
            };
            let fingerprint = finding.fingerprint.clone();
            let is_fail = finding.verdict == Failing::Fail;
            let known = KnownFinding {
                finding,
                first_seen_at: seen.at,
                last_seen_at: seen.at,
                // What could not be told is news once it can be.
                baseline: seen.baseline && is_fail && !told.contains(&fingerprint),
            };
            next.see_finding(fingerprint.clone(), known, self.findings.get(&fingerprint));
        }
        let is_gone = |arn| self.gone.get(arn).is_some_and(|gone| *gone > seen.at);
        for application in seen.applications.iter().filter(|it| !is_gone(&it.arn)) {
            let known = self.applications.get(&application.arn);
            let first_seen_at = known.map_or(seen.at, |known| known.first_seen_at.min(seen.at));
            let last_seen_at = known.map_or(seen.at, |known| known.last_seen_at.max(seen.at));
            let known = KnownApplication {
                account: application.account.clone(),
                region: application.region.clone(),
                first_seen_at,
                last_seen_at,
            };
            next.applications.insert(application.arn.clone(), known);
            next.gone.remove(&application.arn);
        }
        let looked = seen.looked.applications.iter();
        for arn in looked.filter(|arn| !next.applications.contains_key(arn)) {
            let gone = next.gone.entry(arn.clone()).or_insert(seen.at);
            *gone = seen.at.max(*gone);
        }
        let latest = next.updated_at.unwrap_or(seen.at);
        next.gone
            .retain(|_, gone| latest.duration_since(*gone) < LONGEST_RUN);
        for (key, change) in &seen.incidents {
            next.change_incident(key, change.as_ref(), seen.at);
        }
        next
    }

    /// Whether a run that began after `at` has seen the application of this resource, or that it is gone.
    pub fn is_overtaken(&self, resource: &Arn, at: Timestamp) -> bool {
        let Some(application) = resource.application() else {
            return false;
        };
        let known = self.applications.get(&application);
        let seen = known.map(|known| known.last_seen_at);
        seen.max(self.gone.get(&application).copied()) > Some(at)
    }

    /// Lays over an incident what a run is about to tell PagerDuty, or has told it. What a later run told stays;
    /// but where both have told it something, nobody knows which of the two came last, and the next run tells it
    /// again.
    fn change_incident(&mut self, key: &str, change: Option<&Incident>, at: Timestamp) {
        let state = change.map(|incident| incident.state);
        let is_told = state != Some(IncidentState::Intended);
        let is_resolved = matches!(state, None | Some(IncidentState::Resolved));
        match (self.incidents.get_mut(key), change) {
            (Some(later), _) if later.told_at > at => match later.state {
                IncidentState::Open if is_resolved => {
                    (later.is_taken, later.state) = (true, IncidentState::Intended);
                }
                // It is about to be told something, or was already and says so next.
                IncidentState::Intended => later.is_contested |= is_told,
                IncidentState::Open | IncidentState::Resolved => {}
            },
            (Some(contested), _) if contested.is_contested && is_told => {
                contested.is_contested = false;
            }
            (_, Some(incident)) => drop(self.incidents.insert(key.to_owned(), incident.clone())),
            (_, None) => drop(self.incidents.remove(key)),
        }
    }

    fn see_finding(
        &mut self,
        fingerprint: Fingerprint,
        seen: KnownFinding,
        before: Option<&KnownFinding>,
    ) {
        let first_seen_at = before.map_or(seen.first_seen_at, |known| {
            known.first_seen_at.min(seen.first_seen_at)
        });
        let later = before
            .filter(|known| known.last_seen_at > seen.last_seen_at)
            .cloned();
        let baseline = seen.baseline || before.is_some_and(|known| known.baseline);
        let known = KnownFinding {
            first_seen_at,
            baseline,
            ..later.unwrap_or(seen)
        };
        self.findings.insert(fingerprint, known);
    }
}

/// The minor number of a schema, where its format is this version's.
fn minor(schema: &str) -> Option<u32> {
    match schema.strip_prefix(FORMAT)? {
        "" => Some(0),
        minor => minor.strip_prefix('.')?.parse().ok(),
    }
}

/// Takes the unknown fields of the organization out, which is strict about them.
fn take_foreign(ledger: &mut Value) -> Vec<(String, Value)> {
    let known = serde_json::to_value(Organization::default()).unwrap_or_default();
    let organization = ledger
        .get_mut("organization")
        .and_then(Value::as_object_mut);
    let Some(organization) = organization else {
        return Vec::new();
    };
    let foreign = organization
        .keys()
        .filter(|key| known.get(key.as_str()).is_none());
    let foreign: Vec<_> = foreign.cloned().collect();
    let taken = foreign.into_iter().filter_map(|key| {
        let value = organization.remove(&key)?;
        Some((key, value))
    });
    taken.collect()
}

#[cfg(test)]
mod tests;
