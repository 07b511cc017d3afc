//! What of a ledger a run looked at.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lineward_rules::estate::{AccountId, Arn, Region, Service, Slice};
use lineward_rules::{Finding, Fingerprint};

use super::{KnownApplication, KnownFinding, Ledger};

/// What of the ledger a run looked at, gathered slice by slice, so that no scope need be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// The known findings whose place was seen.
    pub findings: BTreeSet<Fingerprint>,
    /// The known applications whose place was seen.
    pub applications: BTreeSet<Arn>,
    /// The accounts whose roles were read whole.
    roles_of: BTreeSet<AccountId>,
}

impl Looked {
    /// Of a run that looked nowhere.
    pub(super) const fn nowhere() -> Self {
        Self {
            findings: BTreeSet::new(),
            applications: BTreeSet::new(),
            roles_of: BTreeSet::new(),
        }
    }

    /// Leaves out what a run that began later has seen since, and what hangs on accounts whose roles were not
    /// read. Asked once all slices have come.
    ///
    /// Who is foreign can't be told where the organization's accounts were not all listed.
    pub fn finish(&mut self, ledger: &Ledger, at: Timestamp, is_organization_whole: bool) {
        let roles_of = &self.roles_of;
        self.findings.retain(|fingerprint| {
            let known = ledger.findings.get(fingerprint);
            if known.is_some_and(|known| known.last_seen_at > at) {
                return false;
            }
            let is_of = |rule: &str| known.is_some_and(|it| it.finding.rule.as_str() == rule);
            if !is_organization_whole && is_of("trust-admits-foreign-account") {
                return false;
            }
            let mut needs = known.into_iter().flat_map(|known| &known.finding.needs);
            needs.all(|account| roles_of.contains(account))
        });
    }
}

/// The known things of each account.
#[derive(Debug)]
pub struct ByAccount<'a> {
    findings: BTreeMap<&'a AccountId, Vec<(&'a Fingerprint, &'a KnownFinding)>>,
    applications: BTreeMap<&'a AccountId, Vec<(&'a Arn, &'a KnownApplication)>>,
}

impl<'a> ByAccount<'a> {
    /// Sorts a ledger by account.
    pub fn of(ledger: &'a Ledger) -> Self {
        let mut by_account = Self {
            findings: BTreeMap::new(),
            applications: BTreeMap::new(),
        };
        for (fingerprint, known) in &ledger.findings {
            let of_account = by_account
                .findings
                .entry(&known.finding.account)
                .or_default();
            of_account.push((fingerprint, known));
        }
        for (arn, known) in &ledger.applications {
            by_account
                .applications
                .entry(&known.account)
                .or_default()
                .push((arn, known));
        }
        by_account
    }

    /// Whether a later run of the same job, or a later session of the same name, was found at fault before: events
    /// come in any order.
    pub fn is_outdated(&self, finding: &Finding) -> bool {
        let Some(group) = &finding.group else {
            return false;
        };
        let kind = |it: &Finding| it.resource.as_str().contains("/sessions/");
        let of_account = self.findings.get(&finding.account);
        let mut known = of_account.into_iter().flatten().map(|(_, it)| &it.finding);
        known.any(|it| {
            it.group.as_ref() == Some(group)
                && kind(it) == kind(finding)
                && it.resource.application() == finding.resource.application()
                && is_older(finding.created_at, it.created_at)
        })
    }

    /// Adds what this slice looked at.
    pub fn look(&self, slice: &Slice, looked: &mut Looked) {
        let account = &slice.account.id;
        if slice.has_all_roles() {
            looked.roles_of.insert(account.clone());
        }
        for (fingerprint, known) in self.findings.get(account).into_iter().flatten() {
            if looked_at(slice, &known.finding) {
                looked.findings.insert((*fingerprint).clone());
            }
        }
        for (arn, known) in self.applications.get(account).into_iter().flatten() {
            if slice.looked_at(&known.region, Service::EmrServerless, arn) {
                looked.applications.insert((*arn).clone());
            }
        }
    }
}

/// Whether a slice would show a finding again if it were still there.
///
/// A finding on a job or on sessions of one name shows only where one of them was read, and all of the
/// application's were: the latest decides. Where their application is gone, so are they.
fn looked_at(slice: &Slice, finding: &Finding) -> bool {
    let (region, service) = (&finding.region, finding.service);
    if finding.rule.as_str() == "exemption-expired" {
        return has_tags(slice, &finding.resource);
    }
    if service == Service::Iam && finding.group.is_none() {
        // A policy that wasn't read may be the one that a finding on its role was about. And a role may leave
        // the scope, say since no job used it lately, with all its faults.
        let hangs_on = match finding.rule.as_str() {
            "role-policy-other-team" => Some(Service::Iam),
            "application-retaggable" | "trust-source-other-team" => Some(Service::EmrServerless),
            _ => None,
        };
        let mut scopes = slice.scopes.iter();
        let is_hidden = scopes.any(|it| Some(it.service) == hangs_on && !it.gaps.is_empty());
        return slice.has_all_roles()
            && !is_hidden
            && !slice.out_of_scope.contains(&finding.resource)
            && slice.looked_at(region, service, &finding.resource);
    }
    let Some(group) = &finding.group else {
        return slice.looked_at(region, service, &finding.resource);
    };
    let Some(application) = finding.resource.application() else {
        return false;
    };
    if !slice.looked_at(region, service, &application) {
        return false;
    }
    if !slice.applications.iter().any(|it| it.arn == application) {
        return true;
    }
    let mut gaps = slice.scopes.iter().flat_map(|scope| &scope.gaps);
    let hidden = gaps.any(|gap| {
        let below = |at: &Arn| at.is_within(&application);
        gap.resource.as_ref().is_some_and(below)
    });
    let mut runs = slice.job_runs.iter();
    let mut sessions = slice.sessions.iter();
    // A job and a session may share a name; neither says anything of the other.
    let is_of_session = finding.resource.as_str().contains("/sessions/");
    let again = if is_of_session {
        sessions.any(|it| {
            let is_same = it.arn.is_within(&application) && it.kind() == group;
            is_same && !is_older(it.created_at, finding.created_at)
        })
    } else {
        runs.any(|it| {
            let is_same = it.arn.is_within(&application) && it.job() == group.as_str();
            is_same && !is_older(it.created_at, finding.created_at)
        })
    };
    !hidden && again
}

/// Whether the one was created before the other for sure.
fn is_older(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one < other)
}

/// Whether the tags of a resource, by which it may be exempt, would be in a slice.
fn has_tags(slice: &Slice, resource: &Arn) -> bool {
    let mut fields = resource.as_str().split(':').skip(2);
    match (fields.next(), fields.next()) {
        (Some("emr-serverless"), Some(region)) => {
            slice.looked_at(&Region::from(region), Service::EmrServerless, resource)
        }
        (Some("iam"), _) => {
            let mut gaps = slice.scopes.iter().flat_map(|scope| &scope.gaps);
            slice.has_all_roles() && !gaps.any(|gap| gap.resource.is_some() && gap.hides(resource))
        }
        _ => false,
    }
}
