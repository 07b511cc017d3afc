//! Evaluates the requests of `tests/oracle`, one JSON object a line, as the oracle does.
//!
//! With `--print`, reads policies and prints them back instead.
#![expect(clippy::print_stdout, reason = "a filter prints")]

mod case;

use std::io::{self, BufRead as _};

use case::Case;
use lineward_rules::iam::Document;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Policy {
    id: String,
    policy: Value,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let print = std::env::args().nth(1).as_deref() == Some("--print");
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = if print {
            let policy: Policy = serde_json::from_str(&line)?;
            match Document::from_value(&policy.policy) {
                Ok(document) => json!({ "id": policy.id, "policy": document.to_value() }),
                Err(error) => json!({ "id": policy.id, "error": error.to_string() }),
            }
        } else {
            let case: Case = serde_json::from_str(&line)?;
            match case.verdict() {
                Ok(verdict) => json!({ "id": case.id, "result": verdict }),
                Err(error) => json!({ "id": case.id, "error": error.to_string() }),
            }
        };
        println!("{answer}");
    }
    Ok(())
}
