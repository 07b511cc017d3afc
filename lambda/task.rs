//! What an event asks for.

use serde_json::Value;

/// What an event asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Audit everything.
    Audit,
}

/// An event that asks for nothing this function does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownEvent(String);

impl std::fmt::Display for UnknownEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}; expected `{{}}`, `{{\"task\": \"audit\"}}` or a scheduled event of EventBridge",
            self.0
        )
    }
}

/// Reads an event: of a schedule (`{}` by default), of a rule (`Scheduled Event`), or by hand.
pub(crate) fn of(event: &Value) -> Result<Task, UnknownEvent> {
    let Some(fields) = event.as_object() else {
        return Err(UnknownEvent("the event is no object".into()));
    };
    let text = |key: &str| {
        fields
            .get(key)
            .map(|value| value.as_str().unwrap_or_default())
    };
    match (text("task"), text("detail-type")) {
        (Some("audit"), _) | (None, Some("Scheduled Event")) => Ok(Task::Audit),
        (None, None) if fields.is_empty() => Ok(Task::Audit),
        (Some(task), _) => Err(UnknownEvent(format!("there is no task `{task}`"))),
        (None, Some(kind)) => Err(UnknownEvent(format!(
            "an event of type `{kind}` is not handled"
        ))),
        (None, None) => Err(UnknownEvent("the event names no `task`".into())),
    }
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
            assert_eq!(of(&event), Ok(Task::Audit), "{event}");
        }
    }

    #[test]
    fn anything_else_is_told_what_is_expected() {
        for event in [
            json!(null),
            json!([]),
            json!({ "task": "x" }),
            json!({ "task": 3 }),
            json!({ "a": 1 }),
            json!({ "detail-type": "EC2 Instance State-change Notification" }),
        ] {
            let error = of(&event).unwrap_err().to_string();
            assert!(error.contains("expected `{}`"), "{error}");
        }
    }
}
