//! What Lineward judges, as pure functions: an estate and a policy go in, findings come out.
//!
//! No clock, no network, no AWS SDK: what a rule may know is in the [`estate`] and the [`policy`].

pub mod adoption;
pub mod agent;
pub mod catalogue;
pub mod estate;
pub mod exemption;
pub mod fault;
pub mod finding;
pub mod glob;
pub mod graph;
pub mod iam;
mod judge;
pub mod lineage;
pub mod policy;
pub mod redact;
pub mod release;
pub mod remediation;
pub mod rule;
mod secret;
pub mod spark;

mod account;
mod application;
pub mod boundary;
mod configuration;
mod job_run;
mod passrole;
mod role;
mod session;
mod statement;
mod tamper;
mod trust;

pub use estate::{Account, AccountId, Application, Arn, Region, Slice};
pub use exemption::Exemption;
pub use finding::{Failing, Finding, Fingerprint, Remediation, Severity, Status, Verdict};
pub use judge::{Judgement, judge, sort_findings};
pub use policy::Policy;
pub use rule::{Check, Context, Rule, RuleId, rules};
