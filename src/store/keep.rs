//! What lies in a folder for each day: the last report, and what is deleted once it is older than anybody wants to keep it.

use std::collections::BTreeSet;

use futures_util::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use uuid::Uuid;

use super::error::Action;
use super::{Place, Store, StoreError};
use crate::ledger::Ledger;

/// The reports, which are spared where something of them is open still.
const REPORTS: &str = "reports";

/// What lies in a folder for each day.
const DAILY: [&str; 5] = [REPORTS, "runs", "findings", "applications", "coverage"];

/// What lies in a folder for each run.
const FAN_OUT: &str = "fan-out";

impl Store {
    /// Deletes what was written longer ago than `keep`, but for ledgers, and for reports of days on which
    /// something of this ledger that is open was seen, or told.
    pub async fn forget(
        &self,
        keep: SignedDuration,
        now: Timestamp,
        ledger: &Ledger,
    ) -> Result<(), StoreError> {
        let Ok(before) = now.saturating_sub(keep) else {
            return Ok(());
        };
        let spared = days(ledger);
        let first_kept = day(before);
        for table in DAILY {
            for folder in self.folders(table).await? {
                let is_old = day_of(&folder).is_some_and(|day| {
                    *day < *first_kept && !(table == REPORTS && spared.contains(day))
                });
                if is_old {
                    self.delete(&folder).await?;
                }
            }
        }
        for folder in self.folders(FAN_OUT).await? {
            if begun_at(&folder).is_some_and(|begun| begun < before) {
                self.delete(&folder).await?;
            }
        }
        Ok(())
    }

    /// The name of the newest report, if there is any: runs are named such that they sort by time.
    pub async fn last_report(&self) -> Result<Option<String>, StoreError> {
        let mut days = self.folders(REPORTS).await?;
        days.retain(|folder| day_of(folder).is_some());
        days.sort();
        while let Some(day) = days.pop() {
            let objects = self.objects.list(Some(&day));
            let objects: Result<Vec<_>, _> = objects.try_collect().await;
            let objects = objects.map_err(|source| self.failed(Action::List, source))?;
            let paths = objects.iter().map(|object| &object.location);
            let reports = paths.filter(|path| path.extension() == Some("json"));
            let newest = reports.map(Path::as_ref).max();
            if let Some(name) = newest {
                return Ok(Some(name.to_owned()));
            }
        }
        Ok(None)
    }

    /// The folders in a folder.
    pub(crate) async fn folders(&self, table: &str) -> Result<Vec<Path>, StoreError> {
        let table = Path::from(table);
        let listed = self.objects.list_with_delimiter(Some(&table)).await;
        let listed = listed.map_err(|source| self.failed(Action::List, source))?;
        Ok(listed.common_prefixes)
    }

    /// The objects in a folder, whatever lies between.
    pub(crate) async fn objects_in(&self, folder: &Path) -> Result<Vec<Path>, StoreError> {
        let objects = self.objects.list(Some(folder));
        let paths = objects.map_ok(|object| object.location).try_collect();
        paths
            .await
            .map_err(|source| self.failed(Action::List, source))
    }

    /// Deletes a folder with all that is in it.
    pub(crate) async fn delete(&self, folder: &Path) -> Result<(), StoreError> {
        for object in self.objects_in(folder).await? {
            match self.objects.delete(&object).await {
                // Another run deletes as well.
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(source) => return Err(self.failed(Action::Delete, source)),
            }
        }
        if let Place::Folder(root) = &self.place {
            // An empty folder that stays does no harm.
            let _ = std::fs::remove_dir_all(root.join(folder.as_ref()));
        }
        Ok(())
    }
}

/// The days on which something that is open was seen, or told.
fn days(ledger: &Ledger) -> BTreeSet<String> {
    let findings = ledger.findings.values();
    let findings = findings.flat_map(|it| [it.first_seen_at, it.last_seen_at]);
    let incidents = ledger.incidents.values();
    let incidents = incidents.flat_map(|it| [it.opened_at, it.told_at]);
    findings.chain(incidents).map(day).collect()
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// The day of a folder, as `YYYY-MM-DD`, which is in order as text.
fn day_of(folder: &Path) -> Option<&str> {
    let day = folder.as_ref().rsplit_once("/dt=")?.1;
    let is_day = day.parse::<jiff::civil::Date>().is_ok() && day.len() == 10;
    is_day.then_some(day)
}

/// When the run of a folder began: its id tells.
fn begun_at(folder: &Path) -> Option<Timestamp> {
    let run = folder.as_ref().rsplit_once("/run=")?.1;
    let (seconds, _) = Uuid::parse_str(run).ok()?.get_timestamp()?.to_unix();
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Incident;

    #[tokio::test]
    async fn what_is_old_is_deleted_but_for_ledgers_and_reports_of_what_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file:{}", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        let names = [
            "reports/dt=2024-01-01/run=a.json",
            "reports/dt=2024-01-02/run=b.json",
            "reports/dt=2026-01-01/run=c.json",
            "reports/dt=odd/run=d.json",
            "runs/dt=2024-01-02/run=b/part-0.jsonl.gz",
            "fan-out/run=018cc251-f400-7000-8000-000000000000/deal.json",
            "ledger/gen=0000000001/other",
        ];
        for name in names {
            store.put(name, "x").await.unwrap();
        }
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let opened_at = at("2024-01-02T23:00:00Z");
        let incident: Incident = serde_json::from_value(serde_json::json!({
            "routing_key": "env:KEY", "state": "open", "opened_at": opened_at, "told_at": opened_at,
            "findings": [], "rules": [], "severity": "low", "summary": "s",
        }))
        .unwrap();
        let ledger = Ledger {
            incidents: [("key".to_owned(), incident)].into(),
            ..Ledger::default()
        };
        let (keep, now) = (
            SignedDuration::from_hours(24 * 400),
            at("2026-11-28T00:00:00Z"),
        );
        store.forget(keep, now, &ledger).await.unwrap();
        let mut left = Vec::new();
        for name in names {
            left.push(store.get(name).await.unwrap().is_some());
        }
        assert_eq!(left, [false, true, true, true, false, false, true]);
        assert!(!folder.path().join("reports/dt=2024-01-01").exists());
    }
    #[tokio::test]
    async fn the_newest_report_is_the_last_run_of_the_last_day() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file:{}", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        assert_eq!(store.last_report().await.unwrap(), None);
        for name in [
            "reports/dt=2026-01-02/run=b.json",
            "reports/dt=2026-01-02/run=c.json",
            "reports/dt=2026-01-02/run=d.tmp",
            "reports/dt=2026-01-01/run=z.json",
            "reports/dt=odd/run=z.json",
        ] {
            store.put(name, "{}").await.unwrap();
        }
        let last = store.last_report().await.unwrap();
        assert_eq!(last.as_deref(), Some("reports/dt=2026-01-02/run=c.json"));
    }
}
