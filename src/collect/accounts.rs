//! The list of accounts: streamed, so that the first are walked while later pages still come.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_organizations::types::Account as SdkAccount;
use futures_util::future::FutureExt as _;
use futures_util::stream::{self, Stream, StreamExt as _};
use jiff::Timestamp;
use lineward_rules::estate::{Account, AccountId, Cause, Gap, Region, Scope, Service, SkipReason};
use lineward_rules::secrets;
use tokio::sync::mpsc::{self, Sender};

use super::gap::{incomplete, is_of_authorization, our_fault};
use super::pages::{Rest, Tokens};
use super::patience::{Deadline, Patience};
use super::whole::WholeLists;
use super::{Connection, Plan, account, is_own};
use crate::config::ExcludedAccount;

/// How many accounts may be listed ahead of the walk: a few pages of twenty.
const AHEAD: usize = 200;

/// The code of an account that is in no organization.
pub(super) const NOT_IN_USE: &str = "AWSOrganizationsNotInUseException";

/// Our code for a list of no accounts, where AWS says that there is no organization.
const NONE_LISTED: &str = "NoAccountsListed";

/// Our code for an account that the configuration leaves out.
const EXCLUDED: &str = "EXCLUDED";

const LIST: &str = "ListAccounts";

/// The most pages of accounts that are read: an organization of 50,000 has 2,500 of them.
const MOST_PAGES: usize = 10_000;

/// What the list of accounts gives.
pub(super) enum AccountList {
    /// An account to walk.
    Account(Account),
    /// Something to say of an account, or of the organization in the name of the caller's own.
    Scope(Account, Scope),
}

impl AccountList {
    /// The account that something is said of.
    pub(super) fn account(&self) -> &Account {
        match self {
            Self::Account(account) | Self::Scope(account, _) => account,
        }
    }
}

/// Lists the accounts of the plan.
pub(super) fn list(
    connection: &Arc<Connection>,
    plan: &Arc<Plan>,
) -> impl Stream<Item = AccountList> + use<> {
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    let (connection, plan) = (Arc::clone(connection), Arc::clone(plan));
    let own = Account::new(&connection.partition, connection.own_account.clone(), "");
    let lister = tokio::spawn(async move {
        let lister = Lister {
            connection: &connection,
            plan: &plan,
            sender,
        };
        // A closed channel means that nobody walks any more.
        let _ = lister.list().await;
    });
    // A list that broke off by a fault of our own must not pass for a whole one.
    let broken = lister.map(|ended| {
        let scope = Scope::audited(Region::global(), Service::Organizations);
        let gaps = vec![our_fault(LIST)];
        let lost = ended
            .err()
            .map(|_| AccountList::Scope(own, Scope { gaps, ..scope }));
        stream::iter(lost)
    });
    stream::poll_fn(move |cx| receiver.poll_recv(cx)).chain(broken.flatten_stream())
}

struct ClosedAccount;

struct Lister<'a> {
    connection: &'a Connection,
    plan: &'a Plan,
    sender: Sender<AccountList>,
}

impl Lister<'_> {
    async fn list(&self) -> Result<(), ClosedAccount> {
        if self.plan.accounts.is_empty() {
            return self.list_organization().await;
        }
        let unique: BTreeSet<_> = self.plan.accounts.iter().collect();
        for id in unique {
            self.found(self.account(id, ""), None).await?;
        }
        Ok(())
    }

    async fn list_organization(&self) -> Result<(), ClosedAccount> {
        let patience = Patience::new(Deadline::of_walk(self.plan));
        let config = account::discovery_config(self.connection, self.plan, &patience).await;
        let config = match config {
            Ok(config) => config,
            Err(gap) => return self.without_organization(gap).await,
        };
        let config = aws_sdk_organizations::config::Builder::from(&config)
            .retry_partition(super::connection::retry_partition())
            .interceptor(WholeLists);
        let client = aws_sdk_organizations::Client::from_conf(config.build());
        let mut tokens = Tokens::new(LIST, None).up_to(MOST_PAGES);
        let (mut token, mut listed) = (None, 0_usize);
        loop {
            let call = client.list_accounts().set_next_token(token).send();
            let page = match patience.ask(LIST, None, call).await {
                Ok(page) => page,
                Err(failure) => return self.broken_off(listed, failure.gap).await,
            };
            for account in page.accounts.unwrap_or_default() {
                listed += 1;
                self.found_in_organization(&account).await?;
            }
            token = match tokens.after(Rest::of(page.next_token)) {
                // Every organization has at least its management account.
                Ok(None) if listed == 0 => {
                    let mut none = incomplete(LIST, "no account was listed");
                    if self.plan.is_without_organization {
                        none.code = NONE_LISTED.into();
                    }
                    return self.without_organization(none).await;
                }
                Ok(None) => return self.organization_scope(None).await,
                Ok(next) => next,
                Err(gap) => return self.broken_off(listed, gap).await,
            }
        }
    }

    /// The list ended early: with nothing listed the caller's own account is still there to walk.
    async fn broken_off(&self, listed: usize, gap: Gap) -> Result<(), ClosedAccount> {
        if listed == 0 {
            self.without_organization(gap).await
        } else {
            self.organization_scope(Some(gap)).await
        }
    }

    /// No list can be had: the caller's account is walked alone, and the report says so.
    async fn without_organization(&self, gap: Gap) -> Result<(), ClosedAccount> {
        let is_absent = [NOT_IN_USE, NONE_LISTED].contains(&gap.code.as_str());
        let is_alone = is_absent || is_of_authorization(&gap);
        let own = self.own_account();
        if self.plan.needs_organization || !is_alone {
            self.organization_scope(Some(gap)).await?;
        } else {
            tracing::warn!(
                code = gap.code,
                "no list of accounts, auditing the caller's account {} alone",
                own.id
            );
            let reason = format!(
                "{}: {}; the caller's account was walked alone",
                gap.operation, gap.reason
            );
            let skipped = SkipReason::new(gap.code, reason);
            let scope = Scope::skipped(Region::global(), Service::Organizations, skipped);
            self.send(AccountList::Scope(own.clone(), scope)).await?;
        }
        self.found(own, None).await
    }

    async fn found_in_organization(&self, account: &SdkAccount) -> Result<(), ClosedAccount> {
        let id = AccountId::from(account.id().unwrap_or_default());
        let state = state(account);
        let inactive = state.filter(|state| *state != "ACTIVE");
        let joined_at = account.joined_timestamp();
        let joined_at = joined_at.and_then(|it| Timestamp::from_second(it.secs()).ok());
        let listed = Account {
            joined_at,
            ..self.account(&id, account.name().unwrap_or_default())
        };
        self.found(listed, inactive).await
    }

    async fn found(&self, account: Account, inactive: Option<&str>) -> Result<(), ClosedAccount> {
        let mut exclusions = self.plan.exclusions.iter();
        let exclusion = exclusions.find(|it| it.account == account.id);
        if let Some(over) = exclusion.filter(|it| !it.holds(self.plan.started_at)) {
            let scope = Scope {
                gaps: vec![excluded_no_more(over)],
                ..Scope::audited(Region::global(), Service::Sts)
            };
            return self.send(AccountList::Scope(account, scope)).await;
        }
        let skipped = if let Some(exclusion) = exclusion {
            let (owner, reason) = (&exclusion.owner, &exclusion.reason);
            let until = exclusion.expires;
            Some(SkipReason::new(
                EXCLUDED,
                format!("left out by {owner} until {until}: {reason}"),
            ))
        } else if self.plan.exclude_accounts.contains(&account.id) {
            Some(SkipReason::new(
                EXCLUDED,
                "left out by `[organization] exclude_accounts`",
            ))
        } else {
            inactive.map(|state| SkipReason::new(state, "the account is not active"))
        };
        let listed = match skipped {
            Some(skipped) => {
                let scope = Scope::skipped(Region::global(), Service::Sts, skipped);
                AccountList::Scope(account, scope)
            }
            None => AccountList::Account(account),
        };
        self.send(listed).await
    }

    async fn organization_scope(&self, gap: Option<Gap>) -> Result<(), ClosedAccount> {
        let scope = Scope::audited(Region::global(), Service::Organizations);
        let scope = Scope {
            gaps: gap.into_iter().collect(),
            ..scope
        };
        self.send(AccountList::Scope(self.own_account(), scope))
            .await
    }

    async fn send(&self, listed: AccountList) -> Result<(), ClosedAccount> {
        self.sender.send(listed).await.map_err(|_| ClosedAccount)
    }

    fn account(&self, id: &AccountId, name: &str) -> Account {
        Account::new(&self.connection.partition, id.clone(), &secrets::text(name))
    }

    fn own_account(&self) -> Account {
        let account = self.account(&self.connection.own_account, "");
        debug_assert!(is_own(&account, self.connection));
        account
    }
}

/// What is left of an exclusion that is over: nobody answers any more for not looking there.
fn excluded_no_more(over: &ExcludedAccount) -> Gap {
    Gap {
        operation: "AssumeRole".into(),
        resource: None,
        cause: Cause::Refused,
        code: "EXCLUSION_OVER".into(),
        reason: format!(
            "left out by {} until {}, which is over: {}",
            over.owner, over.expires, over.reason
        ),
    }
}

/// `State` came in place of `Status`, which is gone since September 2026; older endpoints give the
/// latter alone. Where neither is known the account is tried.
fn state(account: &SdkAccount) -> Option<&str> {
    let state = account
        .state()
        .map(aws_sdk_organizations::types::AccountState::as_str);
    let status = || {
        account
            .status()
            .map(aws_sdk_organizations::types::AccountStatus::as_str)
    };
    state.or_else(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_organizations::types::{AccountState, AccountStatus};

    #[test]
    fn the_state_counts_before_the_status() {
        let both = SdkAccount::builder()
            .state(AccountState::Active)
            .status(AccountStatus::Suspended);
        assert_eq!(state(&both.build()), Some("ACTIVE"));
        let old = SdkAccount::builder().status(AccountStatus::Suspended);
        assert_eq!(state(&old.build()), Some("SUSPENDED"));
        assert_eq!(state(&SdkAccount::builder().build()), None);
    }
}
