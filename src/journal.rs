//! What a run has read, account by account, so that another may take it up where it ended early.
//!
//! An account is kept where it was read whole, in an object of its own: a run that is killed leaves what it read.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use lineward_rules::estate::{AccountId, ScopeState, Slice};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::collect;
use crate::report::Selection;
use crate::snapshot::{self, Header, Reader, SnapshotError};
use crate::source::Walk;
use crate::store::{Store, StoreError};

const FOLDER: &str = "interrupted";
const SCHEMA: &str = "lineward/interrupted/1";
const BEGINNING: &str = "run.json";
const SUFFIX: &str = ".jsonl.zst";

/// How many accounts are written at once.
const WRITES: usize = 8;

/// What a run began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Beginning {
    schema: String,
    started_at: Timestamp,
    /// From when on it was read, by this run or one that it took up.
    read_since: Timestamp,
    selection: Selection,
    config_sha256: String,
}

/// What is asked for now, which what was read before must fit.
pub(crate) struct Wanted<'a> {
    pub(crate) selection: Selection,
    pub(crate) config_sha256: &'a str,
    /// What was read longer ago is read again.
    pub(crate) within: SignedDuration,
    /// When the ledger was last written: what was read before another run wrote it may be told already.
    pub(crate) told_at: Option<Timestamp>,
}

impl Wanted<'_> {
    fn fits(&self, before: &Beginning, now: Timestamp) -> bool {
        let (asked, read) = (&self.selection, &before.selection);
        // The window moves on with time.
        let is_read_since = match (asked.since, read.since) {
            (None, None) => true,
            (Some(asked), Some(read)) => read <= asked,
            _ => false,
        };
        let is_young = now.duration_since(before.read_since) <= self.within;
        before.schema == SCHEMA
            && before.config_sha256 == self.config_sha256
            && (&asked.accounts, &asked.regions, &asked.applications)
                == (&read.accounts, &read.regions, &read.applications)
            && is_read_since
            && is_young
            && before.read_since <= now
            && self.told_at <= Some(before.started_at)
    }
}

/// What interrupted runs have read: the object of each account.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    read_since: Option<Timestamp>,
    pub(crate) accounts: BTreeMap<AccountId, Path>,
}

/// Looks for what interrupted runs have read.
pub(crate) async fn find(store: &Store, wanted: &Wanted<'_>) -> Result<Earlier, StoreError> {
    let now = Timestamp::now();
    let mut earlier = Earlier::default();
    let mut folders = store.folders(FOLDER).await?;
    // Ids of runs are in order of time, and the newest has the last word.
    folders.sort();
    for folder in folders {
        let beginning = store.get(&format!("{folder}/{BEGINNING}")).await?;
        let beginning = beginning.and_then(|json| serde_json::from_slice::<Beginning>(&json).ok());
        let Some(beginning) = beginning.filter(|it| wanted.fits(it, now)) else {
            continue;
        };
        for object in store.objects_in(&folder).await? {
            let account = object.filename().and_then(|it| it.strip_suffix(SUFFIX));
            if let Some(account) = account.map(AccountId::from) {
                let oldest = earlier.read_since.unwrap_or(beginning.read_since);
                earlier.read_since = Some(oldest.min(beginning.read_since));
                earlier.accounts.insert(account, object);
            }
        }
    }
    Ok(earlier)
}

/// Keeps what `walk` reads, and gives what was read before in the place of the accounts that it passes over.
pub(crate) async fn keep(
    walk: Walk,
    store: &Store,
    config_sha256: &str,
    earlier: Earlier,
) -> Result<Walk, StoreError> {
    let beginning = Beginning {
        schema: SCHEMA.into(),
        started_at: walk.started_at,
        read_since: earlier.read_since.unwrap_or(walk.started_at),
        selection: walk.selection.clone(),
        config_sha256: config_sha256.to_owned(),
    };
    let folder = folder_of(&walk.run);
    let json = serde_json::to_vec(&beginning).unwrap_or_default();
    store.put(&format!("{folder}/{BEGINNING}"), json).await?;
    let journal = Arc::new(Journal {
        store: store.clone(),
        folder,
        header: walk.header(),
        earlier,
    });
    let slices = walk.slices.map(move |slice| {
        let journal = Arc::clone(&journal);
        async move {
            match slice {
                Ok(slice) => Ok(journal.pass(slice).await),
                Err(error) => Err(error),
            }
        }
    });
    Ok(Walk {
        slices: slices.buffered(WRITES).boxed(),
        ..walk
    })
}

/// Deletes what runs have read up to this one; its own only where nothing is left to take up.
pub(crate) async fn close(store: &Store, run: &str, is_complete: bool) {
    if let Err(error) = delete_until(store, run, is_complete).await {
        tracing::warn!("what interrupted runs have read stays: {error}");
    }
}

async fn delete_until(store: &Store, run: &str, with_own: bool) -> Result<(), StoreError> {
    let own = Path::from(folder_of(run));
    for folder in store.folders(FOLDER).await? {
        if folder < own || folder == own && with_own {
            store.delete(&folder).await?;
        }
    }
    Ok(())
}

fn folder_of(run: &str) -> String {
    format!("{FOLDER}/run={run}")
}

struct Journal {
    store: Store,
    folder: String,
    header: Header,
    earlier: Earlier,
}

impl Journal {
    async fn pass(&self, walked: Slice) -> Slice {
        let taken_up = if walked.scopes.is_empty() {
            self.earlier.accounts.get(&walked.account.id)
        } else {
            None
        };
        let slice = match taken_up {
            None => walked,
            Some(object) => match self.read(object).await {
                Ok(slice) => Slice {
                    account: walked.account,
                    ..slice
                },
                Err(reason) => collect::lost(walked.account, &reason),
            },
        };
        if is_whole(&slice)
            && let Err(error) = self.write(&slice).await
        {
            tracing::warn!(
                "account {} would be read again by --resume: {error}",
                slice.account.id
            );
        }
        slice
    }

    async fn read(&self, object: &Path) -> Result<Slice, String> {
        let bytes = self.store.get(object.as_ref()).await;
        let bytes = bytes.map_err(|error| error.to_string())?;
        let bytes = bytes.ok_or("it was deleted meanwhile")?;
        let read = Reader::decode(object.as_ref(), &bytes);
        let slices = read.and_then(|(_, slices)| slices.collect::<Result<Vec<_>, _>>());
        let slices = slices.map_err(|error: SnapshotError| error.to_string())?;
        slices.into_iter().next().ok_or("it is empty".into())
    }

    async fn write(&self, slice: &Slice) -> Result<(), String> {
        let name = format!("{}/{}{SUFFIX}", self.folder, slice.account.id);
        let slice = std::slice::from_ref(slice);
        let bytes = snapshot::encode(&self.header, slice, Timestamp::now());
        let bytes = bytes.map_err(|error| error.to_string())?;
        let put = self.store.put(&name, bytes).await;
        put.map_err(|error| error.to_string())
    }
}

/// Whether an account was entered and read without a gap.
fn is_whole(slice: &Slice) -> bool {
    let has_failed = |state| state == ScopeState::Failed;
    slice.account_state() == Some(ScopeState::Audited)
        && !slice.scopes.iter().any(|scope| has_failed(scope.state()))
}
