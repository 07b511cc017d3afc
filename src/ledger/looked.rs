//! What of a ledger a run looked at.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lineward_rules::estate::{AccountId, Arn, ReadScope, Service, Slice};
use lineward_rules::{Finding, Fingerprint};

use super::{KnownApplication, KnownFinding, Ledger};

/// What of the ledger a run looked at, gathered slice by slice, so that no slice need be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditedScopes {
    /// The known findings that would have shown again if they were still there, once all slices have come.
    pub findings: BTreeSet<Fingerprint>,
    /// The known applications whose place was seen.
    pub applications: BTreeSet<Arn>,
    /// What was read of what known findings hang on.
    read: BTreeSet<ReadScope>,
    /// The known findings of whose group another was seen, or whose group is gone with its application.
    of_groups: BTreeSet<Fingerprint>,
    /// The known findings whose resource has left the scope, which takes all its faults with it.
    out_of_scope: BTreeSet<Fingerprint>,
}

impl AuditedScopes {
    /// Of a run that looked nowhere.
    pub(super) const fn nowhere() -> Self {
        Self {
            findings: BTreeSet::new(),
            applications: BTreeSet::new(),
            read: BTreeSet::new(),
            of_groups: BTreeSet::new(),
            out_of_scope: BTreeSet::new(),
        }
    }

    /// Works out which findings would have shown again, but for those that a run which began later has seen since.
    /// Asked once all slices have come.
    pub fn finish(&mut self, ledger: &Ledger, at: Timestamp) {
        let known = ledger.findings.iter();
        let seen = known.filter(|(fingerprint, known)| {
            known.last_seen_at <= at && self.has_looked_at(fingerprint, &known.finding)
        });
        self.findings = seen.map(|(fingerprint, _)| fingerprint.clone()).collect();
    }

    fn has_looked_at(&self, fingerprint: &Fingerprint, finding: &Finding) -> bool {
        let mut read_from = finding.read_from.iter();
        // What hangs on nothing is known in every run.
        finding.read_from.is_empty()
            || read_from.all(|scope| self.read.contains(scope))
                && (finding.group.is_none() || self.of_groups.contains(fingerprint))
                && !self.out_of_scope.contains(fingerprint)
    }
}

/// The known things of each account.
#[derive(Debug)]
pub struct ByAccount<'a> {
    findings: BTreeMap<&'a AccountId, Vec<(&'a Fingerprint, &'a KnownFinding)>>,
    applications: BTreeMap<&'a AccountId, Vec<(&'a Arn, &'a KnownApplication)>>,
    /// What findings hang on, each once.
    read_from: BTreeMap<&'a AccountId, BTreeSet<&'a ReadScope>>,
    /// The list of the organization, which any account may be asked for.
    listed: BTreeSet<&'a ReadScope>,
}

impl<'a> ByAccount<'a> {
    /// Sorts a ledger by account.
    pub fn of(ledger: &'a Ledger) -> Self {
        let mut by_account = Self {
            findings: BTreeMap::new(),
            applications: BTreeMap::new(),
            read_from: BTreeMap::new(),
            listed: BTreeSet::new(),
        };
        for (fingerprint, known) in &ledger.findings {
            let of_account = by_account
                .findings
                .entry(&known.finding.account)
                .or_default();
            of_account.push((fingerprint, known));
            for scope in &known.finding.read_from {
                let place = match scope.service {
                    Service::Organizations => &mut by_account.listed,
                    Service::Sts | Service::Account | Service::EmrServerless | Service::Iam => {
                        by_account.read_from.entry(&scope.account).or_default()
                    }
                };
                place.insert(scope);
            }
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
    pub fn look(&self, slice: &Slice, looked: &mut AuditedScopes) {
        let account = &slice.account.id;
        let of_account = self.read_from.get(account).into_iter().flatten();
        let read = of_account.chain(&self.listed);
        let read = read.filter(|scope| scope.is_read_in(slice));
        looked.read.extend(read.map(|&scope| scope.clone()));
        for (fingerprint, known) in self.findings.get(account).into_iter().flatten() {
            let finding = &known.finding;
            if slice.out_of_scope.contains(&finding.resource) {
                looked.out_of_scope.insert((*fingerprint).clone());
            }
            if finding
                .group
                .as_ref()
                .is_some_and(|group| has_group(slice, finding, group))
            {
                looked.of_groups.insert((*fingerprint).clone());
            }
        }
        for (arn, known) in self.applications.get(account).into_iter().flatten() {
            if slice.looked_at(&known.region, Service::EmrServerless, arn) {
                looked.applications.insert((*arn).clone());
            }
        }
    }
}

/// Whether a slice says something of a job or of sessions of one name: one of them was read, and all of the
/// application's were, since the latest decides. Where their application is gone, so are they.
fn has_group(slice: &Slice, finding: &Finding, group: &str) -> bool {
    let Some(application) = finding.resource.application() else {
        return false;
    };
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
        sessions.any(|session| {
            let is_same = session.arn.is_within(&application) && session.kind() == group;
            is_same && !is_older(session.created_at, finding.created_at)
        })
    } else {
        runs.any(|run| {
            let is_same = run.arn.is_within(&application) && run.job() == group;
            is_same && !is_older(run.created_at, finding.created_at)
        })
    };
    !hidden && again
}

/// Whether the one was created before the other for sure.
fn is_older(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one < other)
}
