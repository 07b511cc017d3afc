//! Rules and nothing else: one file a rule, whose path is its id.

mod account;
mod application;
mod assume;
mod boundary;
mod condition;
mod configuration;
mod configured;
mod execution_role;
mod exemption;
mod interactive_endpoint;
mod job_run;
mod lineage;
mod list;
pub mod page;
mod passrole;
mod policy;
mod role;
mod scope;
mod session;
mod spline;
mod team_tag;
mod trust;

pub use configured::{ConfiguredExemption, ConfiguredRules, KnownRule, by_known_rule};
pub(crate) use passrole::unreliable;
pub(crate) use role::untagged;
pub(crate) use session::spoofable;

pub use list::{find, known, lineage_checks, rules};
