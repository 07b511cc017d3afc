//! Where ledgers and reports are kept. A ledger is never overwritten: each run adds a generation.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};

use crate::ledger::{self, Ledger};

/// How many generations of the ledger are kept.
const GENERATIONS: usize = 20;

/// A folder with ledgers and reports.
#[derive(Clone, Debug)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    root: PathBuf,
}

/// A ledger with the number under which it was saved, 0 where there was none.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    /// The number.
    pub generation: u64,
    /// The ledger.
    pub ledger: Ledger,
}

/// Why the store can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no store that this version has.
    #[error("`{0}` is no store, expected `file:PATH`")]
    Url(String),
    /// The folder can't be made.
    #[error("can't make the folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An object can't be listed, read or written.
    #[error("the store failed")]
    Object(#[from] object_store::Error),
    /// A ledger is there but can't be understood; it is left alone.
    #[error(
        "ledger `{path}` can't be read: {message}; move it away to go on from the one before it"
    )]
    Corrupt {
        /// The object.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A ledger is of another version.
    #[error(
        "ledger `{path}` is of schema `{found}`, this version reads `{}`",
        ledger::SCHEMA
    )]
    OtherSchema {
        /// The object.
        path: String,
        /// The schema it names.
        found: String,
    },
    /// Another run saved this generation first.
    #[error("generation {0} of the ledger exists already")]
    Taken(u64),
}

impl Store {
    /// Opens `file:PATH`, making the folder where it isn't there.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let path = url
            .strip_prefix("file:")
            .ok_or_else(|| StoreError::Url(url.to_owned()))?;
        let root = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
        let failed = |source| StoreError::Folder {
            path: root.clone(),
            source,
        };
        std::fs::create_dir_all(&root).map_err(failed)?;
        let root = root.canonicalize().map_err(failed)?;
        let objects = Arc::new(LocalFileSystem::new_with_prefix(&root)?);
        Ok(Self { objects, root })
    }

    /// Reads the newest ledger, or an empty one where there is none.
    pub async fn load(&self) -> Result<Saved, StoreError> {
        let Some(generation) = self.generations().await?.pop() else {
            return Ok(Saved::default());
        };
        let path = ledger_path(generation);
        let bytes = self.objects.get(&path).await?.bytes().await?;
        let corrupt = |message: String| StoreError::Corrupt {
            path: path.to_string(),
            message,
        };
        let json = zstd::decode_all(&*bytes).map_err(|error| corrupt(error.to_string()))?;
        let value: serde_json::Value =
            serde_json::from_slice(&json).map_err(|error| corrupt(error.to_string()))?;
        match value.get("schema").and_then(serde_json::Value::as_str) {
            Some(ledger::SCHEMA) => {}
            Some(found) => {
                let found = found.to_owned();
                return Err(StoreError::OtherSchema {
                    path: path.to_string(),
                    found,
                });
            }
            None => return Err(corrupt("names no `schema`".into())),
        }
        let ledger = serde_json::from_value(value).map_err(|error| corrupt(error.to_string()))?;
        Ok(Saved { generation, ledger })
    }

    /// Saves a ledger as this generation, unless another run has.
    pub async fn save(&self, generation: u64, ledger: &Ledger) -> Result<(), StoreError> {
        let corrupt = |error: std::io::Error| StoreError::Corrupt {
            path: ledger_path(generation).to_string(),
            message: error.to_string(),
        };
        let json = serde_json::to_vec(ledger).map_err(|error| corrupt(error.into()))?;
        let bytes = zstd::encode_all(&*json, 0).map_err(corrupt)?;
        let options = PutOptions::from(PutMode::Create);
        match self
            .objects
            .put_opts(&ledger_path(generation), bytes.into(), options)
            .await
        {
            Ok(_) => self.prune().await,
            Err(object_store::Error::AlreadyExists { .. }) => Err(StoreError::Taken(generation)),
            Err(error) => Err(error.into()),
        }
    }

    /// Saves an object under its name, in the place of one that is there.
    pub async fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) -> Result<(), StoreError> {
        self.objects
            .put(&Path::from(name), bytes.into().into())
            .await?;
        Ok(())
    }

    /// Where an object of this name lies, for a reader.
    pub fn locate(&self, name: impl AsRef<FilePath>) -> PathBuf {
        self.root.join(name)
    }

    /// Where the ledger of this generation lies, for a reader.
    pub fn locate_ledger(&self, generation: u64) -> PathBuf {
        self.locate(ledger_path(generation).as_ref())
    }

    async fn generations(&self) -> Result<Vec<u64>, StoreError> {
        let objects = self.objects.list(Some(&Path::from("ledger")));
        let paths: Vec<_> = objects
            .map_ok(|object| object.location)
            .try_collect()
            .await?;
        let mut generations: Vec<_> = paths.iter().filter_map(generation_of).collect();
        generations.sort_unstable();
        Ok(generations)
    }

    async fn prune(&self) -> Result<(), StoreError> {
        let generations = self.generations().await?;
        let old = generations.len().saturating_sub(GENERATIONS);
        for &generation in generations.iter().take(old) {
            match self.objects.delete(&ledger_path(generation)).await {
                // Another run prunes as well.
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
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
mod tests {
    use super::*;

    fn open(folder: &tempfile::TempDir) -> Store {
        Store::open(&format!("file:{}", folder.path().display())).unwrap()
    }

    #[tokio::test]
    async fn a_generation_is_saved_once_and_the_newest_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        assert_eq!(store.load().await.unwrap().generation, 0);
        for generation in 1..=25 {
            store.save(generation, &Ledger::default()).await.unwrap();
        }
        assert!(matches!(
            store.save(25, &Ledger::default()).await,
            Err(StoreError::Taken(25))
        ));
        assert_eq!(store.load().await.unwrap().generation, 25);
        assert_eq!(store.generations().await.unwrap().len(), GENERATIONS);
    }

    #[tokio::test]
    async fn a_corrupt_or_newer_ledger_stops_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        store.save(1, &Ledger::default()).await.unwrap();
        let path = store.locate_ledger(1);
        std::fs::write(&path, "rubbish").unwrap();
        assert!(matches!(
            store.load().await,
            Err(StoreError::Corrupt { .. })
        ));
        let newer = zstd::encode_all(&br#"{"schema":"lineward/ledger/2"}"#[..], 0).unwrap();
        std::fs::write(&path, newer).unwrap();
        assert!(matches!(
            store.load().await,
            Err(StoreError::OtherSchema { .. })
        ));
        assert!(path.exists());
    }

    #[test]
    fn another_kind_of_url_is_refused() {
        assert!(matches!(
            Store::open("gs://bucket"),
            Err(StoreError::Url(_))
        ));
    }
}
