//! Rules about sessions.

use crate::subject::rule::Rule;

mod drops_lineage;
mod tag_spoofable;

pub(crate) use tag_spoofable::spoofable;

pub(crate) static RULES: &[&Rule] = &[&drops_lineage::RULE, &tag_spoofable::RULE];
