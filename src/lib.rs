//! Lineward: audits the Spline lineage and the team boundaries of EMR Serverless in every account of
//! an AWS organization.

pub mod audit;
pub mod causes;
pub mod collect;
pub mod config;
mod digest;
pub mod events;
pub mod fan_out;
pub mod history;
mod journal;
pub mod ledger;
pub mod notify;
pub mod report;
pub mod snapshot;
pub mod source;
pub mod store;

pub use lineward_rules::estate;
