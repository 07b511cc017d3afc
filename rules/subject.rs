//! What a rule is handed, and what a rule is.

pub mod adversary;
pub mod application;
#[cfg(test)]
pub(crate) mod bench;
pub mod configuration;
pub(crate) mod confinement;
pub mod evidence;
pub mod job_run;
pub mod passrole;
pub mod role;
pub mod rule;
pub mod session;
pub mod statement;
pub(crate) mod takeover;
pub mod trust;

pub use rule::{Check, Rule};
