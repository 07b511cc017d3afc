//! What is to be told: the incidents that are open, against the findings of a report.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use lineward_rules::estate::{AccountId, Arn};
use lineward_rules::finding::Failing;
use lineward_rules::{Finding, Fingerprint, Severity, Status, catalogue};

use super::event::{Event, Links};
use super::first_run;
use super::group::Group;
use super::{Action, Change, Plan, Routing};
use crate::config::{Config, PagerDuty};
use crate::ledger::{Incident, IncidentState, KnownFinding, Ledger};
use crate::report::{FindingRow, NotificationProblem, Report};

/// How late a run may still open what another has resolved meanwhile.
const LATEST: SignedDuration = SignedDuration::from_hours(1);

/// All that a plan hangs on.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// What was found.
    pub report: &'a Report,
    /// What PagerDuty was told before.
    pub ledger: &'a Ledger,
    /// The teams.
    pub config: &'a Config,
    /// Whom to tell how much.
    pub pagerduty: &'a PagerDuty,
    /// The routing keys.
    pub routing: &'a Routing,
    /// Where the report can be read, if it is on the web.
    pub report_url: Option<&'a str>,
    /// Whether the report is of a part of what the configuration asks for.
    pub is_narrowed: bool,
}

/// The findings of a group, by their places in the report.
#[derive(Clone, Debug, Default)]
struct Members {
    /// Those that page.
    open: Vec<usize>,
    /// Those of which this run can't say whether they are mended: an incident about them must stay.
    held: Vec<usize>,
}

/// Plans the changes.
///
/// An incident stays as it is while a finding that it was told of is `unseen` or unknown: it is only resolved
/// by a run that looked everywhere it is about, and could tell.
pub fn plan(situation: &Situation<'_>) -> Plan {
    let mut planner = Planner {
        of: *situation,
        settled: situation.ledger.incidents.clone(),
        reported: situation.reported(),
        held: BTreeSet::new(),
        plan: Plan::default(),
    };
    let mut new = Vec::new();
    for (group, members) in planner.groups() {
        match planner.settled.remove(&group.dedup_key()) {
            Some(known) if known.state != IncidentState::Resolved => {
                planner.go_on(&group, &members, known);
            }
            _ if !members.open.is_empty() => new.push((group, members)),
            Some(resolved) => planner.resolve(group.dedup_key(), resolved),
            None => {}
        }
    }
    planner.open(new);
    planner.settle();
    first_run::hold(situation, planner.plan)
}

impl<'a> Situation<'a> {
    /// The findings that the report says something of, and those of rules that exist no more.
    fn reported(&self) -> BTreeSet<&'a Fingerprint> {
        let is_left = |known: &KnownFinding| catalogue::find(known.finding.rule.as_str()).is_none();
        let rows = self.report.findings.iter().map(|it| &it.fingerprint);
        let known = self.ledger.findings.iter();
        let left = known.filter(|(_, known)| is_left(known)).map(|(it, _)| it);
        rows.chain(left).collect()
    }
}

struct Planner<'a> {
    of: Situation<'a>,
    reported: BTreeSet<&'a Fingerprint>,
    /// The findings of which this run can't, or may not, say anything, by their places in the report.
    held: BTreeSet<usize>,
    /// The incidents of which nothing was planned yet.
    settled: BTreeMap<String, Incident>,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn groups(&mut self) -> BTreeMap<Group, Members> {
        let newborn = newborn(self.of.report, self.of.pagerduty);
        let newcomers = newcomers(self.of.report, self.of.pagerduty);
        let mut groups: BTreeMap<Group, Members> = BTreeMap::new();
        for (index, finding) in self.of.report.findings.iter().enumerate() {
            let group = Group::of(finding, self.of.pagerduty, self.of.config);
            let members = groups.entry(group).or_default();
            let (ledger, now) = (self.of.ledger, self.now());
            let young = || {
                let application = finding.resource.application();
                application.filter(|arn| newborn.contains(arn))
            };
            let is_held = if is_untold(finding) {
                true
            } else if !self.pages(finding) {
                // It is for the report alone.
                continue;
            } else if let Some(application) = young() {
                self.plan.newborn.insert(application);
                true
            } else {
                newcomers.contains(&finding.account) || ledger.is_overtaken(&finding.resource, now)
            };
            if is_held {
                self.held.insert(index);
                members.held.push(index);
            } else {
                members.open.push(index);
            }
        }
        groups
    }

    /// Whether a finding pages: what can't be told is for the report alone, and a baseline for nobody.
    fn pages(&self, finding: &FindingRow) -> bool {
        let known = self.of.ledger.findings.get(&finding.fingerprint);
        finding.status.is_open()
            && finding.verdict == Failing::Fail
            && finding.severity >= self.of.pagerduty.min_severity
            && !known.is_some_and(|it| it.baseline)
    }

    fn finding(&self, index: usize) -> Option<&'a FindingRow> {
        self.of.report.findings.get(index)
    }

    fn severity(&self, members: &Members) -> Option<Severity> {
        let findings = members.open.iter().filter_map(|&index| self.finding(index));
        findings.map(|finding| finding.severity).max()
    }

    /// The open findings of an incident that the report doesn't speak of, as one from elsewhere may not.
    fn unreported(&self, incident: &Incident) -> Vec<&'a Finding> {
        let ledger = self.of.ledger;
        let findings = incident.findings.iter();
        let unreported = findings.filter(|it| !self.reported.contains(it));
        let known = unreported.filter_map(|it| ledger.findings.get(it));
        known.map(|known| &known.finding).collect()
    }

    /// Tells an incident what is new, or resolves it.
    fn go_on(&mut self, group: &Group, members: &Members, known: Incident) {
        let is_known = |index: &usize| {
            let finding = self.finding(*index);
            finding.is_some_and(|it| known.findings.contains(&it.fingerprint))
        };
        let held: Vec<_> = members.held.iter().copied().filter(is_known).collect();
        let unreported = self.unreported(&known);
        if members.open.is_empty() && held.is_empty() && unreported.is_empty() {
            self.resolve(group.dedup_key(), known);
            return;
        }
        let about: Vec<_> = members.open.iter().chain(&held).copied().collect();
        let findings: Vec<_> = about
            .iter()
            .filter_map(|&index| self.finding(index))
            .collect();
        let left = unreported.iter().map(|finding| &finding.rule);
        let rules: BTreeSet<_> = findings.iter().map(|it| &it.rule).chain(left).collect();
        let are_known = members.open.iter().all(is_known);
        let is_same = rules.iter().copied().eq(&known.rules);
        // What a killed run, or one whose time was up, still owes is sent wherever this run looked.
        let is_owed = known.state == IncidentState::Intended
            && (!members.open.is_empty()
                || findings
                    .iter()
                    .any(|it| matches!(it.status, Status::Unseen | Status::NotJudged)));
        // That a rule was switched off is said once.
        let not_judged = not_judged(&findings);
        let is_said = not_judged.is_subset(&known.not_judged);
        let is_due = !members.open.is_empty() && self.is_due(&known);
        let is_news = is_owed || !is_same || !are_known || is_due || !is_said;
        if is_news && !findings.is_empty() {
            self.trigger(group, &findings, Some((&known, &unreported)));
        } else if findings.len() + unreported.len() < known.findings.len()
            || not_judged != known.not_judged
        {
            let left = unreported.iter().map(|it| it.fingerprint.clone());
            let findings = findings.iter().map(|it| it.fingerprint.clone());
            let findings = findings.chain(left).collect();
            let shrunk = Incident {
                findings,
                not_judged,
                ..known
            };
            self.plan.shrunk.insert(group.dedup_key(), shrunk);
        }
        self.name(group, members);
    }

    /// Whether an incident is to be told again though nothing is new.
    fn is_due(&self, known: &Incident) -> bool {
        let Some(interval) = self.of.pagerduty.renotify else {
            return false;
        };
        let due = known.told_at.saturating_add(interval);
        due.is_ok_and(|due| due <= self.now())
    }

    fn now(&self) -> Timestamp {
        self.of.report.run.started_at
    }

    /// Opens incidents: the worst each for itself, and what is beyond `max_events` as one of each routing key.
    fn open(&mut self, new: Vec<(Group, Members)>) {
        let mut by_key: BTreeMap<String, Vec<(Group, Members)>> = BTreeMap::new();
        for (group, members) in new {
            let findings: Vec<_> = members
                .open
                .iter()
                .filter_map(|&index| self.finding(index))
                .collect();
            let route = self.of.routing.of(&group, &findings);
            match route.key {
                Some(key) => {
                    self.plan.openings += 1;
                    by_key.entry(key).or_default().push((group, members));
                }
                None => self.leave(&group, &findings, route.reason),
            }
        }
        // A summary that is open must be looked after, too, where nothing is new.
        for incident in self.of.ledger.incidents.values() {
            let storm = Group::storm(&incident.routing_key);
            if self.settled.contains_key(&storm.dedup_key()) {
                by_key.entry(incident.routing_key.clone()).or_default();
            }
        }
        for (key, groups) in by_key {
            self.open_through(&key, groups);
        }
    }

    fn open_through(&mut self, key: &str, groups: Vec<(Group, Members)>) {
        let storm = Group::storm(key);
        let known = self.settled.remove(&storm.dedup_key());
        let known = known.filter(|it| it.state != IncidentState::Resolved);
        let told: BTreeSet<Fingerprint> = known
            .iter()
            .flat_map(|it| it.findings.iter().cloned())
            .collect();
        let is_told = |index: &usize| {
            let finding = self.finding(*index);
            finding.is_some_and(|it| told.contains(&it.fingerprint))
        };
        let is_critical = |members: &Members| self.severity(members) == Some(Severity::Critical);
        let (critical, others): (Vec<_>, Vec<_>) = groups
            .into_iter()
            .partition(|(_, members)| is_critical(members));
        // What is part of a storm stays so, or it would trickle out run by run.
        let (mut folded, mut others): (Vec<_>, Vec<_>) = others
            .into_iter()
            .partition(|(_, members)| members.open.iter().any(is_told));
        others.sort_by_key(|(group, members)| (Reverse(self.severity(members)), group.clone()));
        let room = self.of.pagerduty.max_events.saturating_sub(critical.len());
        let beyond = others.split_off(others.len().min(room));
        folded.extend(beyond);

        self.plan.folded += folded.len();
        let mut members = Members {
            open: folded
                .into_iter()
                .flat_map(|(_, members)| members.open)
                .collect(),
            held: self.held.iter().copied().collect(),
        };
        members.open.sort_unstable();
        for (group, members) in critical.into_iter().chain(others) {
            self.begin(&group, &members);
        }
        match known {
            Some(known) => self.go_on(&storm, &members, known),
            None if !members.open.is_empty() => self.begin(&storm, &members),
            None => {}
        }
    }

    /// Opens an incident.
    fn begin(&mut self, group: &Group, members: &Members) {
        let findings: Vec<_> = members
            .open
            .iter()
            .filter_map(|&index| self.finding(index))
            .collect();
        self.trigger(group, &findings, None);
        self.name(group, members);
    }

    /// Notes that findings page nobody.
    fn leave(&mut self, group: &Group, findings: &[&FindingRow], reason: String) {
        let first = findings.first();
        let summary = first.map_or_else(String::new, |it| format!("{}: {}", it.title, it.evidence));
        self.plan.unroutable.push(NotificationProblem {
            dedup_key: group.dedup_key(),
            summary,
            reason,
        });
    }

    /// Notes which incident findings are part of.
    fn name(&mut self, group: &Group, members: &Members) {
        let dedup_key = group.dedup_key();
        for index in &members.open {
            self.plan.incident_of.insert(*index, dedup_key.clone());
        }
    }

    /// Tells of findings. What an incident that is `known` also holds, and the report doesn't speak of, stays.
    fn trigger(
        &mut self,
        group: &Group,
        findings: &[&FindingRow],
        known: Option<(&Incident, &[&Finding])>,
    ) {
        let (known, unreported) = known.unzip();
        let unreported = unreported.into_iter().flatten();
        let dedup_key = group.dedup_key();
        let route = self.of.routing.of(group, findings);
        // An incident is told something new through the key that opened it, while that is known.
        let reached = known.filter(|incident| self.of.routing.reaches(incident));
        let lost_key = known.filter(|_| reached.is_none());
        let routed = reached.map(|incident| incident.routing_key.clone());
        let Some(routing_key) = routed.or_else(|| route.key.clone()) else {
            self.leave(group, findings, route.reason);
            return;
        };
        let links = Links {
            rules: self.of.pagerduty.rules_url.as_deref(),
            report: self.of.report_url,
        };
        let event = Event::trigger(group, findings, self.of.report, &route, &links);
        let severity = findings.iter().map(|finding| finding.severity).max();
        let incident = Incident {
            key_digest: self.of.routing.digest(&routing_key),
            routing_key: routing_key.clone(),
            state: IncidentState::Open,
            opened_at: known.map_or(self.now(), |incident| incident.opened_at),
            told_at: self.now(),
            findings: findings
                .iter()
                .map(|it| it.fingerprint.clone())
                .chain(unreported.clone().map(|it| it.fingerprint.clone()))
                .collect(),
            rules: findings
                .iter()
                .map(|it| it.rule.clone())
                .chain(unreported.map(|it| it.rule.clone()))
                .collect(),
            severity: severity.unwrap_or(Severity::Low),
            summary: event.summary().to_owned(),
            is_taken: true,
            is_contested: false,
            not_judged: not_judged(findings),
        };
        self.plan.changes.push(Change {
            dedup_key,
            routing_key,
            action: Action::Trigger {
                event: Box::new(event),
                incident,
                is_new: !known.is_some_and(Incident::was_taken),
                lost_key: lost_key.map(|it| it.routing_key.clone()),
            },
        });
    }

    /// Resolves an incident. One that another run may still be about to open is remembered as resolved, and
    /// resolved again, until no run can be that late.
    fn resolve(&mut self, dedup_key: String, incident: Incident) {
        let now = self.now();
        // Whoever has told PagerDuty of it before, this comes after.
        let incident = Incident {
            is_contested: false,
            ..incident
        };
        let ends = incident.told_at.saturating_add(LATEST);
        let is_late = ends.is_ok_and(|ends| ends <= now);
        let remembered = match incident.state {
            IncidentState::Open => None,
            IncidentState::Intended => Some(now),
            IncidentState::Resolved => (!is_late).then_some(incident.told_at),
        };
        let gone = self.of.report.findings.iter();
        let is_gone = |row: &&FindingRow| {
            row.status == Status::Gone && incident.findings.contains(&row.fingerprint)
        };
        let gone = gone.filter(is_gone).map(|row| &row.account);
        let gone: BTreeSet<_> = gone.map(AccountId::as_str).collect();
        let why = (!gone.is_empty()).then(|| {
            let accounts: Vec<_> = gone.into_iter().collect();
            let accounts = accounts.join(", ");
            format!(
                "gone: the organization lists {accounts} no longer: {}",
                incident.summary
            )
        });
        let remembered = remembered.map(|told_at| Incident {
            state: IncidentState::Resolved,
            told_at,
            ..incident.clone()
        });
        // Until it is known to be resolved, nobody knows what was told last.
        let incident = Incident {
            told_at: now,
            ..incident
        };
        self.plan.changes.push(Change {
            dedup_key,
            routing_key: incident.routing_key.clone(),
            action: Action::Resolve {
                incident,
                remembered,
                why,
            },
        });
    }

    /// Resolves incidents that no group is about any more: an earlier run saw them mended, but its message
    /// got lost, or findings are grouped otherwise now.
    fn settle(&mut self) {
        let held = self.held.iter().filter_map(|&index| self.finding(index));
        let held: BTreeSet<_> = held.map(|it| &it.fingerprint).collect();
        for (dedup_key, incident) in std::mem::take(&mut self.settled) {
            if incident.state == IncidentState::Resolved
                || incident.findings.iter().all(|it| !held.contains(it))
                    && self.unreported(&incident).is_empty()
            {
                self.resolve(dedup_key, incident);
            }
        }
    }
}

/// Whether this run can't say if a finding is mended.
fn is_untold(finding: &FindingRow) -> bool {
    let is_unknown = finding.status.is_open() && finding.verdict == Failing::Unknown;
    matches!(finding.status, Status::Unseen | Status::NotJudged) || is_unknown
}

/// The findings whose rules are switched off.
fn not_judged(findings: &[&FindingRow]) -> BTreeSet<Fingerprint> {
    let off = findings
        .iter()
        .filter(|row| row.status == Status::NotJudged);
    off.map(|row| row.fingerprint.clone()).collect()
}

/// Whether what came to be at this time is still to be left in peace.
fn is_young(at: Timestamp, report: &Report, pagerduty: &PagerDuty) -> bool {
    let end = at.saturating_add(pagerduty.grace);
    end.is_ok_and(|end| end > report.run.started_at)
}

/// The accounts that have just joined: what is rolled out to every account takes its time.
fn newcomers(report: &Report, pagerduty: &PagerDuty) -> BTreeSet<AccountId> {
    let joined = report.accounts.iter().filter(|row| {
        row.joined_at
            .is_some_and(|at| is_young(at, report, pagerduty))
    });
    joined.map(|row| row.id.clone()).collect()
}

/// The applications that are still to be left in peace.
fn newborn(report: &Report, pagerduty: &PagerDuty) -> BTreeSet<Arn> {
    let is_young = |created| is_young(created, report, pagerduty);
    let young = report
        .applications
        .iter()
        .filter(|row| row.created_at.is_some_and(is_young));
    young.map(|application| application.arn.clone()).collect()
}

#[cfg(test)]
mod tests;
