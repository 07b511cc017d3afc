//! Rules about the tag that names a team.

use crate::subject::rule::Rule;

mod conflicting;
mod miscased;

pub(crate) static RULES: &[&Rule] = &[&conflicting::RULE, &miscased::RULE];
