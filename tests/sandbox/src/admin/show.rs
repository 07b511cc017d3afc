//! `GET`: what is expected, what was called, what `PagerDuty` was told.

use serde_json::{Value, json};

use super::{Wrong, json_of};
use crate::least_calls::LeastCalls;
use crate::organization::{Account, Organization};
use crate::state::{State, lock};

pub(super) const NAMES: [&str; 7] = [
    "applications",
    "calls",
    "expected",
    "least-calls",
    "organization",
    "pagerduty",
    "requests",
];

pub(super) fn show(state: &State, name: &str, query: &[(String, String)]) -> Result<Value, Wrong> {
    let named = |name: &str| query.iter().find(|pair| pair.0 == name);
    match name {
        "applications" => Ok(state.view(applications)),
        "calls" => {
            let mut calls = json_of(&state.counters.calls())?;
            if named("accounts").is_some() {
                let accounts = json_of(&state.counters.accounts())?;
                crate::field::set(&mut calls, "accounts", accounts);
            }
            Ok(calls)
        }
        "expected" => json_of(&state.view(Organization::expected)),
        "least-calls" => {
            let since = named("since").map(|pair| pair.1.parse()).transpose();
            let since = since.map_err(|error| Wrong::Request(format!("since: {error}")))?;
            let least = state.options(|options| {
                state.view(|organization| LeastCalls::count(organization, options, since))
            });
            json_of(&least)
        }
        "organization" => Ok(state.view(organization)),
        "pagerduty" => json_of(&lock(&state.pagerduty).log),
        "requests" => json_of(&*lock(&state.recorded)),
        _ => Err(Wrong::Unknown),
    }
}

fn organization(organization: &Organization) -> Value {
    let account = |account: &Account| {
        json!({
            "id": account.id,
            "name": account.name,
            "team": account.team,
            "state": account.state.as_str(),
            "readable": account.is_readable(),
        })
    };
    json!({
        "id": organization.id,
        "management_account": organization.management_account,
        "auditor_account": organization.auditor_account,
        "teams": crate::TEAMS,
        "accounts": organization.accounts.values().map(account).collect::<Vec<_>>(),
    })
}

fn applications(organization: &Organization) -> Value {
    let of_account = |account: &Account| -> Vec<Value> {
        let rows = account
            .applications
            .iter()
            .flat_map(|(region, applications)| {
                applications.iter().map(move |(id, application)| {
                    json!({
                        "account": account.id,
                        "region": region,
                        "id": id,
                        "arn": application.text("arn"),
                        "name": application.text("name"),
                        "release_label": application.text("releaseLabel"),
                        "type": application.text("type"),
                        "readable": account.is_readable(),
                        "job_runs": application.job_runs.len(),
                        "sessions": application.sessions.len(),
                        "fault": application.planted.as_ref().map(|it| it.fault),
                    })
                })
            });
        rows.collect()
    };
    organization
        .accounts
        .values()
        .flat_map(of_account)
        .collect()
}
