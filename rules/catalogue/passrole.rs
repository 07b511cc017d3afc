//! Rules about `iam:PassRole`.

use crate::subject::rule::Rule;

pub(in crate::catalogue) mod bounded_by_tag_only;
mod dead;
pub(in crate::catalogue) mod names_other_team;
pub(in crate::catalogue) mod reaches_other_team;
mod service_unbounded;
mod tag_unreliable;

pub(crate) use tag_unreliable::unreliable;

pub(crate) static RULES: &[&Rule] = &[
    &bounded_by_tag_only::RULE,
    &dead::RULE,
    &names_other_team::RULE,
    &reaches_other_team::RULE,
    &service_unbounded::RULE,
    &tag_unreliable::RULE,
];
