//! What an event asks for.

use lineward::config::nearest;
use lineward::fan_out::Batch;
use serde_json::{Map, Value};

/// What an event asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Audit everything.
    Audit {
        /// Whether what is found is recorded as known, and pages nobody.
        baseline: bool,
    },
    /// List the accounts and deal them out.
    Plan,
    /// Walk a batch of accounts.
    Scan(Batch),
    /// Judge what all batches of a run came to.
    Finish {
        /// The run.
        run: String,
        /// Whether what is found is recorded as known, and pages nobody.
        baseline: bool,
    },
    /// Look where these events point.
    Look(Vec<Message>),
}

/// An event of EventBridge, and the message of the queue that brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The message, by which the queue is told that it must come again; nothing where no queue was between.
    pub(crate) id: Option<String>,
    /// The event, or nothing where the message is no JSON.
    pub(crate) event: Option<Value>,
    /// How often the queue has given it, this time with.
    pub(crate) received: u32,
}

/// An event that asks for nothing this function does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownEvent(pub(crate) String);

impl std::fmt::Display for UnknownEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}; expected `{{}}`, `{{\"task\": \"audit\"}}` (or `plan`, `scan`, `finish`), a scheduled event or \
             one of EMR Serverless, or messages of a queue with such events",
            self.0
        )
    }
}

/// Reads an event: of a schedule (`{}` by default), of a rule (`Scheduled Event`), of the state machine, of the
/// queue, or by hand.
pub(crate) fn of(event: &Value) -> Result<Task, UnknownEvent> {
    let Some(fields) = event.as_object() else {
        return Err(UnknownEvent("the event is not an object".into()));
    };
    if let Some(records) = fields.get("Records") {
        return messages(records);
    }
    let text = |key: &str| {
        fields
            .get(key)
            .map(|value| value.as_str().unwrap_or_default())
    };
    match (text("task"), text("detail-type")) {
        (Some("audit"), _) => {
            only(fields, &["task", "baseline"])?;
            let baseline = is_baseline(fields)?;
            Ok(Task::Audit { baseline })
        }
        (None, Some("Scheduled Event")) => Ok(Task::Audit { baseline: false }),
        (None, None) if fields.is_empty() => Ok(Task::Audit { baseline: false }),
        (Some("plan"), _) => only(fields, &["task"]).map(|()| Task::Plan),
        (Some("scan"), _) => serde_json::from_value(event.clone())
            .map(Task::Scan)
            .map_err(|error| UnknownEvent(format!("the batch can't be read: {error}"))),
        (Some("finish"), _) => {
            only(fields, &["task", "run", "baseline", "input"])?;
            let baseline = is_baseline(fields)? || is_baseline(&input(fields)?)?;
            let run = text("run").filter(|run| !run.is_empty());
            let run = run.ok_or_else(|| UnknownEvent("`finish` names no `run`".into()))?;
            Ok(Task::Finish {
                run: run.into(),
                baseline,
            })
        }
        (Some(task), _) => Err(UnknownEvent(format!("there is no task `{task}`"))),
        (None, Some(_)) => Ok(Task::Look(vec![Message {
            id: None,
            event: Some(event.clone()),
            received: 1,
        }])),
        (None, None) => Err(UnknownEvent("the event names no `task`".into())),
    }
}

/// Makes sure that a task has no keys but these: one that is misspelt, or that no task has, would be passed over.
fn only(fields: &Map<String, Value>, known: &[&str]) -> Result<(), UnknownEvent> {
    let Some(wrong) = fields.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(());
    };
    let known = known.iter().filter(|key| **key != "task").copied();
    let meant = nearest(wrong, known.clone());
    let meant = meant.map_or_else(String::new, |key| format!(", did you mean `{key}`?"));
    let known: Vec<_> = known.map(|key| format!("`{key}`")).collect();
    let known = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(" and ")
    };
    Err(UnknownEvent(format!(
        "the task has no key `{wrong}`{meant} (it has {known})"
    )))
}

/// What the state machine was started with.
fn input(fields: &Map<String, Value>) -> Result<Map<String, Value>, UnknownEvent> {
    match fields.get("input") {
        None => Ok(Map::new()),
        Some(Value::Object(input)) => {
            only(input, &["baseline"])?;
            Ok(input.clone())
        }
        Some(_) => Err(UnknownEvent("the `input` is not an object".into())),
    }
}

fn is_baseline(fields: &Map<String, Value>) -> Result<bool, UnknownEvent> {
    match fields.get("baseline") {
        None => Ok(false),
        Some(Value::Bool(baseline)) => Ok(*baseline),
        Some(_) => Err(UnknownEvent(
            "`baseline` is neither `true` nor `false`".into(),
        )),
    }
}

fn messages(records: &Value) -> Result<Task, UnknownEvent> {
    let records = records.as_array().filter(|it| !it.is_empty());
    let records =
        records.ok_or_else(|| UnknownEvent("`Records` is not a list of messages".into()))?;
    let message = |record: &Value| {
        let text = |key: &str| record.get(key).and_then(Value::as_str);
        let id = text("messageId")?.to_owned();
        let event = text("body").and_then(|body| serde_json::from_str(body).ok());
        let received = record.pointer("/attributes/ApproximateReceiveCount");
        let received = received.and_then(Value::as_str);
        Some(Message {
            id: Some(id),
            event,
            received: received.and_then(|it| it.parse().ok()).unwrap_or(1),
        })
    };
    let messages: Option<Vec<_>> = records.iter().map(message).collect();
    messages
        .map(Task::Look)
        .ok_or_else(|| UnknownEvent("a record has no `messageId`".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schedule_and_a_task_ask_for_an_audit() {
        for event in [
            json!({}),
            json!({ "task": "audit" }),
            json!({ "version": "0", "detail-type": "Scheduled Event", "source": "aws.events" }),
        ] {
            assert_eq!(of(&event), Ok(Task::Audit { baseline: false }), "{event}");
        }
        let baseline = json!({ "task": "audit", "baseline": true });
        assert_eq!(of(&baseline), Ok(Task::Audit { baseline: true }));
    }

    #[test]
    fn the_parts_of_a_fan_out_are_told_apart() {
        assert_eq!(of(&json!({ "task": "plan" })), Ok(Task::Plan));
        let finish = of(&json!({ "task": "finish", "run": "r" }));
        let expected = Task::Finish {
            run: "r".into(),
            baseline: false,
        };
        assert_eq!(finish, Ok(expected));
        for (input, baseline) in [(json!({}), false), (json!({ "baseline": true }), true)] {
            let finish = of(&json!({ "task": "finish", "run": "r", "input": input }));
            let expected = Task::Finish {
                run: "r".into(),
                baseline,
            };
            assert_eq!(finish, Ok(expected));
        }
        let batch = json!({
            "task": "scan", "run": "r", "batch": 3, "started_at": "2026-11-23T12:00:00Z",
            "accounts": ["111122223333"],
        });
        assert!(matches!(of(&batch), Ok(Task::Scan(batch)) if batch.batch == 3));
    }

    #[test]
    fn messages_keep_their_ids_even_where_they_hold_nothing() {
        let records = json!({ "Records": [
            { "messageId": "1", "body": "{\"detail-type\":\"x\"}" },
            { "messageId": "2", "body": "no json" },
        ] });
        let Ok(Task::Look(messages)) = of(&records) else {
            panic!("expected messages")
        };
        assert_eq!(messages[0].event, Some(json!({ "detail-type": "x" })));
        assert_eq!(
            (messages[1].id.as_deref(), &messages[1].event),
            (Some("2"), &None)
        );
    }

    #[test]
    fn anything_else_is_told_what_is_expected() {
        for event in [
            json!(null),
            json!([]),
            json!({ "task": "x" }),
            json!({ "task": 3 }),
            json!({ "task": "scan", "run": "r" }),
            json!({ "task": "finish" }),
            json!({ "a": 1 }),
            json!({ "task": "audit", "accounts": ["111122223333"] }),
            json!({ "task": "audit", "baseline": "true" }),
            json!({ "task": "audit", "base_line": true }),
            json!({ "task": "plan", "baseline": true }),
            json!({ "task": "finish", "run": "r", "regions": [] }),
            json!({ "task": "finish", "run": "r", "input": [] }),
            json!({ "task": "finish", "run": "r", "input": { "base_line": true } }),
            json!({ "Records": [] }),
            json!({ "Records": [{}] }),
        ] {
            let error = of(&event).unwrap_err().to_string();
            assert!(error.contains("expected `{}`"), "{error}");
        }
    }
}
