//! Who is told what. Planning is pure; [`pagerduty`] sends.

mod event;
mod group;
pub mod pagerduty;
mod routing;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lineward_rules::estate::Arn;
use lineward_rules::finding::Failing;
use lineward_rules::{Severity, Status};

use crate::config::{Config, PagerDuty};
use crate::ledger::Incident;
use crate::report::{FindingRow, Report};

pub use event::Event;
use group::Group;
pub use routing::{Routing, RoutingError};

/// What PagerDuty is to be told, and what the ledger is to remember of it once it was.
#[derive(Clone, Debug)]
pub struct Change {
    /// PagerDuty's key for the incident.
    pub dedup_key: String,
    /// The name of the routing key to send through.
    pub routing_key: String,
    /// Open, update or resolve.
    pub action: Action,
}

impl Change {
    /// How bad the incident is; one that is mended comes last.
    fn severity(&self) -> Option<Severity> {
        match &self.action {
            Action::Trigger { incident, .. } => Some(incident.severity),
            Action::Resolve { .. } => None,
        }
    }
}

/// What is to become of an incident.
#[derive(Clone, Debug)]
pub enum Action {
    /// It is opened, or told something new.
    Trigger {
        /// What to send.
        event: Box<Event>,
        /// What to remember.
        incident: Incident,
    },
    /// Everything in it is mended or accepted.
    Resolve {
        /// What it was about.
        summary: String,
    },
}

/// The changes of a run, and why some findings page nobody.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What to tell, by dedup key.
    pub changes: Vec<Change>,
    /// The open incident of each finding, as it will be.
    pub incident_of: BTreeMap<usize, String>,
    /// How many groups page nobody since no routing key is configured for them.
    pub unroutable: usize,
}

/// Plans the changes: incidents that are open, against the findings of this run.
///
/// An incident stays as it is while one of its findings is `unseen` or unknown: it is only resolved by a
/// run that looked everywhere it is about, and could tell.
pub fn plan(
    report: &Report,
    incidents: &BTreeMap<String, Incident>,
    config: &Config,
    pagerduty: &PagerDuty,
    routing: &Routing,
) -> Plan {
    let newborn = newborn(report, pagerduty);
    let mut groups: BTreeMap<Group, Members<'_>> = BTreeMap::new();
    for (index, finding) in report.findings.iter().enumerate() {
        let group = Group::of(finding, pagerduty.group_by, config);
        let members = groups.entry(group).or_default();
        let untold = finding.status.is_open() && finding.verdict == Failing::Unknown;
        if finding.status == Status::Unseen || untold {
            members.held = true;
        } else if pages(finding, pagerduty.min_severity) {
            let young = finding
                .resource
                .application()
                .is_some_and(|arn| newborn.contains(&arn));
            if young {
                members.held = true;
            } else {
                members.open.push((index, finding));
            }
        }
    }
    let mut plan = Plan::default();
    let mut settled = incidents.clone();
    for (group, members) in &groups {
        let known = settled.remove(&group.dedup_key());
        if !members.open.is_empty() {
            plan.trigger(group, members, known.as_ref(), report, routing);
        } else if let Some(incident) = known
            && !members.held
        {
            plan.resolve(group.dedup_key(), incident);
        }
    }
    // Nothing is known any more of what these were about: an earlier run saw it mended, but its
    // message got lost, or findings are grouped otherwise now.
    for (dedup_key, incident) in settled {
        plan.resolve(dedup_key, incident);
    }
    plan
}

impl Plan {
    /// The incidents that are about to be opened, as the ledger is to know them until they are.
    pub fn intents(&self) -> BTreeMap<String, Option<Incident>> {
        let opened = self
            .changes
            .iter()
            .filter_map(|change| match &change.action {
                Action::Trigger { incident, .. } => {
                    let incident = Incident {
                        taken: false,
                        ..incident.clone()
                    };
                    Some((change.dedup_key.clone(), Some(incident)))
                }
                Action::Resolve { .. } => None,
            });
        opened.collect()
    }
}

/// The findings of a group.
#[derive(Default)]
struct Members<'a> {
    open: Vec<(usize, &'a FindingRow)>,
    /// Something in it can't be told, was not looked at or is newborn: its incident must stay.
    held: bool,
}

impl Plan {
    fn resolve(&mut self, dedup_key: String, incident: Incident) {
        let action = Action::Resolve {
            summary: incident.summary,
        };
        self.changes.push(Change {
            dedup_key,
            routing_key: incident.routing_key,
            action,
        });
    }

    fn trigger(
        &mut self,
        group: &Group,
        members: &Members<'_>,
        known: Option<&Incident>,
        report: &Report,
        routing: &Routing,
    ) {
        let dedup_key = group.dedup_key();
        let findings: Vec<_> = members.open.iter().map(|(_, finding)| *finding).collect();
        // An incident is told something new through the key that opened it, while that is known.
        let routed = known.map(|incident| incident.routing_key.clone());
        let routed = routed.filter(|name| routing.key(name).is_some());
        let Some(routing_key) = routed.or_else(|| routing.of(&findings)) else {
            self.unroutable += 1;
            return;
        };
        for (index, _) in &members.open {
            self.incident_of.insert(*index, dedup_key.clone());
        }
        let rules: BTreeSet<_> = findings
            .iter()
            .map(|finding| finding.rule.clone())
            .collect();
        let is_told = |incident: &Incident| {
            let all = |finding: &&FindingRow| incident.findings.contains(&finding.fingerprint);
            incident.taken && incident.rules == rules && findings.iter().all(all)
        };
        if known.is_some_and(is_told) {
            return;
        }
        let event = Event::trigger(group, &findings, report);
        let severity = findings.iter().map(|finding| finding.severity).max();
        let incident = Incident {
            routing_key: routing_key.clone(),
            taken: true,
            opened_at: known.map_or(report.run.started_at, |incident| incident.opened_at),
            findings: findings
                .iter()
                .map(|finding| finding.fingerprint.clone())
                .collect(),
            rules,
            severity: severity.unwrap_or(Severity::Low),
            summary: event.summary().to_owned(),
        };
        let action = Action::Trigger {
            event: Box::new(event),
            incident,
        };
        self.changes.push(Change {
            dedup_key,
            routing_key,
            action,
        });
    }
}

/// Whether a finding pages: what can't be told is for the report alone.
fn pages(finding: &FindingRow, least: Severity) -> bool {
    finding.status.is_open() && finding.verdict == Failing::Fail && finding.severity >= least
}

/// The applications that are still to be left in peace.
fn newborn(report: &Report, pagerduty: &PagerDuty) -> BTreeSet<Arn> {
    let grace_ends = |created: Timestamp| created.saturating_add(pagerduty.grace).ok();
    let is_young = |created| grace_ends(created).is_some_and(|end| end > report.run.started_at);
    let young = report
        .applications
        .iter()
        .filter(|row| row.created_at.is_some_and(is_young));
    young.map(|application| application.arn.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GroupBy;
    use crate::report::ApplicationRow;

    const APPLICATION: &str = "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1";

    fn finding(rule: &str, status: Status) -> FindingRow {
        let mut finding = crate::report::tests::finding(rule, APPLICATION);
        finding.status = status;
        finding
    }

    fn planned(
        findings: Vec<FindingRow>,
        incidents: &BTreeMap<String, Incident>,
        change: impl FnOnce(&mut PagerDuty, &mut Report),
    ) -> Plan {
        let mut report = crate::report::tests::report(findings);
        let key = "[pagerduty]\nrouting_key = 'R0123456789012345678901234567890'\ngrace = '0s'";
        let config: Config = toml::from_str(key).unwrap();
        let mut pagerduty = config.pagerduty.clone().unwrap();
        change(&mut pagerduty, &mut report);
        let routing = Routing::new(&config, &pagerduty).unwrap();
        plan(&report, incidents, &config, &pagerduty, &routing)
    }

    /// The incident that a first run with these findings opens.
    fn opened(findings: Vec<FindingRow>) -> BTreeMap<String, Incident> {
        let plan = planned(findings, &BTreeMap::new(), |_, _| ());
        let changes = plan.changes.into_iter().map(|change| match change.action {
            Action::Trigger { incident, .. } => (change.dedup_key, incident),
            Action::Resolve { .. } => panic!("expected a trigger"),
        });
        changes.collect()
    }

    fn actions(plan: &Plan) -> Vec<&'static str> {
        let action = |change: &Change| match change.action {
            Action::Trigger { .. } => "trigger",
            Action::Resolve { .. } => "resolve",
        };
        plan.changes.iter().map(action).collect()
    }

    #[test]
    fn an_incident_is_told_only_what_is_new() {
        let known = opened(vec![finding("spline-disabled", Status::New)]);
        let again = vec![finding("spline-disabled", Status::Ongoing)];
        assert_eq!(actions(&planned(again, &known, |_, _| ())), [""; 0]);
        let more = vec![
            finding("application-team-missing", Status::New),
            finding("spline-disabled", Status::Ongoing),
        ];
        assert_eq!(actions(&planned(more, &known, |_, _| ())), ["trigger"]);
    }

    #[test]
    fn an_incident_is_resolved_where_all_of_it_was_seen_mended() {
        let known = opened(vec![finding("spline-disabled", Status::New)]);
        let status = |status| planned(vec![finding("spline-disabled", status)], &known, |_, _| ());
        assert_eq!(actions(&status(Status::Resolved)), ["resolve"]);
        assert_eq!(actions(&status(Status::Exempt)), ["resolve"]);
        assert_eq!(actions(&status(Status::Unseen)), [""; 0]);
        let mut unknown = finding("spline-disabled", Status::Ongoing);
        unknown.verdict = Failing::Unknown;
        assert_eq!(actions(&planned(vec![unknown], &known, |_, _| ())), [""; 0]);
    }

    #[test]
    fn another_application_of_a_group_is_told() {
        let by_rule = |findings, known: &BTreeMap<String, Incident>| {
            planned(findings, known, |pagerduty, _| {
                pagerduty.group_by = GroupBy::Rule;
            })
        };
        let first = by_rule(
            vec![finding("spline-disabled", Status::New)],
            &BTreeMap::new(),
        );
        let known = first
            .changes
            .into_iter()
            .filter_map(|change| match change.action {
                Action::Trigger { incident, .. } => Some((change.dedup_key, incident)),
                Action::Resolve { .. } => None,
            });
        let known = known.collect();
        let other = format!("{APPLICATION}2");
        let both = vec![
            finding("spline-disabled", Status::Ongoing),
            crate::report::tests::finding("spline-disabled", &other),
        ];
        assert_eq!(actions(&by_rule(both, &known)), ["trigger"]);
        let one = vec![finding("spline-disabled", Status::Ongoing)];
        assert_eq!(actions(&by_rule(one, &known)), [""; 0]);
    }

    #[test]
    fn an_incident_that_may_not_have_been_taken_is_told_again_or_resolved() {
        let findings = || vec![finding("spline-disabled", Status::Ongoing)];
        let intents = planned(findings(), &BTreeMap::new(), |_, _| ()).intents();
        let known = intents
            .into_iter()
            .filter_map(|(key, incident)| Some((key, incident?)));
        let known = known.collect();
        assert_eq!(
            actions(&planned(findings(), &known, |_, _| ())),
            ["trigger"]
        );
        assert_eq!(
            actions(&planned(Vec::new(), &known, |_, _| ())),
            ["resolve"]
        );
    }

    #[test]
    fn an_incident_that_nothing_is_known_of_is_resolved() {
        let known = opened(vec![finding("spline-disabled", Status::New)]);
        assert_eq!(
            actions(&planned(Vec::new(), &known, |_, _| ())),
            ["resolve"]
        );
    }

    #[test]
    fn a_newborn_application_and_a_low_severity_wait() {
        let findings = || vec![finding("spline-disabled", Status::New)];
        let newborn = planned(findings(), &BTreeMap::new(), |pagerduty, report| {
            pagerduty.grace = jiff::SignedDuration::from_mins(15);
            report.applications = vec![ApplicationRow {
                created_at: Some(report.run.started_at),
                ..crate::report::tests::application(APPLICATION)
            }];
        });
        assert_eq!(actions(&newborn), [""; 0]);
        let minor = planned(findings(), &BTreeMap::new(), |pagerduty, _| {
            pagerduty.min_severity = Severity::Critical;
        });
        assert_eq!(actions(&minor), [""; 0]);
    }

    #[test]
    fn what_can_not_be_told_pages_nobody() {
        let mut unknown = finding("spline-disabled", Status::New);
        unknown.verdict = Failing::Unknown;
        assert_eq!(
            actions(&planned(vec![unknown], &BTreeMap::new(), |_, _| ())),
            [""; 0]
        );
    }

    #[test]
    fn one_incident_is_opened_for_all_faults_of_an_application() {
        let mut run = finding("spline-listener-missing", Status::New);
        run.resource = Arn::from(format!("{APPLICATION}/jobruns/1"));
        let both = vec![finding("spline-disabled", Status::New), run];
        let plan = planned(both, &BTreeMap::new(), |_, _| ());
        assert_eq!(actions(&plan), ["trigger"]);
        assert_eq!(plan.incident_of.len(), 2);
    }
}
