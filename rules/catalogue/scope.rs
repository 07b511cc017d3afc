//! Rules about scopes.

use crate::subject::rule::Rule;

mod unreadable;

pub(crate) static RULES: &[&Rule] = &[&unreadable::RULE];
