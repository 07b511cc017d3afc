//! What `PagerDuty` was told, and what is planned to go wrong.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event that was ingested.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Milliseconds since the sandbox started.
    pub at_ms: u64,
    /// Who it was for.
    pub routing_key: String,
    /// `trigger`, `acknowledge` or `resolve`.
    pub action: String,
    /// What it was about; made up where a trigger had none.
    pub dedup_key: String,
    /// The event as it came.
    pub body: Value,
}

/// An incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Incident {
    /// Whose it is.
    pub routing_key: String,
    /// What it is about; a later incident may be about the same.
    pub dedup_key: String,
    /// Whether it is still open.
    pub state: IncidentState,
    /// How many triggers it took.
    pub triggers: u64,
    /// The summary of the last trigger.
    pub summary: String,
    /// The severity of the last trigger.
    pub severity: String,
}

/// The state of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentState {
    /// Nobody has seen to it.
    Triggered,
    /// Somebody sees to it.
    Acknowledged,
    /// It is over.
    Resolved,
}

/// Everything that reached `PagerDuty`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PagerDutyLog {
    /// Each request, whatever became of it.
    pub requests: u64,
    /// Requests that the rate refused.
    pub throttled: u64,
    /// Requests that broke a limit, with the errors that were answered.
    pub rejected: Vec<Vec<String>>,
    /// The events that were ingested, in order.
    pub events: Vec<Event>,
    /// The incidents that they opened, in order.
    pub incidents: Vec<Incident>,
}

/// What goes wrong with the next requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PagerDutyFault {
    /// Answers with a status, and ingests nothing.
    Status(u16),
    /// Answers with a status and a page, as a proxy on the way does, and ingests nothing.
    Proxy(u16),
    /// Sends the request elsewhere with a status, and ingests nothing.
    Redirect(u16),
    /// Closes the connection, and ingests nothing.
    DropBefore,
    /// Ingests the event, and closes the connection without an answer.
    DropAfter,
    /// Never answers, and ingests nothing.
    Hang,
}
