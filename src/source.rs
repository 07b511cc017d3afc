//! Where the slices of a run come from: the accounts themselves, a snapshot, or the shards of a fan-out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use jiff::Timestamp;
use lineward_rules::estate::{Organization, Slice};

use crate::collect::{self, AskedError, Calls, Connection, ConnectionError, Known, Plan};
use crate::report::Selection;
use crate::snapshot::{Header, Reader, SCHEMA, SnapshotError};

/// Where an estate comes from.
#[derive(Debug)]
pub enum Source {
    /// The accounts themselves.
    Live(Box<Plan>),
    /// A snapshot.
    Snapshot(PathBuf),
    /// The shards of a fan-out, by its run.
    FanOut(String),
}

/// An estate as it comes.
pub struct Walk {
    /// The id of the run that walked.
    pub run: String,
    /// The id of its evaluation: the run's own for the first.
    pub evaluation: String,
    /// When the walk began: the clock of every judgement.
    pub started_at: Timestamp,
    /// The organization.
    pub organization: Organization,
    /// The requests of the walk, where this process walks.
    pub calls: Arc<Calls>,
    /// Whether the walk left out some of what the configuration asks for.
    pub is_narrowed: bool,
    /// What the walk was asked for.
    pub selection: Selection,
    /// The ARN of who walks, where this process does.
    pub caller: Option<String>,
    /// The slices, as they come.
    pub slices: BoxStream<'static, Result<Slice, SnapshotError>>,
}

/// Why there is no walk.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// AWS can't be reached at all.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// What was asked for by name doesn't exist.
    #[error(transparent)]
    Asked(#[from] AskedError),
}

/// Begins to walk the accounts themselves. `known` is what earlier runs have seen.
pub async fn start(mut plan: Plan, known: Known) -> Result<Walk, StartError> {
    plan.known = Arc::new(known);
    let started_at = Timestamp::now();
    let connection = Arc::new(Connection::open(plan.call_timeout).await?);
    let is_narrowed = plan.is_narrowed;
    let described = collect::organization(&connection, &plan).await;
    plan.expect(&described);
    collect::check(&connection, &plan).await?;
    let selection = Selection::of(&plan);
    let slices = collect::walk(&connection, &Arc::new(plan));
    let slices = stream::iter(described.unread).chain(slices).map(Ok).boxed();
    let run = uuid::Uuid::now_v7().to_string();
    Ok(Walk {
        evaluation: run.clone(),
        run,
        started_at,
        organization: described.organization,
        calls: Arc::clone(&connection.calls),
        is_narrowed,
        selection,
        caller: Some(connection.caller.clone()),
        slices,
    })
}

/// A snapshot, read slice by slice.
pub fn read(path: &Path) -> Result<Walk, SnapshotError> {
    let (header, reader) = Reader::open(path)?;
    Ok(Walk {
        evaluation: header.run.clone(),
        run: header.run,
        started_at: header.started_at,
        organization: header.organization,
        calls: Arc::default(),
        is_narrowed: header.is_narrowed,
        selection: header.selection,
        caller: header.caller,
        slices: stream::iter(reader).boxed(),
    })
}

impl Walk {
    /// The first line of its snapshot.
    pub fn header(&self) -> Header {
        Header {
            schema: SCHEMA.into(),
            run: self.run.clone(),
            started_at: self.started_at,
            organization: self.organization.clone(),
            is_narrowed: self.is_narrowed,
            selection: self.selection.clone(),
            caller: self.caller.clone(),
        }
    }
}

impl std::fmt::Debug for Walk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walk")
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}
