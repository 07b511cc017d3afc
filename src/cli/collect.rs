//! `lineward collect`.

use std::path::PathBuf;

use clap::Args;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use lineward::collect::Known;
use lineward::snapshot::{SnapshotError, Writer};
use lineward::source::{self, StartError};
use lineward::store::{Store, StoreError};
use lineward_rules::Slice;
use lineward_rules::estate::ScopeState;

use super::walk::WalkArgs;
use super::{Exit, Failure, terminal};

/// Walk the accounts and write the estate down, without judging it.
#[derive(Debug, Args)]
pub(super) struct Collect {
    #[command(flatten)]
    walk: WalkArgs,
    /// The snapshot; compressed where the name ends in `.zst` or `.gz`.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

impl Collect {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let config = super::config(self.walk.config.as_deref())?;
        let mut plan = self.walk.plan(&config);
        plan.interrupt = super::signal::listen();
        let known = known(&config.store.url).await.unwrap_or_else(|error| {
            tracing::warn!("the ledger can't be read: {error}");
            // There may be an organization that it knows.
            plan.needs_organization = true;
            Known::default()
        });
        let mut walk = source::start(plan, known).await.map_err(|error| {
            let exit = match error {
                StartError::Connection(_) => Exit::Failed,
                StartError::Asked(_) => Exit::Usage,
            };
            Failure::new(exit, &error)
        })?;
        let header = walk.header();
        let failed = |error: SnapshotError| Failure::new(Exit::Failed, &error);
        let mut writer = Writer::create(&self.output, &header).map_err(failed)?;
        let progress = terminal::Progress::new(!self.walk.no_progress);
        let mut gaps = 0;
        while let Some(slice) = walk.slices.next().await {
            let slice = slice.map_err(failed)?;
            progress.add(&slice);
            gaps += failed_scopes(&slice);
            writer.slice(&slice).map_err(failed)?;
        }
        drop(progress);
        writer.finish(Timestamp::now()).map_err(failed)?;
        if gaps == 0 {
            return Ok(Exit::Clean);
        }
        terminal::say(&format!(
            "{gaps} scopes could not be read whole; they are in the snapshot as gaps"
        ));
        Ok(Exit::Incomplete)
    }
}

/// What earlier runs have seen, which a walk that finds less is held against.
async fn known(url: &str) -> Result<Known, StoreError> {
    match Store::existing(url).await? {
        Some(store) => Ok(Known::of(&store.load().await?.ledger)),
        None => Ok(Known::default()),
    }
}

fn failed_scopes(slice: &Slice) -> usize {
    slice
        .scopes
        .iter()
        .filter(|scope| scope.state() == ScopeState::Failed)
        .count()
}
