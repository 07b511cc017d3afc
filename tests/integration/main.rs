//! The real binary on the simulated organization: one file for each promise.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod bad_input;
mod canaries;
mod coverage;
mod dead_pager;
mod estates;
mod explain;
mod first_run;
mod harness;
mod hostile;
mod immutable;
mod incidents;
mod interrupted;
mod ledger;
mod lies;
mod members;
mod narrowed;
mod overlap;
mod planted;
mod quiet;
mod reachable;
mod readme;
mod releases;
mod roles;
mod saved;
mod snapshot;
mod switched_off;
