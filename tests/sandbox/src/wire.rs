//! The bytes on the wire, both ways.

pub(crate) mod answer;
pub(crate) mod authorization;
pub(crate) mod page;
pub(crate) mod percent;
pub(crate) mod request;
pub(crate) mod xml;

/// The request id of every answer: the sandbox has no use for true ones.
pub(crate) const REQUEST_ID: &str = "5a4db0c5-0000-4000-8000-000000000000";
