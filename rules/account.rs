//! Rules about accounts and what could be read of them.

use crate::rule::Rule;

mod scope_unreadable;
mod unreachable;

pub(crate) static RULES: &[&Rule] = &[&scope_unreadable::RULE, &unreachable::RULE];
