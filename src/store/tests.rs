//! What holds of a folder holds of a bucket, and in whatever order runs come.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use object_store::client::{HttpError, HttpErrorKind};
use object_store::memory::InMemory;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    PutMultipartOptions, PutPayload, PutResult, Result,
};

use super::*;

/// A folder that ends with its test, and a bucket in memory.
async fn stores() -> (tempfile::TempDir, [Store; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file:{}", folder.path().display());
    let stores = [Store::open(&url).await.unwrap(), bucket(InMemory::new())];
    (folder, stores)
}

fn bucket(objects: impl ObjectStore) -> Store {
    let prefix = Path::from("of/team a");
    let bucket = Bucket {
        name: "audits".into(),
        region: "eu-west-1".into(),
    };
    Store {
        objects: Arc::new(PrefixStore::new(objects, prefix.clone())),
        place: Place::Bucket { bucket, prefix },
    }
}

fn at(second: i64) -> Ledger {
    Ledger {
        updated_at: Some(Timestamp::from_second(second).unwrap()),
        ..Ledger::default()
    }
}

async fn overwrite(store: &Store, generation: u64, bytes: &[u8]) {
    let path = ledger_path(generation);
    let payload = bytes.to_vec().into();
    store.objects.put(&path, payload).await.unwrap();
}

#[tokio::test]
async fn a_generation_is_saved_once_and_the_newest_is_loaded() {
    let (_folder, stores) = stores().await;
    for store in stores {
        assert_eq!(store.load().await.unwrap().generation, 0);
        for generation in 1..=25 {
            store.save(generation, &Ledger::default()).await.unwrap();
        }
        let again = store.save(25, &Ledger::default()).await;
        assert!(matches!(again, Err(StoreError::Taken(25))));
        assert_eq!(store.load().await.unwrap().generation, 25);
        assert_eq!(
            store.generations().await.unwrap(),
            (6..=25).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn who_comes_after_its_generation_was_pruned_has_not_saved() {
    let (_folder, stores) = stores().await;
    for store in stores {
        for generation in 2..=21 {
            store.save(generation, &at(1)).await.unwrap();
        }
        let late = store.save(1, &at(2)).await;
        assert!(matches!(late, Err(StoreError::Taken(1))), "{late:?}");
        assert_eq!(
            store.generations().await.unwrap(),
            (2..=21).collect::<Vec<_>>()
        );
        // One that is not so late finds its generation there.
        let late = store.save(2, &at(2)).await;
        assert!(matches!(late, Err(StoreError::Taken(2))), "{late:?}");
    }
}

#[tokio::test]
async fn a_corrupt_or_newer_ledger_stops_and_stays() {
    let (_folder, stores) = stores().await;
    for store in stores {
        store.save(1, &Ledger::default()).await.unwrap();
        overwrite(&store, 1, b"rubbish").await;
        let corrupt = store.load().await;
        assert!(matches!(corrupt, Err(StoreError::Corrupt { .. })));
        let newer = zstd::encode_all(&br#"{"schema":"lineward/ledger/2"}"#[..], 0).unwrap();
        overwrite(&store, 1, &newer).await;
        let other = store.load().await;
        assert!(matches!(other, Err(StoreError::OtherSchema { .. })));
        let taken = store.save(1, &Ledger::default()).await;
        assert!(matches!(taken, Err(StoreError::Taken(1))));
        let kept = store.objects.get(&ledger_path(1)).await.unwrap();
        assert_eq!(kept.bytes().await.unwrap(), newer);
    }
}

#[tokio::test]
async fn a_ledger_that_is_pruned_while_it_is_looked_for_is_passed_over() {
    for (gone, loaded) in [(1, true), (LOADS - 1, true), (LOADS, false)] {
        let store = bucket(Faulty {
            gone: AtomicU32::new(gone),
            ..Faulty::default()
        });
        store.save(7, &at(7)).await.unwrap();
        assert_eq!(store.load().await.is_ok(), loaded, "{gone}");
    }
}

#[tokio::test]
async fn a_ledger_whose_saving_was_not_answered_is_merged_with_itself() {
    let application = ledger::SeenApplication {
        arn: "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/1".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
    };
    let incidents = [("a".to_owned(), Some(incident())), ("b".to_owned(), None)];
    let seen = ledger::Seen {
        applications: &[application],
        ..ledger::Seen::told(Timestamp::from_second(3).unwrap(), incidents.into())
    };
    let ledger = at(1).after(&seen);
    let store = bucket(Faulty {
        unanswered: AtomicU32::new(1),
        ..Faulty::default()
    });
    let taken = store.save(1, &ledger).await;
    assert!(matches!(taken, Err(StoreError::Taken(1))), "{taken:?}");
    let saved = store.load().await.unwrap();
    assert_eq!(saved.ledger, ledger);
    assert_eq!(saved.ledger.after(&seen), ledger);
    store.save(2, &ledger).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_at_once_lose_nothing() {
    let (_folder, stores) = stores().await;
    for store in stores {
        let writers = (1..=8).map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut losses = 0;
                for round in 0..6 {
                    loop {
                        let saved = store.load().await.unwrap();
                        let mut ledger = saved.ledger;
                        let key = format!("{writer} {round}");
                        ledger.incidents.insert(key, incident());
                        match store.save(saved.generation + 1, &ledger).await {
                            Ok(()) => break,
                            Err(StoreError::Taken(_)) => losses += 1,
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
                losses
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let saved = store.load().await.unwrap();
        assert_eq!((saved.generation, saved.ledger.incidents.len()), (48, 48));
    }
}

fn incident() -> ledger::Incident {
    ledger::Incident {
        routing_key: "team".into(),
        key_digest: None,
        state: crate::ledger::IncidentState::Open,
        told_at: Timestamp::UNIX_EPOCH,
        opened_at: Timestamp::from_second(1).unwrap(),
        findings: std::collections::BTreeSet::new(),
        rules: std::collections::BTreeSet::new(),
        severity: lineward_rules::Severity::Low,
        summary: String::new(),
        is_taken: false,
        is_contested: false,
        not_judged: std::collections::BTreeSet::new(),
    }
}

#[tokio::test]
async fn a_reader_is_told_where_things_lie() {
    let (folder, [in_folder, in_bucket]) = stores().await;
    let name = "reports/dt=2026-11-23/run=1.json";
    let root = folder.path().canonicalize().unwrap();
    assert_eq!(
        in_folder.locate(name),
        root.join(name).display().to_string()
    );
    assert_eq!(in_folder.link(name), None);
    assert_eq!(
        in_bucket.locate(name),
        format!("s3://audits/of/team a/{name}")
    );
    assert_eq!(
        in_bucket.link(name).unwrap(),
        "https://eu-west-1.console.aws.amazon.com/s3/object/audits?region=eu-west-1\
         &prefix=of/team%20a/reports/dt%3D2026-11-23/run%3D1.json"
    );
    assert_eq!(
        in_bucket.locate_ledger(3),
        "s3://audits/of/team a/ledger/gen=0000000003/ledger.json.zst"
    );
    in_bucket.put(name, "{}").await.unwrap();
    in_bucket.probe().await.unwrap();
}

#[tokio::test]
async fn another_kind_of_url_is_refused() {
    for url in [
        "gs://bucket",
        "bucket",
        "file:",
        "file://",
        "s3:",
        "s3://",
        "s3:///prefix",
        "s3://bucket//prefix",
        "s3://bucket/a/../b",
        "s3://user@bucket/prefix",
    ] {
        let opened = Store::open(url).await;
        assert!(matches!(opened, Err(StoreError::Url(_))), "{url}");
    }
}

/// A store in memory, which others prune, at the end of a bad line.
#[derive(Debug, Default)]
struct Faulty {
    objects: InMemory,
    /// How many more times an object that is listed is gone when it is read.
    gone: AtomicU32,
    /// How many more times an object is written and no answer comes.
    unanswered: AtomicU32,
}

/// Whether a fault was left, which is used up.
fn uses_up(faults: &AtomicU32) -> bool {
    let less = |left: u32| left.checked_sub(1);
    let left = faults.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    left.is_ok()
}

impl std::fmt::Display for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if uses_up(&self.gone) {
            return Err(object_store::Error::NotFound {
                path: location.to_string(),
                source: "pruned".into(),
            });
        }
        self.objects.get_opts(location, options).await
    }

    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let put = self.objects.put_opts(location, payload, options).await?;
        if uses_up(&self.unanswered) {
            let source = HttpError::new(HttpErrorKind::Interrupted, std::fmt::Error);
            return Err(object_store::Error::Generic {
                store: "Faulty",
                source: source.into(),
            });
        }
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.objects.put_multipart_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.objects.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}
