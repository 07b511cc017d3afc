//! Rules about interactive endpoints.

use crate::subject::rule::Rule;

mod unaudited;

pub(crate) static RULES: &[&Rule] = &[&unaudited::RULE];
