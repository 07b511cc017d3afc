//! Fields of the JSON that AWS's shapes are held in, whatever stands there.

use serde_json::Value;

/// A field that is text, or nothing.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A time of creation in epoch seconds, or the epoch.
pub(crate) fn created_at(value: &Value) -> f64 {
    let created = value.get("createdAt").and_then(Value::as_f64);
    created.unwrap_or(0.0)
}

/// Sets a field, where the value has fields at all.
pub(crate) fn set(value: &mut Value, field: &str, to: Value) {
    if let Some(map) = value.as_object_mut() {
        map.insert(field.into(), to);
    }
}

/// Removes a field, where there is one.
pub(crate) fn remove(value: &mut Value, field: &str) {
    if let Some(map) = value.as_object_mut() {
        map.remove(field);
    }
}
