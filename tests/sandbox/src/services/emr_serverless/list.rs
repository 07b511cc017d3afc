//! Lists: pages and filters.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::{Call, json};
use crate::field::{created_at, text};
use crate::refusal::Refusal;
use crate::wire::answer::Answer;
use crate::wire::page;

/// A page of summaries, filtered as the query asks.
pub(super) fn page<V>(
    call: &Call<'_>,
    held: &BTreeMap<String, V>,
    field: &str,
    detail: impl Fn(&V) -> &Value,
    summary: fn(&Value) -> Map<String, Value>,
) -> Result<Answer, Refusal> {
    let asked = match call.target.parameter("maxResults") {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|_| Refusal::validation("maxResults is not a number"))?,
        ),
    };
    call.within(asked, 50)?;
    let size = call.page_size(asked, 50);
    let filter = Filter::read(call)?;
    let token = call.target.parameter("nextToken");
    let page = page::page(held, token, size, false, |_, value| {
        let detail = detail(value);
        filter.admits(detail).then(|| Value::from(summary(detail)))
    });
    let page = page.ok_or_else(|| Refusal::validation("Invalid nextToken"))?;
    let mut body = Map::from_iter([(field.to_owned(), page.items.into())]);
    if let Some(next) = page.next {
        body.insert("nextToken".into(), next.into());
    }
    Ok(json(&body))
}

/// What a list leaves out.
struct Filter<'a> {
    states: Vec<&'a str>,
    mode: Option<&'a str>,
    after: f64,
    before: f64,
}

impl<'a> Filter<'a> {
    fn read(call: &'a Call<'_>) -> Result<Self, Refusal> {
        let time = |name: &str, default: f64| match call.target.parameter(name) {
            None => Ok(default),
            Some(text) => seconds(text)
                .ok_or_else(|| Refusal::validation(format!("{name} is not a timestamp"))),
        };
        Ok(Self {
            states: call.target.parameters_named("states").collect(),
            mode: call.target.parameter("mode"),
            after: time("createdAtAfter", f64::MIN)?,
            before: time("createdAtBefore", f64::MAX)?,
        })
    }

    fn admits(&self, detail: &Value) -> bool {
        let (state, created) = (text(detail, "state"), created_at(detail));
        (self.states.is_empty() || self.states.contains(&state))
            && self.mode.is_none_or(|mode| text(detail, "mode") == mode)
            && self.after <= created
            && created <= self.before
    }
}

/// A time in a query string is ISO 8601; some clients send epoch seconds.
fn seconds(text: &str) -> Option<f64> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_duration().as_secs_f64());
    }
    text.parse()
        .ok()
        .filter(|seconds: &f64| seconds.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(seconds("1970-01-01T00:01:00.5Z"), Some(60.5));
        assert_eq!(seconds("60.5"), Some(60.5));
        assert_eq!(seconds("yesterday"), None);
        assert_eq!(seconds("inf"), None);
    }

    #[test]
    fn a_filter_holds_for_all_that_it_names() {
        let filter = Filter {
            states: vec!["SUCCESS", "FAILED"],
            mode: Some("BATCH"),
            after: 10.0,
            before: 20.0,
        };
        let run = |state: &str, mode: &str, created: f64| serde_json::json!({ "state": state, "mode": mode, "createdAt": created });
        assert!(filter.admits(&run("FAILED", "BATCH", 10.0)));
        assert!(!filter.admits(&run("RUNNING", "BATCH", 15.0)));
        assert!(!filter.admits(&run("FAILED", "STREAMING", 15.0)));
        assert!(!filter.admits(&run("FAILED", "BATCH", 9.9)));
        assert!(!filter.admits(&run("FAILED", "BATCH", 20.1)));
    }
}
