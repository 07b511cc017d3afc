//! Rules about exemptions.

use crate::subject::rule::Rule;

mod expired;

pub(crate) static RULES: &[&Rule] = &[&expired::RULE];
