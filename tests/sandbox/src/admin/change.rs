//! `POST`: mends and breaks applications, shuts and opens accounts, plants faults on the way.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Wrong, read};
use crate::organization::Access;
use crate::pagerduty::{PagerDuty, PagerDutyFault};
use crate::state::{State, lock};
use crate::wire::request::Request;
use crate::{Fault, Options};

pub(super) const NAMES: [&str; 8] = [
    "create-application",
    "delete-application",
    "mend",
    "options",
    "pagerduty/faults",
    "pagerduty/reset",
    "plant",
    "reset-calls",
];

/// An application, and what to plant in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneApplication {
    application: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plant {
    application: String,
    fault: Fault,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    account: String,
    region: String,
    fault: Option<Fault>,
}

/// What the next requests to `PagerDuty` meet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    /// What they meet, or nothing, to forget what was planned.
    fault: Option<PagerDutyFault>,
    /// How many of them.
    #[serde(default = "one")]
    next: usize,
}

fn one() -> usize {
    1
}

/// What is to be changed of the options and accounts; the rest stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    latency_ms: Option<u64>,
    error_rate: Option<f64>,
    quotas: Option<bool>,
    /// 0 for none.
    page_size: Option<usize>,
    record: Option<bool>,
    organizations_denied: Option<bool>,
    organizations_not_in_use: Option<bool>,
    list_regions_denied: Option<bool>,
    /// All that lie, in place of those that do.
    lies: Option<Vec<crate::Lie>>,
    pagerduty_rate: Option<usize>,
    /// Accounts that open.
    #[serde(default)]
    open: Vec<String>,
    /// Accounts whose role can't be assumed any more.
    #[serde(default)]
    deny: Vec<String>,
    /// Accounts whose `AssumeRole` is never answered any more.
    #[serde(default)]
    hang: Vec<String>,
}

pub(super) fn change(state: &State, name: &str, request: &Request) -> Result<Value, Wrong> {
    match name {
        "create-application" => create(state, &read(request)?),
        "delete-application" => {
            let OneApplication { application } = read(request)?;
            Ok(done(state.update(|it| it.delete_application(&application))))
        }
        "mend" => {
            let OneApplication { application } = read(request)?;
            let mend = |it: &mut crate::Application| it.mend();
            Ok(done(state.update(|it| {
                it.application_mut(&application).is_some_and(mend)
            })))
        }
        "plant" => {
            let Plant { application, fault } = read(request)?;
            let plant = |it: &mut crate::Application| it.plant(fault);
            Ok(done(state.update(|it| {
                it.application_mut(&application).is_some_and(plant)
            })))
        }
        "options" => options(state, read(request)?),
        "pagerduty/faults" => {
            let Faults { fault, next } = read(request)?;
            let planned = &mut lock(&state.pagerduty).faults;
            match fault {
                None => planned.clear(),
                Some(fault) => planned.extend(std::iter::repeat_n(fault, next)),
            }
            Ok(json!({ "planned": planned.len() }))
        }
        "pagerduty/reset" => {
            *lock(&state.pagerduty) = PagerDuty::default();
            Ok(done(true))
        }
        "reset-calls" => {
            state.counters.reset();
            lock(&state.recorded).clear();
            Ok(done(true))
        }
        _ => Err(Wrong::Unknown),
    }
}

fn done(done: bool) -> Value {
    json!({ "done": done })
}

fn create(state: &State, asked: &Create) -> Result<Value, Wrong> {
    let id = state.options(|options: &Options| {
        state.update(|organization| {
            let id = organization.create_application(&asked.account, &asked.region, options)?;
            if let (Some(fault), Some(created)) = (asked.fault, organization.application_mut(&id)) {
                created.plant(fault);
            }
            Some(id)
        })
    });
    let unknown = || Wrong::Request(format!("no account {}", asked.account));
    Ok(json!({ "application": id.ok_or_else(unknown)? }))
}

fn options(state: &State, changes: Changes) -> Result<Value, Wrong> {
    state.set_options(|options| {
        let set = |option: &mut bool, to: Option<bool>| *option = to.unwrap_or(*option);
        set(&mut options.quotas, changes.quotas);
        set(&mut options.record, changes.record);
        set(
            &mut options.organizations_denied,
            changes.organizations_denied,
        );
        set(
            &mut options.organizations_not_in_use,
            changes.organizations_not_in_use,
        );
        set(
            &mut options.list_regions_denied,
            changes.list_regions_denied,
        );
        if let Some(lies) = changes.lies {
            options.lies = lies;
        }
        options.latency_ms = changes.latency_ms.unwrap_or(options.latency_ms);
        options.error_rate = changes.error_rate.unwrap_or(options.error_rate);
        let page_size = changes.page_size.or(options.page_size);
        options.page_size = page_size.filter(|size| *size > 0);
        options.pagerduty_rate = changes.pagerduty_rate.unwrap_or(options.pagerduty_rate);
    });
    let accesses = [
        (changes.open, Access::Open),
        (changes.deny, Access::AssumeDenied),
        (changes.hang, Access::AssumeHangs),
    ];
    let set = accesses
        .into_iter()
        .flat_map(|(ids, to)| ids.into_iter().map(move |id| (id, to)));
    let set: Vec<_> = set.collect();
    state.update(|organization| {
        for (id, access) in set {
            let account = organization.accounts.get_mut(&id);
            let account = account.ok_or_else(|| Wrong::Request(format!("no account {id}")))?;
            account.access = access;
        }
        Ok(done(true))
    })
}
