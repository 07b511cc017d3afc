//! The pipeline: collect, evaluate, diff, report, notify, save. Every way to run Lineward comes here.

mod fold;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use lineward_rules::Slice;
use lineward_rules::rule::Context;
use tokio::time::Instant;

use crate::collect::{self, Connection, ConnectionError, Organization, Plan};
use crate::config::{Config, PagerDuty};
use crate::ledger::{Incident, Ledger, Looked, Seen};
use crate::notify::pagerduty::{self, Delivery, DeliveryError};
use crate::notify::{self, Action, Routing, RoutingError};
use crate::report::{Format, IncidentRow, Report, Run, Trigger};
use crate::snapshot::{Reader, SnapshotError};
use crate::store::{Saved, Store, StoreError};
use fold::{Fold, Folded};

/// How often a ledger is merged with what another run saved meanwhile.
const MERGES: u32 = 40;

/// What to audit, and whom to tell.
#[derive(Debug)]
pub struct Request {
    /// Where the estate comes from.
    pub source: Source,
    /// What started the run.
    pub trigger: Trigger,
    /// Whether incidents are opened and resolved.
    pub notify: bool,
    /// When sending must have ended, so that the ledger is saved in time.
    pub send_until: Option<Instant>,
}

/// Where an estate comes from.
#[derive(Debug)]
pub enum Source {
    /// The accounts themselves.
    Live(Box<Plan>),
    /// A snapshot.
    Snapshot(PathBuf),
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// Where the JSON report lies.
    pub report_at: String,
    /// Where the ledger lies, unless it is newer than the estate and was left alone.
    pub ledger_at: Option<String>,
    /// What became of each change that PagerDuty was to be told.
    pub deliveries: Vec<Delivery>,
    /// How many groups of findings page nobody for want of a routing key.
    pub unroutable: usize,
}

/// Why a run could not be.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// AWS can't be reached at all.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The snapshot can't be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store failed once there was a report, which isn't lost with it.
    #[error("the audit is done but can't be saved: {source}")]
    Unsaved {
        /// The report.
        report: Box<Report>,
        /// Why.
        source: StoreError,
    },
    /// A routing key can't be used.
    #[error(transparent)]
    Routing(#[from] RoutingError),
    /// Paging was asked for and is not configured.
    #[error("`--notify` needs a section `[pagerduty]` in the configuration")]
    NoPagerDuty,
    /// Paging from a snapshot that is older than what is known would tell old news.
    #[error("the snapshot is older than the ledger, so that nobody can be paged from it")]
    StaleEstate,
    /// The clock that wrote the snapshot, or ours, is wrong.
    #[error("the snapshot is dated {0}, which is yet to come; check both clocks")]
    FutureEstate(Timestamp),
}

/// An estate as it comes.
pub struct Estate {
    /// The id of the run that walked.
    pub run: String,
    /// When the walk began: the clock of every judgement.
    pub started_at: Timestamp,
    /// The organization.
    pub organization: Organization,
    /// The slices, as they come.
    pub slices: BoxStream<'static, Result<Slice, SnapshotError>>,
}

/// Audits. `seen` is told of each slice as it is judged.
pub async fn audit(
    config: &Config,
    request: Request,
    seen: impl FnMut(&Slice),
) -> Result<Outcome, AuditError> {
    // What can fail for want of configuration fails before anything is read or sent.
    let paging = if request.notify {
        Some(paging(config)?)
    } else {
        None
    };
    let store = Store::open(&config.store.url).await?;
    let saved = store.load().await?;
    store.probe().await?;
    let live = matches!(request.source, Source::Live(_));
    let estate = open(request.source).await?;
    let stale = !live && saved.ledger.updated_at > Some(estate.started_at);
    if stale && request.notify {
        return Err(AuditError::StaleEstate);
    }

    let folded = fold(estate, request.trigger, &saved.ledger, config, seen).await?;
    let mut report = folded.report;
    let known = &saved.ledger.incidents;
    let plan = paging
        .as_ref()
        .map_or_else(notify::Plan::default, |(pagerduty, routing)| {
            notify::plan(&report, known, config, pagerduty, routing)
        });
    name_incidents(&mut report, &plan, known);
    let name = report.name();
    let unsaved = |source| AuditError::Unsaved {
        report: Box::new(report.clone()),
        source,
    };
    let json = report.render(Format::Json, None, false);
    store.save_report(&name, json).await.map_err(unsaved)?;

    // What is about to be sent is written down first: a run that is killed before it can say what was
    // taken leaves a ledger by which the next tells it again, or resolves it.
    let seen = Seen {
        at: report.run.started_at,
        findings: &folded.findings,
        applications: &folded.applications,
        looked: &folded.looked,
        incidents: plan.intents(),
    };
    let mut kept = if stale {
        saved
    } else {
        save(&store, saved, &seen).await.map_err(unsaved)?
    };
    let mut deliveries = Vec::new();
    if let Some((pagerduty, routing)) = &paging {
        let nothing = Looked::default();
        let (endpoint, until) = (&pagerduty.endpoint, request.send_until);
        deliveries = pagerduty::send(endpoint, plan.changes, routing, until).await;
        let told = Seen {
            findings: &[],
            applications: &[],
            looked: &nothing,
            incidents: delivered(&deliveries),
            ..seen
        };
        if !told.incidents.is_empty() {
            kept = save(&store, kept, &told).await.map_err(unsaved)?;
        }
    }
    Ok(Outcome {
        report,
        report_at: store.locate(&name),
        ledger_at: (!stale).then(|| store.locate_ledger(kept.generation)),
        deliveries,
        unroutable: plan.unroutable,
    })
}

/// Judges the slices as they come.
async fn fold(
    mut estate: Estate,
    trigger: Trigger,
    before: &Ledger,
    config: &Config,
    mut seen: impl FnMut(&Slice),
) -> Result<Folded, AuditError> {
    let policy = config.policy();
    let organization = estate.organization.clone();
    let cx = Context {
        now: estate.started_at,
        policy: &policy,
        organization: Some(organization.id.as_str()).filter(|id| !id.is_empty()),
    };
    let mut fold = Fold::new(before, &cx);
    while let Some(slice) = estate.slices.next().await {
        let slice = slice?;
        seen(&slice);
        fold.add(&slice);
    }
    let run = Run {
        id: estate.run,
        version: env!("CARGO_PKG_VERSION").into(),
        trigger,
        started_at: estate.started_at,
        finished_at: Timestamp::now(),
        complete: false,
    };
    Ok(fold.finish(run, estate.organization))
}

fn paging(config: &Config) -> Result<(PagerDuty, Routing), AuditError> {
    let pagerduty = config.pagerduty.clone().ok_or(AuditError::NoPagerDuty)?;
    let routing = Routing::new(config, &pagerduty)?;
    Ok((pagerduty, routing))
}

async fn open(source: Source) -> Result<Estate, AuditError> {
    match source {
        Source::Live(plan) => Ok(start(*plan).await?),
        Source::Snapshot(path) => {
            let (header, reader) = Reader::open(&path)?;
            // A ledger of the future would outlast every run of today.
            if header.started_at > Timestamp::now() + SignedDuration::from_hours(1) {
                return Err(AuditError::FutureEstate(header.started_at));
            }
            Ok(Estate {
                run: header.run,
                started_at: header.started_at,
                organization: header.organization,
                slices: stream::iter(reader).boxed(),
            })
        }
    }
}

/// Begins to walk the accounts themselves.
pub async fn start(plan: Plan) -> Result<Estate, ConnectionError> {
    let started_at = Timestamp::now();
    let connection = Arc::new(Connection::open(plan.call_timeout).await?);
    let organization = connection.organization().await;
    let slices = collect::walk(&connection, &Arc::new(plan)).map(Ok).boxed();
    Ok(Estate {
        run: uuid::Uuid::now_v7().to_string(),
        started_at,
        organization,
        slices,
    })
}

impl std::fmt::Debug for Estate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Estate")
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}

/// Writes into each finding which incident it is part of.
fn name_incidents(report: &mut Report, plan: &notify::Plan, known: &BTreeMap<String, Incident>) {
    let told = known.iter().flat_map(|(key, incident)| {
        incident
            .findings
            .iter()
            .map(move |fingerprint| (fingerprint, key))
    });
    let told: BTreeMap<_, _> = told.collect();
    for (index, finding) in report.findings.iter_mut().enumerate() {
        let key = plan
            .incident_of
            .get(&index)
            .or_else(|| told.get(&finding.fingerprint).copied());
        finding.incident = key.map(|key| IncidentRow {
            dedup_key: key.clone(),
        });
    }
}

/// What the ledger is to remember: what PagerDuty took. What can't be resolved for want of its key is
/// forgotten once it was said: no later run could either.
fn delivered(deliveries: &[Delivery]) -> BTreeMap<String, Option<Incident>> {
    let settled = deliveries.iter().filter(|(change, delivery)| {
        let lost = matches!(delivery, Err(DeliveryError::LostKey(_)));
        delivery.is_ok() || (lost && matches!(change.action, Action::Resolve { .. }))
    });
    let remembered = settled.map(|(change, _)| {
        let incident = match &change.action {
            Action::Trigger { incident, .. } => Some(incident.clone()),
            Action::Resolve { .. } => None,
        };
        (change.dedup_key.clone(), incident)
    });
    remembered.collect()
}

/// Saves the ledger as the next generation. Where another run was quicker, what this one saw is laid
/// over what that one saved.
async fn save(store: &Store, saved: Saved, seen: &Seen<'_>) -> Result<Saved, StoreError> {
    let mut saved = saved;
    for _ in 0..MERGES {
        let generation = saved.generation + 1;
        let ledger = saved.ledger.after(seen);
        match store.save(generation, &ledger).await {
            Ok(()) => return Ok(Saved { generation, ledger }),
            Err(StoreError::Taken(_)) => {
                // Runs that lost against each other don't meet again at once.
                let [.., random] = uuid::Uuid::now_v7().into_bytes();
                tokio::time::sleep(Duration::from_millis(random.into())).await;
                saved = store.load().await?;
            }
            Err(error) => return Err(error),
        }
    }
    Err(StoreError::Taken(saved.generation + 1))
}
