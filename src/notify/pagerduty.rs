//! Sends changes to PagerDuty's Events API v2, within its rate, and tries again where that may help.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::keys::Key;
use super::{Action, Change, Event, Routing};
use crate::config::digest;

/// How many events a minute are sent through one key: PagerDuty takes about 120.
const EVENTS_A_MINUTE: usize = 100;

/// The window of the rate.
const MINUTE: Duration = Duration::from_mins(1);

/// How often one event is tried.
const ATTEMPTS: u32 = 5;

/// How often one is tried that was refused for coming too fast. The rate is that of a minute, and their waits come
/// to two at most.
const ATTEMPTS_AT_RATE: u32 = 9;

/// The longest wait between two attempts, whatever the answer asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How many bytes of an answer are read.
const LONGEST_BODY: usize = 64 * 1024;

/// Why an event was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The key that the incident was opened with can't be had any more.
    #[error("{}", lost(.0))]
    LostKey(String),
    /// The key can't be used.
    #[error("routing key: {reason}")]
    NoKey {
        /// Why.
        reason: String,
        /// Whether it may be usable in a minute.
        is_passing: bool,
    },
    /// It was not tried: an event before it did not get through, or the time was up.
    #[error("owed to the next run: {0}")]
    Owed(&'static str),
    /// PagerDuty refuses the event; trying again would not help.
    #[error("refused with HTTP {status}: {message}")]
    Refused {
        /// The status.
        status: u16,
        /// What PagerDuty says.
        message: String,
    },
    /// No attempt got through.
    #[error("no attempt of {attempts} got through, the last failed with {last}")]
    Unavailable {
        /// How many were made.
        attempts: u32,
        /// What came of the last.
        last: String,
    },
    /// The HTTP client can't be made.
    #[error("no HTTP client: {0}")]
    Client(String),
}

impl DeliveryError {
    /// Whether the next run may have more luck.
    pub fn is_owed(&self) -> bool {
        matches!(
            self,
            Self::Owed(_)
                | Self::Unavailable { .. }
                | Self::NoKey {
                    is_passing: true,
                    ..
                }
        )
    }
}

/// What is said of an incident whose key can't be had any more.
pub(crate) fn lost(key: &str) -> String {
    format!("routing key `{key}` is gone, or another than it was; resolve the incident by hand")
}

/// What became of one change.
pub type Delivery = (Change, Result<(), DeliveryError>);

/// Sends the changes. Keys are served side by side, the events of one key the worst first.
///
/// What has not been sent by the `deadline`, or after an event that did not get through, is owed: the
/// ledger must be saved in time, and the next run sends it.
pub async fn send(
    endpoint: &str,
    changes: Vec<Change>,
    routing: &Routing,
    deadline: Instant,
) -> Vec<Delivery> {
    let client = client(endpoint).build();
    let url = format!("{}/v2/enqueue", endpoint.trim_end_matches('/'));
    let mut by_key: BTreeMap<String, Vec<Change>> = BTreeMap::new();
    for change in changes {
        let queue = by_key.entry(change.routing_key.clone()).or_default();
        queue.push(change);
    }
    let queues = by_key.into_iter().map(|(name, mut changes)| {
        changes.sort_by_key(|change| Reverse(change.severity()));
        let (client, url) = (&client, &url);
        async move {
            let key = match (client, routing.key(&name)) {
                (Err(error), _) => Err(DeliveryError::Client(error.to_string())),
                (_, None) => Err(DeliveryError::LostKey(name)),
                (_, Some(Key::Unasked(_))) => Err(DeliveryError::Owed("its key was not read")),
                (_, Some(Key::Unusable(error))) if error.is_gone() => {
                    Err(DeliveryError::LostKey(name))
                }
                (_, Some(Key::Unusable(error))) => Err(DeliveryError::NoKey {
                    reason: error.to_string(),
                    is_passing: error.is_passing(),
                }),
                (Ok(client), Some(Key::Usable(key))) => Ok(Queue {
                    client,
                    url,
                    key: key.clone(),
                    deadline,
                    sent: VecDeque::new(),
                }),
            };
            send_all(key, changes).await
        }
    });
    join_all(queues).await.into_iter().flatten().collect()
}

/// A client that gives the routing keys to nobody but the endpoint: it follows no redirect, and what goes to this
/// machine itself takes no way round by a proxy.
fn client(endpoint: &str) -> reqwest::ClientBuilder {
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(15))
        .redirect(reqwest::redirect::Policy::none());
    if endpoint.starts_with("https:") {
        client
    } else {
        client.no_proxy()
    }
}

async fn send_all(queue: Result<Queue<'_>, DeliveryError>, changes: Vec<Change>) -> Vec<Delivery> {
    let mut queue = queue;
    let mut deliveries = Vec::new();
    for change in changes {
        let delivery = match &mut queue {
            Ok(queue) => queue.deliver_in_time(&change).await,
            Err(error) => Err(error.clone()),
        };
        if let Err(DeliveryError::Unavailable { .. }) = delivery {
            queue = Err(DeliveryError::Owed(
                "the event before it did not get through",
            ));
        }
        deliveries.push((change, delivery));
    }
    deliveries
}

/// The events of one routing key.
struct Queue<'a> {
    client: &'a reqwest::Client,
    url: &'a str,
    key: String,
    deadline: Instant,
    sent: VecDeque<Instant>,
}

/// What an attempt came to, short of being taken.
enum Failure {
    Final(DeliveryError),
    Passing {
        last: String,
        wait: Option<Duration>,
        is_rate: bool,
    },
}

impl Queue<'_> {
    async fn deliver_in_time(&mut self, change: &Change) -> Result<(), DeliveryError> {
        timeout_at(self.deadline, self.deliver(change))
            .await
            .unwrap_or(Err(DeliveryError::Owed("the time was up")))
    }

    async fn deliver(&mut self, change: &Change) -> Result<(), DeliveryError> {
        if let Action::Resolve { incident, .. } = &change.action
            && let Some(then) = &incident.key_digest
            && *then != digest(&self.key)
        {
            return Err(DeliveryError::LostKey(change.routing_key.clone()));
        }
        let body = self.body(change);
        let (mut attempts, mut most) = (0, ATTEMPTS);
        loop {
            self.pace().await;
            match self.attempt(&body).await {
                Ok(()) => return Ok(()),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing {
                    last,
                    wait,
                    is_rate,
                }) => {
                    if is_rate {
                        most = ATTEMPTS_AT_RATE;
                    }
                    attempts += 1;
                    if attempts >= most {
                        return Err(DeliveryError::Unavailable { attempts, last });
                    }
                    sleep(pause(attempts - 1, wait)).await;
                }
            }
        }
    }

    fn body(&self, change: &Change) -> Value {
        let (action, event) = match &change.action {
            Action::Trigger { event, .. } => ("trigger", serde_json::to_value(event).ok()),
            Action::Resolve { why, .. } => ("resolve", why.as_deref().map(Event::farewell)),
        };
        let mut body = event.unwrap_or_else(|| json!({}));
        if let Some(fields) = body.as_object_mut() {
            fields.insert("routing_key".into(), json!(self.key));
            fields.insert("event_action".into(), json!(action));
            fields.insert("dedup_key".into(), json!(change.dedup_key));
        }
        body
    }

    /// Waits until one more event is within the rate. Attempts count: PagerDuty counts them too.
    async fn pace(&mut self) {
        if self.sent.len() == EVENTS_A_MINUTE
            && let Some(oldest) = self.sent.pop_front()
        {
            sleep_until(oldest + MINUTE).await;
        }
        self.sent.push_back(Instant::now());
    }

    async fn attempt(&self, body: &Value) -> Result<(), Failure> {
        let passing = |last: String, wait, is_rate| Failure::Passing {
            last,
            wait,
            is_rate,
        };
        let sent = self.client.post(self.url).json(body).send().await;
        let answer = sent.map_err(|error| passing(reason(&error), None, false))?;
        let status = answer.status();
        let wait = retry_after(&answer);
        if status == StatusCode::ACCEPTED {
            let body = body_of(answer).await;
            let body = body.map_err(|error| passing(reason(&error), None, false))?;
            return if is_success(&body) {
                Ok(())
            } else {
                let last = "HTTP 202, but not by PagerDuty".to_owned();
                Err(passing(last, wait, false))
            };
        }
        let is_rate = status == StatusCode::TOO_MANY_REQUESTS;
        if is_rate || status == StatusCode::REQUEST_TIMEOUT || status.is_server_error() {
            let last = format!("HTTP {}", status.as_u16());
            return Err(passing(last, wait, is_rate));
        }
        if !status.is_client_error() {
            let last = format!("HTTP {}, which is not PagerDuty's 202", status.as_u16());
            return Err(passing(last, wait, false));
        }
        let text = body_of(answer).await.unwrap_or_default();
        let message = String::from_utf8_lossy(&text)
            .replace(&self.key, "[redacted]")
            .chars()
            .take(500)
            .collect();
        Err(Failure::Final(DeliveryError::Refused {
            status: status.as_u16(),
            message,
        }))
    }
}

/// The body of an answer, or as much of it as anybody would read.
async fn body_of(answer: reqwest::Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut answer = answer;
    let mut body = Vec::new();
    while body.len() < LONGEST_BODY
        && let Some(chunk) = answer.chunk().await?
    {
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Whether the body of a 202 is PagerDuty's own: it says `success`. A proxy may answer anything.
fn is_success(body: &[u8]) -> bool {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let status = answer.as_ref().and_then(|answer| answer.get("status"));
    body.is_empty() || status.and_then(Value::as_str) == Some("success")
}

/// How long to wait after a failed attempt: what was asked for, capped; else twice as long each time. A random
/// half of it keeps runs that were refused together from coming back together.
fn pause(attempt: u32, asked: Option<Duration>) -> Duration {
    let longest = asked
        .unwrap_or(Duration::from_secs(1 << attempt.min(6)))
        .min(LONGEST_WAIT);
    match asked {
        Some(_) => longest + longest.mul_f64(0.1 * fastrand::f64()),
        None => longest.mul_f64(0.5 + 0.5 * fastrand::f64()),
    }
}

/// PagerDuty documents no `Retry-After`; where one comes it is followed.
fn retry_after(answer: &reqwest::Response) -> Option<Duration> {
    let value = answer
        .headers()
        .get(reqwest::header::RETRY_AFTER)?
        .to_str()
        .ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

fn reason(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "a time-out"
    } else if error.is_connect() {
        "no connection"
    } else {
        "a broken connection"
    };
    kind.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_more_than_a_hundred_are_sent_in_a_minute() {
        let client = reqwest::Client::new();
        let mut queue = Queue {
            client: &client,
            url: "",
            key: String::new(),
            deadline: Instant::now(),
            sent: VecDeque::new(),
        };
        let begun = Instant::now();
        for sent in 0..250 {
            queue.pace().await;
            let minutes = begun.elapsed().as_secs_f64() / 60.0;
            assert!(
                (minutes - f64::from(sent / 100)).abs() < 0.01,
                "{sent}: {minutes}"
            );
        }
    }

    #[test]
    fn what_is_asked_for_is_waited_for_but_not_for_ever() {
        for _ in 0..100 {
            let asked = pause(0, Some(Duration::from_secs(7))).as_secs_f64();
            assert!((7.0..7.8).contains(&asked), "{asked}");
            let capped = pause(0, Some(Duration::from_hours(24))).as_secs_f64();
            assert!((30.0..33.1).contains(&capped), "{capped}");
            let backoff = pause(2, None).as_secs_f64();
            assert!((2.0..=4.0).contains(&backoff), "{backoff}");
        }
    }
}
