//! The walk: accounts and Regions as one bounded stream of slices. AWS SDK types stop here.

mod account;
mod accounts;
mod asked;
mod connection;
mod convert;
mod emr_serverless;
mod gap;
mod iam;
mod interrupt;
mod known;
mod organization;
mod pages;
mod patience;
mod regions;
mod whole;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::FutureExt as _;
use futures_util::stream::{Stream, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use lineward_rules::Policy;
use lineward_rules::estate::{Account, AccountId, Region, Scope, Service, Slice};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::config::{Config, ExcludedAccount};
use accounts::AccountList;
pub(crate) use gap::names_throttling;

pub use asked::{AskedError, RequestedNames, check};
pub use connection::{CallCounts, Calls, Connection, ConnectionError};
pub use interrupt::{Interrupt, Interrupter, interrupt};
pub use known::Known;
pub use organization::{OrganizationAnswer, organization};

/// What to walk, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The name of the role that is assumed in each member account.
    pub role: String,
    /// The external id that the role asks for.
    pub external_id: Option<String>,
    /// The ARN of a role that may list the accounts, where the caller may not.
    pub discovery_role: Option<String>,
    /// Whether the organization must be listed: then a refusal is a gap, and not only a note. It must where
    /// there is known to be one.
    pub needs_organization: bool,
    /// Whether it is sure that there is no organization: a list of no accounts is then what is to be expected.
    pub is_without_organization: bool,
    /// The only accounts to walk; empty for all.
    pub accounts: Vec<AccountId>,
    /// Accounts to leave out.
    pub exclude_accounts: Vec<AccountId>,
    /// Accounts to leave out until a day.
    pub exclusions: Vec<ExcludedAccount>,
    /// When the walk begins.
    pub started_at: Timestamp,
    /// The only Regions to walk; empty for those that each account has enabled.
    pub regions: Vec<Region>,
    /// The only applications to look at; empty for all.
    pub only: Vec<Target>,
    /// Whether this leaves out some of what the configuration asks for.
    pub is_narrowed: bool,
    /// What of it somebody asked for by name, so that it must exist.
    pub asked: RequestedNames,
    /// From when on job runs and sessions are read, if they are.
    pub job_runs_since: Option<Timestamp>,
    /// The most job runs that are read of one application.
    pub max_job_runs: usize,
    /// What is judged, which decides the roles that are kept.
    pub policy: Arc<Policy>,
    /// How many accounts are walked at once.
    pub concurrency: usize,
    /// When the walk must have ended; what is left then is a gap.
    pub deadline: Option<Instant>,
    /// What tells the walk to end early; what is left then is a gap.
    pub interrupt: Interrupt,
    /// How long one call may take, all its attempts together.
    pub call_timeout: Duration,
    /// How long the walk of one account may take; what is left then is a gap.
    pub account_timeout: Duration,
    /// What earlier runs have seen.
    pub known: Arc<Known>,
    /// The accounts that an interrupted run has read: each is listed, and comes as a slice without scopes.
    pub read_before: Arc<BTreeSet<AccountId>>,
}

impl Plan {
    /// The plan of a configuration, for a walk that begins `now`.
    pub fn of(config: &Config, now: Timestamp, deadline: Option<Instant>) -> Self {
        let (organization, walk) = (&config.organization, &config.walk);
        let since = since_when(now, walk.job_run_window);
        Self {
            role: organization.role_name().to_owned(),
            external_id: organization.external_id.clone(),
            discovery_role: organization.discovery_role.clone(),
            needs_organization: organization.is_configured(),
            is_without_organization: false,
            accounts: organization.accounts.clone(),
            exclude_accounts: organization.exclude_accounts.clone(),
            exclusions: config.exclude_account.clone(),
            started_at: now,
            regions: organization.regions.clone(),
            only: Vec::new(),
            is_narrowed: false,
            asked: RequestedNames::default(),
            job_runs_since: walk.job_runs.then_some(since),
            max_job_runs: walk.max_job_runs,
            policy: config.policy(),
            concurrency: walk.concurrency,
            deadline,
            interrupt: Interrupt::default(),
            call_timeout: walk.call_timeout.unsigned_abs(),
            account_timeout: walk.account_timeout.unsigned_abs(),
            known: Arc::default(),
            read_before: Arc::default(),
        }
    }
}

impl Plan {
    /// Takes in what is known of the organization.
    pub fn expect(&mut self, described: &OrganizationAnswer) {
        self.needs_organization |= !described.organization.id.is_empty();
        self.is_without_organization = described.is_absent;
    }
}

/// The point in time that lies this long ago, but no earlier than 1970: services refuse such times.
pub fn since_when(now: Timestamp, ago: SignedDuration) -> Timestamp {
    let then = now.checked_sub(ago).unwrap_or(Timestamp::UNIX_EPOCH);
    then.max(Timestamp::UNIX_EPOCH)
}

/// An application to look at alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// Its account and Region, where they are known; else it is looked for in all.
    pub place: Option<(AccountId, Region)>,
    /// Its id.
    pub application: String,
    /// The only job runs to read, by their ids; without any list, those of the window.
    pub job_runs: Option<BTreeSet<String>>,
}

impl Target {
    /// Whether it may lie in this account and Region.
    fn is_in(&self, account: &AccountId, region: &Region) -> bool {
        let place = self.place.as_ref();
        place.is_none_or(|(of, at)| of == account && at == region)
    }
}

/// Walks the accounts of `plan`; each slice comes as soon as its account is done.
///
/// Accounts are walked while later pages of the list still come. Each account has a task of its own,
/// so that all cores are used, and dropping the stream ends them.
pub fn walk(connection: &Arc<Connection>, plan: &Arc<Plan>) -> impl Stream<Item = Slice> + use<> {
    let (connection, plan) = (Arc::clone(connection), Arc::clone(plan));
    let width = plan.concurrency;
    accounts::list(&connection, &plan)
        .map(move |listed| {
            let (connection, plan) = (Arc::clone(&connection), Arc::clone(&plan));
            let account = listed.account().clone();
            let walked = Task(tokio::spawn(async move {
                slice_of(listed, &connection, &plan).await
            }));
            walked.map(|slice| slice.unwrap_or_else(|| broken(account)))
        })
        .buffer_unordered(width)
}

/// The accounts to walk, and what is to be said of the organization and of accounts that are left out.
pub async fn list(connection: &Arc<Connection>, plan: &Arc<Plan>) -> (Vec<Account>, Vec<Slice>) {
    let mut listed = std::pin::pin!(accounts::list(connection, plan));
    let (mut accounts, mut said) = (Vec::new(), Vec::new());
    while let Some(listed) = listed.next().await {
        match listed {
            AccountList::Account(account) => accounts.push(account),
            AccountList::Scope(account, scope) => said.push(Slice {
                scopes: vec![scope],
                ..Slice::new(account)
            }),
        }
    }
    (accounts, said)
}

/// What is left of an account that there is no time to judge: what is said of the organization, and a gap. `limit` is
/// the account's own, where it was that.
pub fn unjudged(slice: Slice, limit: Option<Duration>) -> Slice {
    let is_account = slice.account_state().is_some();
    let mut scopes = slice.scopes;
    scopes.retain(|scope| scope.service == Service::Organizations || !is_account);
    let entered = is_account.then(|| Scope {
        gaps: vec![patience::unjudged(limit)],
        ..Scope::audited(Region::global(), Service::Sts)
    });
    scopes.extend(entered);
    Slice {
        scopes,
        ..Slice::new(slice.account)
    }
}

/// An account that an interrupted run has read, of which nothing can be had any more.
pub(crate) fn lost(account: Account, reason: &str) -> Slice {
    let entered = Scope::audited(Region::global(), Service::Sts);
    let reason = format!("what the interrupted run has read of it is lost: {reason}");
    let scopes = vec![Scope {
        gaps: vec![gap::incomplete("Resume", &reason)],
        ..entered
    }];
    Slice {
        scopes,
        ..Slice::new(account)
    }
}

/// An account whose walk ended in a fault of our own, which must not drop it in silence.
fn broken(account: Account) -> Slice {
    let entered = Scope::audited(Region::global(), Service::Sts);
    let scopes = vec![Scope {
        gaps: vec![gap::our_fault("Walk")],
        ..entered
    }];
    Slice {
        scopes,
        ..Slice::new(account)
    }
}

async fn slice_of(listed: AccountList, connection: &Connection, plan: &Plan) -> Slice {
    let mut slice = match listed {
        AccountList::Account(account) if plan.read_before.contains(&account.id) => {
            Slice::new(account)
        }
        AccountList::Account(account) => account::walk(account, connection, plan).await,
        AccountList::Scope(account, scope) => Slice {
            scopes: vec![scope],
            ..Slice::new(account)
        },
    };
    slice.sort();
    slice
}

/// A spawned task that ends when it is dropped.
struct Task<T>(JoinHandle<T>);

impl<T> Future for Task<T> {
    /// Nothing where the task panicked, which is logged by the panic itself.
    type Output = Option<T>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> Poll<Option<T>> {
        std::pin::Pin::new(&mut self.0).poll(cx).map(Result::ok)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The caller's own account: where it is walked, no role is assumed.
fn is_own(account: &Account, connection: &Connection) -> bool {
    account.id == connection.own_account
}
