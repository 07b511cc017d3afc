//! The walk of an organization that one process has no time for, parted over many: a plan lists the accounts and
//! deals them out, each scan walks a batch and writes a shard, and the finish reads all shards as one estate.
//!
//! A shard holds slices, as a snapshot does, and is written once, by its name: a scan that runs twice does no
//! harm. The finish judges them as one process would, so that its findings are the same; a shard that is missing
//! is a gap of each of its accounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use jiff::Timestamp;
use lineward_rules::estate::{
    Account, AccountId, Cause, Gap, Organization, Region, Scope, Service, Slice,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use uuid::Uuid;

use crate::collect::{self, CallCounts, Connection, ConnectionError, Known, Plan};
use crate::config::Config;
use crate::report::{self, Report, Selection};
use crate::snapshot::{self, Header, Reader, SnapshotError};
use crate::source::Walk;
use crate::store::{Store, StoreError};

/// How many accounts a scan walks: few enough to end well within a Lambda's 15 minutes, and many enough that an
/// organization of 50,000 stays below the 10,000 children of a Distributed Map.
const BATCH: usize = 25;

/// What the plan has to say of the organization and of the accounts that no batch holds.
const ACCOUNTS: &str = "accounts.jsonl.zst";

/// How many shards are read ahead of the judge.
const SHARDS_AHEAD: usize = 4;

/// What the finish has to know: the first object of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunPlan {
    run: String,
    started_at: Timestamp,
    organization: Organization,
    partition: String,
    batches: Vec<Vec<AccountId>>,
    /// What is known of the accounts from their list, which no worker asks for.
    #[serde(default)]
    accounts: Vec<Account>,
    #[serde(default)]
    selection: Selection,
    #[serde(default)]
    caller: Option<String>,
}

/// What a worker is to walk: an item of the plan, which the state machine hands over as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Always `scan`.
    pub task: String,
    /// The run.
    pub run: String,
    /// Its number, from 0.
    pub batch: usize,
    /// When the plan was made: the clock of every judgement.
    pub started_at: Timestamp,
    /// The accounts.
    pub accounts: Vec<AccountId>,
}

/// What a plan came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanResult {
    /// The run.
    pub run: String,
    /// How many batches there are.
    pub batches: usize,
    /// How many accounts they hold.
    pub accounts: usize,
    /// The bucket of the list of batches, where the store is one.
    pub bucket: Option<String>,
    /// The list of batches: an object of the bucket, or a file.
    pub key: String,
    /// The requests that it took.
    pub calls: CallCounts,
}

/// What a scan came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScanResult {
    /// The number of the batch.
    pub batch: usize,
    /// How many accounts it holds.
    pub accounts: usize,
    /// Whether this scan wrote the shard, or another had.
    pub written: bool,
    /// The requests that it took.
    pub calls: CallCounts,
}

/// Why a part of the fan-out can't be done.
#[derive(Debug, thiserror::Error)]
pub enum FanOutError {
    /// AWS can't be reached at all.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A shard can't be made.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The id of a run names no run.
    #[error("`{0}` is not a run id, expected what `plan` answered")]
    Run(String),
    /// No plan was made under this id.
    #[error("run `{0}` has no plan in the store")]
    NoPlan(String),
    /// The plan can't be understood.
    #[error("the plan of run `{run}` can't be read: {message}")]
    Plan {
        /// The run.
        run: String,
        /// What is wrong.
        message: String,
    },
}

/// Lists the accounts and deals them out.
pub async fn plan(config: &Config, deadline: Option<Instant>) -> Result<PlanResult, FanOutError> {
    let store = Store::open(&config.store.url).await?;
    store.probe().await?;
    let started_at = Timestamp::now();
    let mut plan = Plan::of(config, started_at, deadline);
    let connection = Arc::new(Connection::open(plan.call_timeout).await?);
    plan.known = Arc::new(Known::of(&store.load().await?.ledger));
    let described = collect::organization(&connection, &plan).await;
    plan.expect(&described);
    let selection = Selection::of(&plan);
    let (accounts, mut said) = collect::list(&connection, &Arc::new(plan)).await;
    said.extend(described.unread);
    let ids: Vec<_> = accounts.iter().map(|account| account.id.clone()).collect();
    let deal = RunPlan {
        run: Uuid::now_v7().to_string(),
        started_at,
        organization: described.organization,
        partition: connection.partition.clone(),
        batches: ids.chunks(BATCH).map(<[AccountId]>::to_vec).collect(),
        accounts,
        selection,
        caller: Some(connection.caller.clone()),
    };
    let items = deal
        .batches
        .iter()
        .enumerate()
        .map(|(batch, accounts)| Batch {
            task: "scan".into(),
            run: deal.run.clone(),
            batch,
            started_at,
            accounts: accounts.clone(),
        });
    let items: Vec<_> = items.collect();
    let shard = snapshot::encode(&deal.header(), &said, Timestamp::now())?;
    store.put(&object(&deal.run, ACCOUNTS), shard).await?;
    store
        .put(&object(&deal.run, "deal.json"), json(&deal))
        .await?;
    let name = object(&deal.run, "plan.json");
    store.put(&name, json(&items)).await?;
    let (bucket, key) = store.address(&name);
    Ok(PlanResult {
        run: deal.run,
        batches: items.len(),
        accounts: ids.len(),
        bucket,
        key,
        calls: connection.calls.counts(),
    })
}

/// Walks a batch and writes its shard, unless another has.
pub async fn scan(
    config: &Config,
    batch: &Batch,
    deadline: Option<Instant>,
) -> Result<ScanResult, FanOutError> {
    let run = checked(&batch.run)?;
    let store = Store::open(&config.store.url).await?;
    let scanned = |written, calls| ScanResult {
        batch: batch.batch,
        accounts: batch.accounts.len(),
        written,
        calls,
    };
    let name = shard(&run, batch.batch);
    if store.get(&name).await?.is_some() {
        return Ok(scanned(false, CallCounts::default()));
    }
    let mut plan = Plan::of(config, batch.started_at, deadline);
    // Without accounts a plan means all of the organization.
    if batch.accounts.is_empty() {
        return Ok(scanned(false, CallCounts::default()));
    }
    plan.accounts.clone_from(&batch.accounts);
    plan.known = Arc::new(Known::of(&store.load().await?.ledger));
    let connection = Arc::new(Connection::open(plan.call_timeout).await?);
    let mut slices: Vec<_> = collect::walk(&connection, &Arc::new(plan)).collect().await;
    slices.sort_by(|a, b| a.account.id.cmp(&b.account.id));
    let header = Header {
        schema: snapshot::SCHEMA.into(),
        run,
        started_at: batch.started_at,
        organization: Organization::default(),
        is_narrowed: false,
        selection: Selection::default(),
        caller: Some(connection.caller.clone()),
    };
    let bytes = snapshot::encode(&header, &slices, Timestamp::now())?;
    let is_first = store.create(&name, bytes).await?;
    Ok(scanned(is_first, connection.calls.counts()))
}

async fn deal(store: &Store, run: &str) -> Result<RunPlan, FanOutError> {
    let run = checked(run)?;
    let deal = store.get(&object(&run, "deal.json")).await?;
    let deal = deal.ok_or_else(|| FanOutError::NoPlan(run.clone()))?;
    serde_json::from_slice(&deal).map_err(|error| FanOutError::Plan {
        run,
        message: error.to_string(),
    })
}

/// The report of a run that was written already, but may not have been told of and remembered yet.
pub(crate) async fn finished(store: &Store, run: &str) -> Result<Option<Report>, FanOutError> {
    let deal = deal(store, run).await?;
    let report = store.get(&report::name(&deal.run, deal.started_at)).await?;
    Ok(report.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// The estate of all shards of a run, read as the judge goes on.
pub(crate) async fn gather(store: &Store, run: &str) -> Result<Walk, FanOutError> {
    let deal = deal(store, run).await?;
    let run = deal.run.clone();
    let (store, partition) = (store.clone(), deal.partition);
    // No gap can stand for this one: it names the accounts that were left out, and a list that broke off.
    let name = object(&run, ACCOUNTS);
    let of_plan = store.get(&name).await?;
    let of_plan = of_plan.ok_or_else(|| FanOutError::Plan {
        run: run.clone(),
        message: format!("{} is gone", store.locate(&name)),
    })?;
    let of_plan = decode(&name, &of_plan)?;
    let batches = deal.batches.into_iter().enumerate();
    let shards = batches.map(|(batch, accounts)| (shard(&run, batch), accounts));
    let shards: Vec<_> = shards.collect();
    let slices = stream::iter(shards).map(move |(name, accounts)| {
        let (store, partition) = (store.clone(), partition.clone());
        async move { read(&store, &name, &accounts, &partition).await }
    });
    let slices = slices.buffered(SHARDS_AHEAD).flat_map(stream::iter);
    let slices = stream::iter(of_plan).chain(slices);
    let listed = deal.accounts.into_iter().map(|it| (it.id.clone(), it));
    let listed: BTreeMap<_, _> = listed.collect();
    let named = slices.map(move |mut slice| {
        if let Some(account) = listed.get(&slice.account.id) {
            slice.account.clone_from(account);
        }
        slice
    });
    let slices: BoxStream<'static, _> = named.map(Ok).boxed();
    Ok(Walk {
        evaluation: run.clone(),
        run,
        started_at: deal.started_at,
        organization: deal.organization,
        calls: Arc::default(),
        is_narrowed: false,
        selection: deal.selection,
        caller: deal.caller,
        slices,
    })
}

/// The slices of a shard, or the gaps that it leaves.
async fn read(store: &Store, name: &str, accounts: &[AccountId], partition: &str) -> Vec<Slice> {
    let slices = match store.get(name).await {
        Ok(Some(bytes)) => decode(name, &bytes).map_err(|error| error.to_string()),
        Ok(None) => Err("no worker has written its shard".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    slices.unwrap_or_else(|reason| {
        tracing::warn!(name, reason, "a shard is missing");
        let missing = |id: &AccountId| {
            let entered = Scope::audited(Region::global(), Service::Sts);
            let gap = Gap {
                operation: "Scan".into(),
                resource: None,
                cause: Cause::Deadline,
                code: "ShardMissing".into(),
                reason: format!("{name}: {reason}"),
            };
            Slice {
                scopes: vec![Scope {
                    gaps: vec![gap],
                    ..entered
                }],
                ..Slice::new(Account::new(partition, id.clone(), ""))
            }
        };
        accounts.iter().map(missing).collect()
    })
}

fn decode(name: &str, bytes: &[u8]) -> Result<Vec<Slice>, SnapshotError> {
    let (_, reader) = Reader::decode(name, bytes)?;
    reader.collect()
}

impl RunPlan {
    fn header(&self) -> Header {
        Header {
            schema: snapshot::SCHEMA.into(),
            run: self.run.clone(),
            started_at: self.started_at,
            organization: self.organization.clone(),
            is_narrowed: false,
            selection: self.selection.clone(),
            caller: self.caller.clone(),
        }
    }
}

/// The id of a run, which becomes part of the names of objects.
fn checked(run: &str) -> Result<String, FanOutError> {
    let id = Uuid::parse_str(run).map_err(|_| FanOutError::Run(run.to_owned()))?;
    Ok(id.to_string())
}

fn shard(run: &str, batch: usize) -> String {
    object(run, &format!("shard-{batch:05}.jsonl.zst"))
}

fn object(run: &str, name: &str) -> String {
    format!("fan-out/run={run}/{name}")
}

/// Written from plain types, which always have a form in JSON.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
