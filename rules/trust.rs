//! Rules about who may assume a role.

use crate::rule::Rule;

pub(crate) static RULES: &[&Rule] = &[];
