//! The report that was saved last.

use futures_util::TryStreamExt as _;
use object_store::path::Path;

use super::error::Action;
use super::{Store, StoreError};

impl Store {
    /// The name of the report of the run that began last. The ids of runs sort by time.
    pub async fn newest_report(&self) -> Result<Option<String>, StoreError> {
        let reports = Path::from("reports");
        let days = self.objects.list_with_delimiter(Some(&reports)).await;
        let days = days.map_err(|source| self.failed(Action::List, source))?;
        let Some(day) = days.common_prefixes.into_iter().max() else {
            return Ok(None);
        };
        let listed: Result<Vec<_>, _> = self.objects.list(Some(&day)).try_collect().await;
        let listed = listed.map_err(|source| self.failed(Action::List, source))?;
        let names = listed.into_iter().map(|object| object.location);
        Ok(names.max().map(|name| name.to_string()))
    }
}
