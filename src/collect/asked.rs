//! Whether what somebody asked for by name exists: a run over nothing would be clean.

use std::collections::BTreeSet;
use std::sync::Arc;

use lineward_rules::estate::{AccountId, Region, ScopeState, Service, Slice};

use super::{Connection, Plan, list, regions};
use crate::config::nearest;

/// What was asked for by name, and must exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestedNames {
    /// The accounts of the plan.
    pub accounts: bool,
    /// The Regions of the plan.
    pub regions: bool,
}

/// What was asked for doesn't exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskedError {
    /// The organization has no such account.
    #[error("account {account} is not in the organization{}", meant(near.as_ref().map(AccountId::as_str)))]
    Account {
        /// What was asked for.
        account: AccountId,
        /// What may have been meant.
        near: Option<AccountId>,
    },
    /// AWS has no such Region.
    #[error("there is no Region `{region}`{}", meant(near.as_ref().map(Region::as_str)))]
    Region {
        /// What was asked for.
        region: Region,
        /// What may have been meant.
        near: Option<Region>,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// Checks what was asked for by name. Where AWS doesn't say, the walk will.
pub async fn check(connection: &Arc<Connection>, plan: &Plan) -> Result<(), AskedError> {
    if plan.asked.regions {
        check_regions(connection, plan).await?;
    }
    if plan.asked.accounts {
        check_accounts(connection, plan).await?;
    }
    Ok(())
}

async fn check_accounts(connection: &Arc<Connection>, plan: &Plan) -> Result<(), AskedError> {
    let all = Plan {
        accounts: Vec::new(),
        ..plan.clone()
    };
    let (accounts, said) = list(connection, &Arc::new(all)).await;
    let is_listed = |slice: &Slice| {
        let mut scopes = slice.scopes.iter();
        scopes.any(|it| it.service == Service::Organizations && it.state() == ScopeState::Audited)
    };
    if !plan.is_without_organization && !said.iter().any(is_listed) {
        return Ok(());
    }
    let left_out = said
        .into_iter()
        .filter(|slice| slice.account_state().is_some());
    let left_out = left_out.map(|slice| slice.account.id);
    let listed: BTreeSet<_> = accounts
        .into_iter()
        .map(|it| it.id)
        .chain(left_out)
        .collect();
    match plan.accounts.iter().find(|asked| !listed.contains(*asked)) {
        None => Ok(()),
        Some(asked) => {
            let near = nearest(asked.as_str(), listed.iter().map(AccountId::as_str));
            let (account, near) = (asked.clone(), near.map(AccountId::from));
            Err(AskedError::Account { account, near })
        }
    }
}

async fn check_regions(connection: &Connection, plan: &Plan) -> Result<(), AskedError> {
    let strange = |region: &&Region| !regions::ALL.contains(&region.as_str());
    let Some(strange) = plan.regions.iter().find(strange) else {
        return Ok(());
    };
    // One that is newer than this build.
    let enabled = regions::of_caller(connection, plan).await;
    if enabled.contains(strange) {
        return Ok(());
    }
    let known = regions::ALL.into_iter();
    let near = nearest(
        strange.as_str(),
        known.chain(enabled.iter().map(Region::as_str)),
    );
    let (region, near) = (strange.clone(), near.map(Region::from));
    Err(AskedError::Region { region, near })
}
