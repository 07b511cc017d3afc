//! What PagerDuty accepts as an event.

use hyper::StatusCode;
use serde_json::Value;

use crate::field::text;

/// "512 KB": the smaller of its two readings, so that what passes here passes there.
const LARGEST: usize = 512_000;
const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

/// Reads an event, or says all that is wrong with it.
pub(super) fn check(body: &[u8]) -> Result<Value, (StatusCode, Vec<String>)> {
    if body.len() > LARGEST {
        let error = format!("Event is {} bytes, and may be {LARGEST}", body.len());
        return Err((StatusCode::PAYLOAD_TOO_LARGE, vec![error]));
    }
    let Ok(event) = serde_json::from_slice::<Value>(body) else {
        let error = "Event is not JSON".to_owned();
        return Err((StatusCode::BAD_REQUEST, vec![error]));
    };
    let errors = errors(&event);
    if errors.is_empty() {
        Ok(event)
    } else {
        Err((StatusCode::BAD_REQUEST, errors))
    }
}

fn errors(event: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    let mut refuse = |when: bool, error: &str| {
        if when {
            errors.push(error.to_owned());
        }
    };
    let routing_key = text(event, "routing_key");
    let plain = routing_key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    refuse(
        routing_key.len() != 32 || !plain,
        "Length of 'routing_key' is incorrect (should be 32 characters)",
    );
    let dedup_key = event.get("dedup_key").unwrap_or(&Value::Null);
    let dedup_length = dedup_key.as_str().map_or(0, |key| key.chars().count());
    refuse(
        !dedup_key.is_null() && !dedup_key.is_string(),
        "'dedup_key' is not text",
    );
    refuse(
        dedup_length > 255,
        "'dedup_key' is longer than 255 characters",
    );
    match text(event, "event_action") {
        "trigger" => {
            let payload = event.get("payload").unwrap_or(&Value::Null);
            of_payload(payload, &mut refuse);
        }
        "acknowledge" | "resolve" => refuse(dedup_length == 0, "'dedup_key' is missing or blank"),
        _ => refuse(
            true,
            "'event_action' is not trigger, acknowledge or resolve",
        ),
    }
    for (field, of_each) in [("links", "href"), ("images", "src")] {
        let Some(list) = event.get(field) else {
            continue;
        };
        let well = |item: &Value| text(item, of_each).starts_with("http");
        let well = list.as_array().is_some_and(|it| it.iter().all(well));
        refuse(
            !well,
            &format!("'{field}' is not a list of objects with '{of_each}'"),
        );
    }
    errors
}

fn of_payload(payload: &Value, refuse: &mut impl FnMut(bool, &str)) {
    let length = text(payload, "summary").chars().count();
    refuse(length == 0, "'payload.summary' is missing or blank");
    refuse(
        length > 1024,
        "'payload.summary' is longer than 1024 characters",
    );
    refuse(
        text(payload, "source").is_empty(),
        "'payload.source' is missing or blank",
    );
    refuse(
        !SEVERITIES.contains(&text(payload, "severity")),
        "'payload.severity' is invalid (must be one of: critical, warning, error, info)",
    );
    for field in ["timestamp", "component", "group", "class"] {
        let well = payload.get(field).is_none_or(Value::is_string);
        refuse(!well, &format!("'payload.{field}' is not text"));
    }
    let details = payload.get("custom_details");
    refuse(
        details.is_some_and(|it| !it.is_object()),
        "'payload.custom_details' is not an object",
    );
}
