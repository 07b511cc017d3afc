//! What Lineward judges, as pure functions: an estate and settings go in, findings come out.
//!
//! No clock, no network, no AWS SDK: what a rule may know is in the [`estate`] and the [`settings`].
//!
//! The rooms stand in the order in which they import each other: each imports those below it alone.

pub mod judge;

pub mod catalogue;

pub mod subject;

pub mod graph;

pub mod remedy;

pub mod lineage;

pub mod iam;

pub mod secrets;

pub mod settings;

pub mod finding;

pub mod spark;

pub mod estate;

pub use estate::{Account, AccountId, Application, Arn, Region, Slice};
pub use finding::{Failing, Finding, Fingerprint, Remediation, RuleId, Severity, Status, Verdict};
pub use judge::{Judgement, judge, sort_findings};
pub use settings::{Context, Exemption, Policy};
pub use subject::rule::{Check, Rule};
