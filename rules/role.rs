//! Rules about roles, their tags, and what they may do to others.

use crate::rule::Rule;

pub(crate) static RULES: &[&Rule] = &[];
