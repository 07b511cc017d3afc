//! PagerDuty's Events API v2, with the limits that it documents.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::field::text;
use crate::wire::answer::Answer;

mod limits;
mod log;

pub use log::{Event, Incident, IncidentState, PagerDutyFault, PagerDutyLog};

/// The longest time that counts towards the rate.
const WINDOW: Duration = Duration::from_mins(1);

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Reaction {
    Answer(Answer),
    Drop,
    Hang,
}

/// PagerDuty itself.
#[derive(Debug, Default)]
pub(crate) struct PagerDuty {
    pub(crate) log: PagerDutyLog,
    pub(crate) faults: VecDeque<PagerDutyFault>,
    ingested: BTreeMap<String, VecDeque<Duration>>,
    open: BTreeMap<(String, String), usize>,
}

impl PagerDuty {
    /// Takes `POST /v2/enqueue`. `now` is the age of the sandbox.
    pub(crate) fn enqueue(&mut self, body: &[u8], now: Duration, rate: usize) -> Reaction {
        self.log.requests += 1;
        match self.faults.pop_front() {
            None => Reaction::Answer(self.take(body, now, rate)),
            Some(PagerDutyFault::Hang) => Reaction::Hang,
            Some(PagerDutyFault::DropBefore) => Reaction::Drop,
            Some(PagerDutyFault::DropAfter) => {
                self.take(body, now, rate);
                Reaction::Drop
            }
            Some(PagerDutyFault::Proxy(status)) => Reaction::Answer(Answer::html(code(status))),
            Some(PagerDutyFault::Redirect(status)) => {
                let answer = Answer::html(code(status));
                Reaction::Answer(answer.with("location", "/v2/enqueue?elsewhere"))
            }
            Some(PagerDutyFault::Status(status)) => {
                let status = code(status);
                let body = json!({ "status": "error", "message": "planted fault" });
                Reaction::Answer(Answer::json(status, &body))
            }
        }
    }

    fn take(&mut self, body: &[u8], now: Duration, rate: usize) -> Answer {
        let event = match limits::check(body) {
            Ok(event) => event,
            Err((status, errors)) => return self.reject(status, errors),
        };
        if !self.within_rate(text(&event, "routing_key"), now, rate) {
            self.log.throttled += 1;
            let message = "Requests for this service are arriving too quickly. Please retry later.";
            let body = json!({ "status": "throttle exceeded", "message": message });
            return Answer::json(StatusCode::TOO_MANY_REQUESTS, &body);
        }
        let dedup_key = self.ingest(event, now);
        let body = json!({
            "status": "success", "message": "Event processed", "dedup_key": dedup_key,
        });
        Answer::json(StatusCode::ACCEPTED, &body)
    }

    fn reject(&mut self, status: StatusCode, errors: Vec<String>) -> Answer {
        let message = "Event object is invalid";
        let body = json!({ "status": "invalid event", "message": message, "errors": errors });
        self.log.rejected.push(errors);
        Answer::json(status, &body)
    }

    /// Counts what was ingested for the key in the last 60 seconds.
    fn within_rate(&mut self, routing_key: &str, now: Duration, rate: usize) -> bool {
        let times = self.ingested.entry(routing_key.into()).or_default();
        while times
            .front()
            .is_some_and(|time| now.saturating_sub(*time) >= WINDOW)
        {
            times.pop_front();
        }
        let within = times.len() < rate;
        if within {
            times.push_back(now);
        }
        within
    }

    /// Opens, updates or resolves an incident; what resolves nothing is dropped without a word.
    fn ingest(&mut self, event: Value, now: Duration) -> String {
        let routing_key = text(&event, "routing_key").to_owned();
        let action = text(&event, "event_action").to_owned();
        let dedup_key = match text(&event, "dedup_key") {
            "" => format!("sandbox-{}", self.log.events.len()),
            given => given.into(),
        };
        let key = (routing_key.clone(), dedup_key.clone());
        match action.as_str() {
            "trigger" => self.trigger(key, &event),
            "resolve" => {
                if let Some(incident) = self.open.remove(&key) {
                    self.set(incident, IncidentState::Resolved);
                }
            }
            _ => {
                if let Some(incident) = self.open.get(&key) {
                    self.set(*incident, IncidentState::Acknowledged);
                }
            }
        }
        self.log.events.push(Event {
            at_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            routing_key,
            action,
            dedup_key: dedup_key.clone(),
            body: event,
        });
        dedup_key
    }

    fn trigger(&mut self, key: (String, String), event: &Value) {
        let of_payload = |field| {
            let payload = event.get("payload").unwrap_or(&Value::Null);
            text(payload, field).to_owned()
        };
        let (summary, severity) = (of_payload("summary"), of_payload("severity"));
        if let Some(incident) = self.open.get(&key) {
            if let Some(incident) = self.log.incidents.get_mut(*incident) {
                incident.triggers += 1;
                (incident.summary, incident.severity) = (summary, severity);
            }
            return;
        }
        self.log.incidents.push(Incident {
            routing_key: key.0.clone(),
            dedup_key: key.1.clone(),
            state: IncidentState::Triggered,
            triggers: 1,
            summary,
            severity,
        });
        self.open.insert(key, self.log.incidents.len() - 1);
    }

    fn set(&mut self, incident: usize, state: IncidentState) {
        if let Some(incident) = self.log.incidents.get_mut(incident) {
            incident.state = state;
        }
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY)
}

#[cfg(test)]
mod tests;
