//! Who is told what. Planning is pure; [`pagerduty`] sends.

mod event;
mod first_run;
mod group;
mod keys;
pub mod pagerduty;
mod plan;
mod routing;
mod team;

use std::collections::{BTreeMap, BTreeSet};

use lineward_rules::{Arn, Severity};

use crate::ledger::{Incident, IncidentState};
use crate::report::NotificationProblem;

pub use event::Event;
pub use plan::{Situation, plan};
pub use routing::{Routing, RoutingError, faults};

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

    /// What it is about, in the words of its summary.
    pub fn summary(&self) -> &str {
        match &self.action {
            Action::Trigger { incident, .. } | Action::Resolve { incident, .. } => {
                &incident.summary
            }
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
        /// Whether PagerDuty has not taken it before.
        is_new: bool,
        /// The name of the key that opened the incident, where it can't be told through that any more.
        lost_key: Option<String>,
    },
    /// Everything in it is mended or accepted.
    Resolve {
        /// The incident as it was, told now.
        incident: Incident,
        /// What to remember: nothing, unless another run may still open it.
        remembered: Option<Incident>,
        /// Why nobody looks after it any more, where it isn't that it was mended.
        why: Option<String>,
    },
}

/// The changes of a run, and why some findings page nobody.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What to tell, by dedup key.
    pub changes: Vec<Change>,
    /// The open incident of each finding, as it will be, by the finding's place in the report.
    pub incident_of: BTreeMap<usize, String>,
    /// The groups that page nobody since no routing key is configured for them.
    pub unroutable: Vec<NotificationProblem>,
    /// How many incidents would be opened, each group for itself.
    pub openings: usize,
    /// How many of them are held back, since it is the first run that pages and nobody has chosen yet.
    pub held: usize,
    /// How many groups share the summary incident of their routing key.
    pub folded: usize,
    /// Incidents of which some findings are mended, which is nothing to tell: they are to be told again if
    /// they come back.
    pub shrunk: BTreeMap<String, Incident>,
    /// Applications that are at fault, and too new to page anybody yet.
    pub newborn: BTreeSet<Arn>,
}

impl Plan {
    /// The incidents that are about to be told something, as the ledger is to know them until they are: of
    /// neither kind is it known what PagerDuty took where the run is killed.
    pub fn intents(&self) -> BTreeMap<String, Option<Incident>> {
        let told = self.changes.iter().filter_map(|change| {
            let (Action::Trigger { incident, .. } | Action::Resolve { incident, .. }) =
                &change.action;
            let is_new = matches!(&change.action, Action::Trigger { is_new: true, .. });
            let incident = Incident {
                state: match incident.state {
                    IncidentState::Resolved => return None,
                    IncidentState::Open | IncidentState::Intended => IncidentState::Intended,
                },
                is_taken: incident.was_taken() && !is_new,
                ..incident.clone()
            };
            Some((change.dedup_key.clone(), Some(incident)))
        });
        let shrunk = self
            .shrunk
            .iter()
            .map(|(key, it)| (key.clone(), Some(it.clone())));
        told.chain(shrunk).collect()
    }
}
