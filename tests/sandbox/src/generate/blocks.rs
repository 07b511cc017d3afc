//! Scopes that refuse, in accounts that can otherwise be read.

use crate::options::Options;
use crate::organization::{Block, Cause, Organization};

/// What the scopes refuse, in turn.
const KINDS: [(&str, Option<&str>, Cause); 5] = [
    ("emr-serverless", None, Cause::ServiceControlPolicy),
    ("iam", None, Cause::AccessDenied),
    ("emr-serverless", Some("ListJobRuns"), Cause::AccessDenied),
    (
        "emr-serverless",
        Some("ListApplications"),
        Cause::AccessDenied,
    ),
    (
        "emr-serverless",
        Some("GetApplication"),
        Cause::AccessDenied,
    ),
];

/// Lets so many scopes refuse, one an account as long as there are accounts.
pub(super) fn refuse_scopes(organization: &mut Organization, options: &Options) {
    let management = organization.management_account.clone();
    let mut readable: Vec<_> = organization
        .accounts
        .values_mut()
        .filter(|account| account.is_readable() && account.id != management)
        .collect();
    let count = readable.len().max(1);
    let kinds = KINDS.iter().cycle().take(options.refused_scopes);
    for (turn, (service, operation, cause)) in kinds.enumerate() {
        let Some(account) = readable.get_mut(turn % count) else {
            return;
        };
        let enabled: Vec<_> = options
            .regions
            .iter()
            .filter(|it| account.is_enabled(it))
            .collect();
        let region = enabled.iter().rev().cycle().nth(turn / count);
        account.blocks.push(Block {
            region: region.filter(|_| *service != "iam").map(|it| (*it).clone()),
            service: (*service).into(),
            operation: operation.map(Into::into),
            cause: *cause,
        });
    }
}
