//! Rules about job runs.

use crate::subject::rule::Rule;

mod artifact_unpinned;
mod artifact_unversioned;
mod dashboard_other_team;
mod drops_lineage;
mod owner_missing;
mod role_other_team;
mod role_unresolved;
mod submitter_other_team;
mod timeout_unbounded;

pub(crate) static RULES: &[&Rule] = &[
    &artifact_unpinned::RULE,
    &artifact_unversioned::RULE,
    &dashboard_other_team::RULE,
    &drops_lineage::RULE,
    &owner_missing::RULE,
    &role_other_team::RULE,
    &role_unresolved::RULE,
    &submitter_other_team::RULE,
    &timeout_unbounded::RULE,
];
