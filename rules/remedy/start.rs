//! What a job or session is to be started with the next time.
//!
//! The commands start nothing: whether a job may run twice is for its owner to say. They write the request that
//! starts it, made of what it was last started with.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::json;

use super::change::{self, EDITING, demand, jq, note, step, variables};
use super::emr::shell;
use crate::estate::{Configuration, JobRun, Session};
use crate::finding::{Edit, Remediation, ShellParameter, Template};
use crate::secrets::is_hidden;

/// A parameter of a job that is to be another.
#[derive(Clone, Debug)]
pub enum Parameter<'a> {
    /// `sparkSubmitParameters`.
    Submit(String),
    /// Edits of the classifications that override the application's.
    Edits(&'a [Edit]),
    /// The entry point.
    EntryPoint(Template),
    /// A tag.
    Tag(&'a str, Template),
    /// The execution timeout in minutes.
    Timeout(i64),
    /// The execution role.
    ExecutionRole(Template),
}

/// What starts a job again with other parameters, and all else as before.
pub fn start_with(run: &JobRun, parameters: &[Parameter<'_>]) -> Remediation {
    if parameters.is_empty() {
        return Remediation::default();
    }
    let mut asked = BTreeSet::new();
    let mut steps = vec![
        ".jobRun | {applicationId, executionRoleArn: .executionRole, jobDriver, configurationOverrides, tags, \
         executionTimeoutMinutes, name, mode, retryPolicy}"
            .to_owned(),
    ];
    let mut notes = String::new();
    for parameter in parameters {
        let (place, value) = match parameter {
            Parameter::Submit(text) => {
                let value = submitted(text, &mut notes);
                (
                    ".jobDriver.sparkSubmit.sparkSubmitParameters".to_owned(),
                    value,
                )
            }
            Parameter::Edits(edits) => {
                asked.extend(edits.iter().flat_map(change::asked));
                notes.extend(edits.iter().filter_map(note));
                steps.push(overriding(
                    ".configurationOverrides.applicationConfiguration",
                    edits,
                ));
                continue;
            }
            Parameter::EntryPoint(path) => {
                (".jobDriver.sparkSubmit.entryPoint".to_owned(), path.clone())
            }
            Parameter::Tag(key, value) => (format!(".tags[{}]", json!(key)), value.clone()),
            Parameter::Timeout(minutes) => {
                steps.push(format!(".executionTimeoutMinutes = {minutes}"));
                continue;
            }
            Parameter::ExecutionRole(role) => (".executionRoleArn".to_owned(), role.clone()),
        };
        asked.extend(value.all_asked().cloned());
        steps.push(format!("{place} = {}", jq(&value)));
    }
    let read = format!(
        "aws emr-serverless get-job-run --region {} --application-id {} --job-run-id {} --output json",
        shell(run.region.as_str()),
        shell(&run.application_id),
        shell(&run.id)
    );
    let what = format!("the job {}", run.job());
    request(&what, "start-job-run", &read, &steps, &asked, &notes)
}

/// What starts a session again with another configuration, and all else as before.
pub fn open_with(session: &Session, edits: &[Edit]) -> Remediation {
    if edits.is_empty() {
        return Remediation::default();
    }
    let steps = [
        ".session | {applicationId, executionRoleArn, configurationOverrides, tags, name, idleTimeoutMinutes}"
            .to_owned(),
        overriding(".configurationOverrides.runtimeConfiguration", edits),
    ];
    let read = format!(
        "aws emr-serverless get-session --region {} --application-id {} --session-id {} --output json",
        shell(session.region.as_str()),
        shell(&session.application_id),
        shell(&session.id)
    );
    let what = format!("the session {}", session.kind());
    let asked = edits.iter().flat_map(change::asked).collect();
    let notes: String = edits.iter().filter_map(note).collect();
    request(&what, "start-session", &read, &steps, &asked, &notes)
}

fn request(
    what: &str,
    operation: &str,
    read: &str,
    steps: &[String],
    asked: &BTreeSet<ShellParameter>,
    notes: &str,
) -> Remediation {
    let what: String = what.chars().filter(|letter| !letter.is_control()).collect();
    let mut aws_cli = format!("# writes what to start {what} with; starts nothing\n{notes}");
    aws_cli.push_str(&demand(asked));
    let variables = variables(asked);
    let steps = steps.join(" |\n  ");
    let editing = if steps.contains("at(") { EDITING } else { "" };
    let program = format!("{editing}{steps} |\n  with_entries(select(.value != null))");
    // Writing to a string can't fail.
    let _ = write!(
        aws_cli,
        "(umask 077; {read} |\njq {variables}{} > {operation}.json) &&\n\
         echo 'aws emr-serverless {operation} --cli-input-json file://{operation}.json'",
        shell(&program)
    );
    Remediation {
        aws_cli,
        terraform: String::new(),
    }
}

/// The value, or, where Lineward doesn't know all of it, a parameter for it.
fn known(value: &str, key: &str, place: usize) -> Template {
    if is_hidden(value) {
        return Template::asked(&format!("VALUE_{place}"), &format!("the value of {key}"));
    }
    value.into()
}

/// The text, or, where Lineward doesn't know all of it, a parameter for it.
fn submitted(text: &str, notes: &mut String) -> Template {
    if !is_hidden(text) {
        return text.into();
    }
    let shown: String = text.chars().filter(|letter| !letter.is_control()).collect();
    // Writing to a string can't fail.
    let _ = writeln!(notes, "# with the values that are hidden here: {shown}");
    Template::asked("SPARK_SUBMIT_PARAMETERS", "the line above")
}

fn overriding(place: &str, edits: &[Edit]) -> String {
    let steps: Vec<_> = edits.iter().map(step).collect();
    format!("{place} = (({place} // []) | {})", steps.join(" | "))
}

/// What makes of one configuration the other.
pub fn edits_between(before: &[Configuration], after: &[Configuration]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for of in after {
        let mut held = before.iter();
        let held = held.rfind(|held| held.classification == of.classification);
        let held = held.map(|held| &held.properties);
        for (key, value) in &of.properties {
            if held.and_then(|held| held.get(key)) != Some(value) {
                let place = edits.len() + 1;
                edits.push(Edit::Set {
                    classification: of.classification.clone(),
                    key: key.clone(),
                    value: known(value, key, place),
                });
            }
        }
        let gone = held.into_iter().flatten();
        let gone = gone.filter(|(key, _)| !of.properties.contains_key(*key));
        edits.extend(gone.map(|(key, _)| Edit::Unset {
            classification: of.classification.clone(),
            key: key.clone(),
        }));
    }
    edits
}
