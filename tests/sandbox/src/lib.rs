//! A simulated AWS organization on loopback, which speaks the true wire protocols.
//!
//! One port serves Organizations, STS, IAM, Account Management and EMR Serverless to any AWS SDK,
//! PagerDuty's Events API v2, and the sandbox's own controls under `/_sandbox/`. What must be found
//! in the organization is known beforehand: the generator plants faults and keeps the list.
//!
//! ```
//! use lineward_sandbox::{Options, Sandbox};
//!
//! let sandbox = Sandbox::start(Options::default())?;
//! assert!(sandbox.endpoint().starts_with("http://127.0.0.1:"));
//! assert!(!sandbox.expected().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Point `AWS_ENDPOINT_URL` at the endpoint and use [`AUDITOR_KEY`] with any secret.

mod admin;
mod calls;
mod expected;
mod fault;
mod field;
mod generate;
mod least_calls;
mod lie;
mod operation;
mod options;
mod organization;
mod pagerduty;
mod quota;
mod random;
mod refusal;
mod sandbox;
mod server;
mod services;
mod state;
mod wire;

pub use calls::{Calls, RecordedRequest};
pub use expected::{Expected, Verdict};
pub use fault::{Carrier, Fault, Planted};
pub use generate::TEAMS;
pub use least_calls::LeastCalls;
pub use lie::{Lie, LieKind};
pub use options::{Options, SessionsUnknown};
pub use organization::{
    Access, Account, AccountState, Application, Block, Cause, ManagedPolicy, Organization,
    PolicyVersion, Role,
};
pub use pagerduty::{Event, Incident, IncidentState, PagerDutyFault, PagerDutyLog};
pub use sandbox::Sandbox;
pub use wire::authorization::AUDITOR_KEY;
