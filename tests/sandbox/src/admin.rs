//! The sandbox's own controls over HTTP, for processes that don't hold it.

use hyper::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::state::State;
use crate::wire::answer::Answer;
use crate::wire::percent;
use crate::wire::request::Request;

mod change;
mod show;

/// Answers anything below `/_sandbox/`.
pub(crate) fn answer(state: &State, request: &Request) -> Answer {
    let name = request
        .path
        .trim_start_matches("/_sandbox")
        .trim_matches('/');
    let query = percent::query(&request.query);
    let answer = match (&request.method, name) {
        (&Method::GET, name) => show::show(state, name, &query),
        (&Method::POST, name) => change::change(state, name, request),
        _ => Err(Wrong::Unknown),
    };
    match answer {
        Ok(body) => Answer::json(StatusCode::OK, &body),
        Err(Wrong::Unknown) => {
            let body = json!({ "show": show::NAMES, "change": change::NAMES });
            Answer::json(StatusCode::NOT_FOUND, &body)
        }
        Err(Wrong::Request(message)) => {
            Answer::json(StatusCode::BAD_REQUEST, &json!({ "message": message }))
        }
    }
}

/// Why a control did nothing.
#[derive(Debug)]
enum Wrong {
    Unknown,
    Request(String),
}

/// Reads the body; an empty one is an object without fields.
fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Wrong> {
    let body: &[u8] = if request.body.is_empty() {
        b"{}"
    } else {
        &request.body
    };
    serde_json::from_slice(body).map_err(|error| Wrong::Request(error.to_string()))
}

fn json_of(value: &impl serde::Serialize) -> Result<Value, Wrong> {
    serde_json::to_value(value).map_err(|error| Wrong::Request(error.to_string()))
}
