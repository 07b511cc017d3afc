//! Where ledgers and reports are kept: a folder or a bucket. A ledger is never overwritten: each run
//! adds a generation.

mod error;
mod keep;
mod s3;

use std::io::Read as _;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::time::{Instant, sleep};

use crate::ledger::{self, Ledger, LedgerError};
use crate::snapshot::bounded::BoundedReader;
use error::{Action, explain, is_unanswered};
use s3::Bucket;

pub use error::StoreError;

/// How many generations of the ledger are kept.
const GENERATIONS: usize = 20;

/// How often the newest ledger is looked for while others prune.
const LOADS: u32 = 10;

/// How long is waited before a ledger is read again, twice as long each time, and after what time it is not.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(15);

/// What stays as it is in a query's value.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A folder or a bucket with ledgers and reports.
#[derive(Clone, Debug)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    place: Place,
}

/// Where the objects are.
#[derive(Clone, Debug)]
enum Place {
    Folder(PathBuf),
    Bucket { bucket: Bucket, prefix: Path },
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(root) => root.display().fmt(f),
            Self::Bucket { bucket, prefix } if prefix.is_root() => {
                write!(f, "s3://{}", bucket.name)
            }
            Self::Bucket { bucket, prefix } => write!(f, "s3://{}/{prefix}", bucket.name),
        }
    }
}

impl Place {
    /// Where an object lies, for a reader.
    fn locate(&self, name: &str) -> String {
        match self {
            Self::Folder(root) => root.join(name).display().to_string(),
            Self::Bucket { .. } => format!("{self}/{name}"),
        }
    }

    fn region(&self) -> Option<&str> {
        match self {
            Self::Folder(_) => None,
            Self::Bucket { bucket, .. } => Some(&bucket.region),
        }
    }
}

/// The text of the object at `s3://BUCKET/KEY`.
pub async fn read(url: &str) -> Result<String, StoreError> {
    let wrong = || StoreError::Url(url.to_owned());
    let (folder, name) = url.rsplit_once('/').ok_or_else(wrong)?;
    let store = Store::open(folder).await?;
    let bytes = store.get(name).await?;
    let bytes = bytes.ok_or_else(|| StoreError::NoObject(url.to_owned()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A ledger with the number under which it was saved, 0 where there was none.
#[derive(Clone, Debug, Default)]
pub struct SavedLedger {
    /// The number.
    pub generation: u64,
    /// The ledger.
    pub ledger: Ledger,
    /// From when it is dated, where that was yet to come: then what it says counts as earlier than now.
    pub ahead: Option<Timestamp>,
}

impl Store {
    /// Opens `file:PATH`, making the folder where it isn't there, or `s3://BUCKET/PREFIX`, with the
    /// SDK's usual credentials.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let wrong = || StoreError::Url(url.to_owned());
        if let Some(path) = url.strip_prefix("file:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(wrong())
            } else {
                Self::folder(FilePath::new(path))
            };
        }
        let place = url.strip_prefix("s3://").ok_or_else(wrong)?;
        let (name, prefix) = place.split_once('/').unwrap_or((place, ""));
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if name.is_empty() || !name.chars().all(is_plain) || prefix.starts_with('/') {
            return Err(wrong());
        }
        let prefix = Path::parse(prefix.trim_end_matches('/')).map_err(|_| wrong())?;
        let (objects, bucket) = s3::open(name, url).await?;
        let objects = Arc::new(PrefixStore::new(objects, prefix.clone()));
        let place = Place::Bucket { bucket, prefix };
        Ok(Self { objects, place })
    }

    /// Opens a store that is there already: a folder that isn't is not made.
    pub async fn existing(url: &str) -> Result<Option<Self>, StoreError> {
        let folder = url.strip_prefix("file:");
        let folder = folder.map(|path| path.strip_prefix("//").unwrap_or(path));
        if folder.is_some_and(|path| !FilePath::new(path).exists()) {
            return Ok(None);
        }
        Self::open(url).await.map(Some)
    }

    fn folder(root: &FilePath) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Folder {
            path: root.to_owned(),
            source,
        };
        std::fs::create_dir_all(root).map_err(failed)?;
        let root = root.canonicalize().map_err(failed)?;
        let place = Place::Folder(root.clone());
        let objects = LocalFileSystem::new_with_prefix(&root)
            .map_err(|source| explain(Action::Read, place.to_string(), None, source))?;
        let objects = Arc::new(objects);
        Ok(Self { objects, place })
    }

    /// Shows that the store may be written to, before hours of walking are spent.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let text = "Lineward writes this to see whether it may.\n";
        self.put("probe", text).await
    }

    /// Reads the newest ledger, or an empty one where there is none. One that is dated from times yet to come was
    /// written before: it is older than whatever begins now, or began in the last hours.
    pub async fn load(&self) -> Result<SavedLedger, StoreError> {
        let now = Timestamp::now();
        let earlier = now.saturating_sub(ledger::LONGEST_RUN).unwrap_or(now);
        Ok(turned_back(self.read_newest().await?, now, earlier))
    }

    /// Reads the newest ledger again. What is dated in it from times yet to come has come since.
    pub async fn load_later(&self) -> Result<SavedLedger, StoreError> {
        let now = Timestamp::now();
        Ok(turned_back(self.read_newest().await?, now, now))
    }

    /// Reads the newest ledger. Whether it can be reached may show at the first try alone.
    async fn read_newest(&self) -> Result<SavedLedger, StoreError> {
        let begun = Instant::now();
        let mut wait = FIRST_WAIT;
        for _ in 1..LOADS {
            match self.load_newest().await {
                // It was pruned after it was listed: there are newer ones.
                Err(StoreError::Object {
                    source: object_store::Error::NotFound { .. },
                    ..
                }) => {}
                Err(error) if error.is_passing() && begun.elapsed() + wait < PATIENCE => {
                    tracing::warn!("the ledger is read again: {error}");
                    sleep(wait).await;
                    wait *= 2;
                }
                done => return done,
            }
        }
        self.load_newest().await
    }

    /// The newest ledger, where this one may not be it any more.
    pub async fn reload(&self, saved: &SavedLedger) -> Result<SavedLedger, StoreError> {
        match self.generations().await?.last() {
            Some(newest) if *newest > saved.generation => self.load_later().await,
            _ => Ok(saved.clone()),
        }
    }

    async fn load_newest(&self) -> Result<SavedLedger, StoreError> {
        let Some(generation) = self.generations().await?.pop() else {
            return Ok(SavedLedger::default());
        };
        let path = ledger_path(generation);
        let failed = |source| self.failed(Action::Read, source);
        let object = self.objects.get(&path).await.map_err(failed)?;
        let bytes = object.bytes().await.map_err(failed)?;
        let path = self.place.locate(path.as_ref());
        let corrupt = |message: String| StoreError::Corrupt {
            path: path.clone(),
            message,
        };
        let json = decompressed(&bytes).map_err(|error| corrupt(error.to_string()))?;
        let ledger = Ledger::read(&json).map_err(|error| match error {
            LedgerError::OtherSchema(found) => StoreError::OtherSchema {
                path: path.clone(),
                found,
            },
            LedgerError::Malformed(message) => corrupt(message),
        })?;
        Ok(SavedLedger {
            generation,
            ledger,
            ahead: None,
        })
    }

    /// Saves a ledger as this generation, unless another run has.
    pub async fn save(&self, generation: u64, ledger: &Ledger) -> Result<(), StoreError> {
        let path = ledger_path(generation);
        let corrupt = |error: std::io::Error| StoreError::Corrupt {
            path: self.place.locate(path.as_ref()),
            message: error.to_string(),
        };
        let json = ledger.to_json().map_err(|error| corrupt(error.into()))?;
        let bytes = Bytes::from(zstd::encode_all(&*json, 0).map_err(corrupt)?);
        let create = || {
            let options = PutOptions::from(PutMode::Create);
            self.objects.put_opts(&path, bytes.clone().into(), options)
        };
        let mut put = create().await;
        if put.as_ref().is_err_and(is_unanswered) {
            // It may have been saved all the same. Then it is found to be taken, and the caller lays
            // what it saw over what it saved itself, which changes nothing.
            put = create().await;
        }
        match put {
            Ok(_) => self.prune(generation).await,
            Err(object_store::Error::AlreadyExists { .. }) => Err(StoreError::Taken(generation)),
            Err(error) => Err(self.failed(Action::Write, error)),
        }
    }

    /// Saves an object under its name, in the place of one that is there.
    pub async fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) -> Result<(), StoreError> {
        let payload = bytes.into().into();
        let put = self.objects.put(&Path::from(name), payload).await;
        put.map(drop)
            .map_err(|source| self.failed(Action::Write, source))
    }

    /// Saves an object unless there is one of its name, and says whether it did.
    pub async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, StoreError> {
        let options = PutOptions::from(PutMode::Create);
        let path = Path::from(name);
        match self.objects.put_opts(&path, bytes.into(), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(source) => Err(self.failed(Action::Write, source)),
        }
    }

    /// The object of this name, if there is one.
    pub async fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let failed = |source| self.failed(Action::Read, source);
        match self.objects.get(&Path::from(name)).await {
            Ok(object) => Ok(Some(object.bytes().await.map_err(failed)?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(failed(source)),
        }
    }

    /// Where an object of this name lies, for a reader.
    pub fn locate(&self, name: &str) -> String {
        self.place.locate(name)
    }

    /// The bucket of an object, where it lies in one, and its key there; or else its path.
    pub fn address(&self, name: &str) -> (Option<String>, String) {
        match &self.place {
            Place::Folder(_) => (None, self.locate(name)),
            Place::Bucket { bucket, prefix } => {
                (Some(bucket.name.clone()), key(prefix, name).to_string())
            }
        }
    }

    /// Where the ledger of this generation lies, for a reader.
    pub fn locate_ledger(&self, generation: u64) -> String {
        self.locate(ledger_path(generation).as_ref())
    }

    /// The page of an object in the console, where it lies in a bucket.
    pub fn link(&self, name: &str) -> Option<String> {
        match &self.place {
            Place::Folder(_) => None,
            Place::Bucket { bucket, prefix } => {
                let Bucket {
                    name: bucket,
                    region,
                } = bucket;
                let key = key(prefix, name);
                let key = utf8_percent_encode(key.as_ref(), QUERY);
                Some(format!(
                    "https://{region}.console.aws.amazon.com/s3/object/{bucket}?region={region}&prefix={key}"
                ))
            }
        }
    }

    async fn generations(&self) -> Result<Vec<u64>, StoreError> {
        let objects = self.objects.list(Some(&Path::from("ledger")));
        let paths: Vec<_> = objects
            .map_ok(|object| object.location)
            .try_collect()
            .await
            .map_err(|source| self.failed(Action::List, source))?;
        let mut generations: Vec<_> = paths.iter().filter_map(generation_of).collect();
        generations.sort_unstable();
        Ok(generations)
    }

    /// Deletes what is old after `saved` was saved, unless that was old itself: whoever comes that late
    /// saved what had been pruned already, and nobody would read it.
    async fn prune(&self, saved: u64) -> Result<(), StoreError> {
        // What was to be saved is saved.
        let generations = match self.generations().await {
            Ok(generations) => generations,
            Err(error) => {
                tracing::warn!("old ledgers stay: {error}");
                return Ok(());
            }
        };
        let newest = generations.last().copied().unwrap_or(saved);
        let oldest = newest.saturating_sub(GENERATIONS as u64 - 1);
        for &generation in generations.iter().take_while(|&&old| old < oldest) {
            match self.objects.delete(&ledger_path(generation)).await {
                // Another run prunes as well.
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => {
                    let error = self.failed(Action::Delete, error);
                    tracing::warn!("an old ledger stays: {error}");
                    break;
                }
            }
        }
        if let Place::Folder(root) = &self.place {
            tidy(root, oldest);
        }
        if saved < oldest {
            return Err(StoreError::Taken(saved));
        }
        Ok(())
    }

    fn failed(&self, action: Action, source: object_store::Error) -> StoreError {
        explain(action, self.place.to_string(), self.place.region(), source)
    }
}

/// A ledger that is compared by its generation where its times are yet to come.
fn turned_back(mut saved: SavedLedger, now: Timestamp, to: Timestamp) -> SavedLedger {
    saved.ahead = saved.ledger.ahead_of(now);
    if saved.ahead.is_some() {
        saved.ledger.turn_back(now, to);
    }
    saved
}

/// Removes the folders of old generations, with what a killed run left half written in them.
fn tidy(root: &FilePath, oldest: u64) {
    let folders = std::fs::read_dir(root.join("ledger")).into_iter().flatten();
    for folder in folders.flatten() {
        let name = folder.file_name();
        let number = name.to_str().and_then(|it| it.strip_prefix("gen="));
        let generation = number.and_then(|it| it.parse::<u64>().ok());
        if generation.is_some_and(|it| it < oldest) {
            // Another run tidies as well; what stays does no harm.
            let _ = std::fs::remove_dir_all(folder.path());
        }
    }
}

/// The text of a ledger, unless it expands to more than an honest one of its size.
fn decompressed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut json = Vec::new();
    let decoder = zstd::Decoder::new(bytes)?;
    BoundedReader::new(decoder, bytes.len() as u64).read_to_end(&mut json)?;
    Ok(json)
}

/// The key of an object in its bucket.
fn key(prefix: &Path, name: &str) -> Path {
    prefix.parts().chain(Path::from(name).parts()).collect()
}

fn ledger_path(generation: u64) -> Path {
    Path::from(format!("ledger/gen={generation:010}/ledger.json.zst"))
}

fn generation_of(path: &Path) -> Option<u64> {
    path.as_ref()
        .strip_prefix("ledger/gen=")?
        .strip_suffix("/ledger.json.zst")?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests;
