//! Rules about sessions.

use crate::subject::rule::Rule;

mod drops_lineage;
pub(in crate::catalogue) mod reaches_other_team;
mod tag_spoofable;

pub(crate) use tag_spoofable::spoofable;

pub(crate) static RULES: &[&Rule] = &[
    &drops_lineage::RULE,
    &reaches_other_team::RULE,
    &tag_spoofable::RULE,
];
