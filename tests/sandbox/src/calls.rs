//! What was called, how often, and how many at once.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::Serialize;

use crate::operation::Operation;
use crate::state::lock;
use crate::wire::request::Request;

/// The AWS calls since the start, or since the last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// All of them, the refused ones among them.
    pub total: u64,
    /// Those that met a quota.
    pub throttled: u64,
    /// Those that ended in a server error.
    pub failed: u64,
    /// Calls that are being answered now.
    pub in_flight: u64,
    /// The most that were being answered at once.
    pub peak_in_flight: u64,
    /// Calls by `service:Operation`.
    pub operations: BTreeMap<String, u64>,
}

/// A request as it came, for replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query, as they came.
    pub path: String,
    /// The headers that matter to the answer.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

const RECORDED_HEADERS: [&str; 4] = [
    "authorization",
    "content-type",
    "x-amz-security-token",
    "x-amz-target",
];

impl RecordedRequest {
    pub(crate) fn of(request: &Request) -> Self {
        let query = if request.query.is_empty() { "" } else { "?" };
        let headers = RECORDED_HEADERS.iter().filter_map(|name| {
            let value = request.header(name);
            (!value.is_empty()).then(|| ((*name).into(), value.into()))
        });
        Self {
            method: request.method.to_string(),
            path: format!("{}{query}{}", request.path, request.query),
            headers: headers.collect(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
        }
    }
}

/// How a call ended, where that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Throttled,
    Failed,
}

type Counts = BTreeMap<Operation, u64>;

#[derive(Debug, Default)]
struct Tally {
    totals: Calls,
    operations: Counts,
    accounts: BTreeMap<String, Counts>,
}

/// The counters behind [`Calls`].
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Tally>);

/// A call that is being answered; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight<'a>(&'a Counters);

impl Counters {
    pub(crate) fn enter(&self, operation: Operation) -> InFlight<'_> {
        let mut tally = lock(&self.0);
        tally.totals.total += 1;
        tally.totals.in_flight += 1;
        tally.totals.peak_in_flight = tally.totals.peak_in_flight.max(tally.totals.in_flight);
        *tally.operations.entry(operation).or_default() += 1;
        InFlight(self)
    }

    pub(crate) fn charge(&self, account: &str, operation: Operation) {
        let mut tally = lock(&self.0);
        if !tally.accounts.contains_key(account) {
            tally.accounts.insert(account.into(), Counts::new());
        }
        if let Some(counts) = tally.accounts.get_mut(account) {
            *counts.entry(operation).or_default() += 1;
        }
    }

    pub(crate) fn end(&self, end: End) {
        let mut tally = lock(&self.0);
        match end {
            End::Throttled => tally.totals.throttled += 1,
            End::Failed => tally.totals.failed += 1,
        }
    }

    pub(crate) fn calls(&self) -> Calls {
        let tally = lock(&self.0);
        Calls {
            operations: named(&tally.operations),
            ..tally.totals.clone()
        }
    }

    pub(crate) fn accounts(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let tally = lock(&self.0);
        let of_account = |(account, counts): (&String, &Counts)| (account.clone(), named(counts));
        tally.accounts.iter().map(of_account).collect()
    }

    /// Starts anew, but for the calls that are being answered.
    pub(crate) fn reset(&self) {
        let mut tally = lock(&self.0);
        let in_flight = tally.totals.in_flight;
        *tally = Tally::default();
        tally.totals.in_flight = in_flight;
        tally.totals.peak_in_flight = in_flight;
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        lock(&self.0.0).totals.in_flight -= 1;
    }
}

fn named(counts: &Counts) -> BTreeMap<String, u64> {
    counts
        .iter()
        .map(|(operation, count)| (operation.to_string(), *count))
        .collect()
}
