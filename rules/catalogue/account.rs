//! Rules about accounts.

use crate::subject::rule::Rule;

mod unreachable;

pub(crate) static RULES: &[&Rule] = &[&unreachable::RULE];
