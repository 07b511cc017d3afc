//! The first run that pages, where many faults are older than it: nobody is paged until somebody chose.

use lineward_rules::Severity;

use super::event::Event;
use super::group::Group;
use super::{Action, Change, Plan, Situation};
use crate::config::FirstRun;
use crate::ledger::{Incident, IncidentState};

/// Holds back what a plan would open, where that is too much for a first run and nobody has chosen yet. One
/// incident says so instead.
pub(super) fn hold(situation: &Situation<'_>, plan: Plan) -> Plan {
    if situation.ledger.paging_since.is_some() || situation.pagerduty.first_run == FirstRun::Page {
        return plan;
    }
    let key = Group::first_run().dedup_key();
    let asked = situation.ledger.incidents.get(&key);
    let asked = asked.filter(|incident| incident.state != IncidentState::Resolved);
    // A run that looks at a part alone knows nothing of how much there is.
    let is_waiting = situation.is_narrowed && asked.is_some();
    if plan.openings <= situation.pagerduty.max_events && !is_waiting {
        return plan;
    }
    let mut plan = plan;
    plan.changes.retain(|change| {
        let is_new = matches!(&change.action, Action::Trigger { is_new: true, .. });
        let is_held = is_new || change.dedup_key == key;
        if is_held {
            plan.incident_of.retain(|_, it| *it != change.dedup_key);
        }
        !is_held
    });
    (plan.held, plan.folded) = (plan.openings, 0);
    let is_taken = asked.is_some_and(|incident| incident.state == IncidentState::Open);
    if !is_waiting && !is_taken {
        let is_new = !asked.is_some_and(Incident::was_taken);
        plan.changes
            .extend(question(situation, key, plan.held, is_new));
    }
    plan
}

/// The incident that asks somebody to choose.
fn question(
    situation: &Situation<'_>,
    dedup_key: String,
    openings: usize,
    is_new: bool,
) -> Option<Change> {
    let routing_key = situation.routing.any()?;
    let event = Event::first_run(openings, situation);
    let at = situation.report.run.started_at;
    let incident = Incident {
        key_digest: situation.routing.digest(&routing_key),
        routing_key: routing_key.clone(),
        state: IncidentState::Open,
        opened_at: at,
        told_at: at,
        findings: std::iter::empty().collect(),
        rules: std::iter::empty().collect(),
        severity: Severity::Medium,
        summary: event.summary().to_owned(),
        is_taken: true,
        is_contested: false,
        not_judged: std::iter::empty().collect(),
    };
    Some(Change {
        dedup_key,
        routing_key,
        action: Action::Trigger {
            event: Box::new(event),
            incident,
            is_new,
            lost_key: None,
        },
    })
}
