//! Amazon EMR Serverless: REST with JSON.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Call, json};
use crate::SessionsUnknown;
use crate::operation::Service;
use crate::organization::Application;
use crate::refusal::Refusal;
use crate::wire::answer::Answer;

mod list;
mod summary;

pub(super) fn list_applications(call: &Call<'_>) -> Result<Answer, Refusal> {
    admit(call)?;
    let none = BTreeMap::new();
    let here = call.account.applications.get(call.region).unwrap_or(&none);
    list::page(
        call,
        here,
        "applications",
        |it| &it.detail,
        summary::of_application,
    )
}

pub(super) fn get_application(call: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(one("application", &application(call)?.detail))
}

pub(super) fn list_job_runs(call: &Call<'_>) -> Result<Answer, Refusal> {
    let runs = &application(call)?.job_runs;
    list::page(call, runs, "jobRuns", |it| it, summary::of_job_run)
}

pub(super) fn get_job_run(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.target.id(1);
    let run = application(call)?.job_runs.get(id);
    Ok(one("jobRun", run.ok_or_else(|| not_found("Job run", id))?))
}

pub(super) fn list_sessions(call: &Call<'_>) -> Result<Answer, Refusal> {
    know_sessions(call)?;
    let sessions = &application(call)?.sessions;
    list::page(call, sessions, "sessions", |it| it, summary::of_session)
}

pub(super) fn get_session(call: &Call<'_>) -> Result<Answer, Refusal> {
    know_sessions(call)?;
    let id = call.target.id(1);
    let session = application(call)?.sessions.get(id);
    Ok(one(
        "session",
        session.ok_or_else(|| not_found("Session", id))?,
    ))
}

/// Refuses Regions that aren't enabled, and what the account refuses.
fn admit(call: &Call<'_>) -> Result<(), Refusal> {
    if !call.account.is_enabled(call.region) {
        return Err(Refusal::unknown_key(Service::EmrServerless));
    }
    call.admit(call.region)
}

/// Sessions came in 2026: an older endpoint, or a proxy, knows nothing of them.
fn know_sessions(call: &Call<'_>) -> Result<(), Refusal> {
    match call.options.sessions_unknown {
        None => Ok(()),
        Some(SessionsUnknown::Html) => Err(Refusal::Html(404)),
        Some(SessionsUnknown::UnknownOperation) => {
            Err(Refusal::unknown_operation(Service::EmrServerless, ""))
        }
    }
}

fn application<'a>(call: &Call<'a>) -> Result<&'a Application, Refusal> {
    admit(call)?;
    let id = call.target.id(0);
    let here = call.account.applications.get(call.region);
    let application = here.and_then(|it| it.get(id));
    application.ok_or_else(|| not_found("Application", id))
}

fn not_found(what: &str, id: &str) -> Refusal {
    let message = format!("{what} {id} does not exist");
    Refusal::new(404, "ResourceNotFoundException", message)
}

fn one(field: &str, value: &Value) -> Answer {
    json(&BTreeMap::from([(field, value)]))
}
