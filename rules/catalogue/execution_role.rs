//! Rules about execution roles.

use crate::subject::rule::Rule;

mod assumable_directly;

pub(crate) static RULES: &[&Rule] = &[&assumable_directly::RULE];
