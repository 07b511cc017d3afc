//! Rules over the roles of all accounts together.

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::rule::{Context, Rule};

mod assume_unbounded;

pub(crate) static RULES: &[&Rule] = &[&assume_unbounded::RULE];

/// What an account's roles may do to others, and who may become them: all that the rules over the whole
/// estate need of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edges {}

/// The roles of all accounts.
#[derive(Debug)]
pub struct Estate<'a> {
    /// What was gathered of each account.
    pub accounts: &'a [Edges],
}

/// What the rules over the whole estate find.
pub fn judge_estate(_edges: Vec<Edges>, _cx: &Context<'_>) -> Vec<Finding> {
    Vec::new()
}
