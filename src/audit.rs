//! The pipeline: collect, evaluate, diff, report, notify, save. Every way to run Lineward comes here.

mod fold;
mod tell;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use lineward_rules::rule::Context;
use lineward_rules::{Slice, Status};
use tokio::time::Instant;

use crate::collect::{self, CallCounts, Calls, Connection, ConnectionError, Organization, Plan};
use crate::config::{Config, PagerDuty};
use crate::fan_out::{self, FanOutError};
use crate::history;
use crate::ledger::{Incident, Ledger, Looked, Seen};
use crate::notify::{self, Routing, RoutingError};
use crate::report::{FindingRow, Format, IncidentRow, Notification, Report, Run, Trigger};
use crate::snapshot::{Reader, SnapshotError};
use crate::store::{Saved, Store, StoreError};
use fold::{Fold, Folded};
use tell::Teller;

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
    /// Whether what is found pages nobody, now or later, unless it was gone and is back.
    pub baseline: bool,
}

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

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// Where the JSON report lies, unless an event told nothing new.
    pub report_at: Option<String>,
    /// Where the ledger lies, unless it was left alone: it is newer than the estate, or nothing is new.
    pub ledger_at: Option<String>,
    /// The requests of the walk.
    pub calls: CallCounts,
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
    /// A fan-out can't be finished.
    #[error(transparent)]
    FanOut(#[from] FanOutError),
    /// A routing key can't be used.
    #[error(transparent)]
    Routing(#[from] RoutingError),
    /// Paging was asked for and is not configured.
    #[error("`--notify` needs a section `[pagerduty]` in the configuration")]
    NoPagerDuty,
    /// Paging from a snapshot that is older than what is known would tell old news.
    #[error("the snapshot is older than the ledger, so that nobody can be paged from it")]
    StaleEstate,
    /// A run after the report knows better.
    #[error("a run after this report has written the ledger, so that nobody can be paged from it")]
    StaleReport,
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
    /// The requests of the walk, where this process walks.
    pub calls: Arc<Calls>,
    /// The slices, as they come.
    pub slices: BoxStream<'static, Result<Slice, SnapshotError>>,
}

/// Audits. `seen` is told of each slice as it is judged.
pub async fn audit(
    config: &Config,
    request: Request,
    seen: impl FnMut(&Slice),
) -> Result<Outcome, AuditError> {
    if request.notify && config.pagerduty.is_none() {
        return Err(AuditError::NoPagerDuty);
    }
    // What can fail for want of configuration fails before anything is read or sent.
    let store = Store::open(&config.store.url).await?;
    let saved = store.load().await?;
    // An event's look writes only what is new, and there are many.
    if request.trigger != Trigger::Event {
        store.probe().await?;
    }
    let paging = if request.notify {
        Some(paging(config, &saved.ledger).await?)
    } else {
        None
    };
    if let Source::FanOut(run) = &request.source
        && let Some(report) = fan_out::finished(&store, run).await?
        && (report.notification.is_some() || paging.is_none())
    {
        return Ok(Outcome {
            report_at: Some(store.locate(&report.name())),
            ledger_at: None,
            calls: CallCounts::default(),
            report,
        });
    }
    let is_old = matches!(request.source, Source::Snapshot(_));
    let estate = open(request.source, &store).await?;
    let stale = is_old && saved.ledger.updated_at > Some(estate.started_at);
    if stale && request.notify {
        return Err(AuditError::StaleEstate);
    }
    let calls = Arc::clone(&estate.calls);
    let folded = fold(estate, request.trigger, &saved.ledger, config, seen).await?;
    let teller = paging.map(|(pagerduty, routing)| Teller {
        store: store.clone(),
        config,
        pagerduty,
        routing,
        until: request.send_until,
    });
    let conclusion = Conclusion {
        store,
        teller,
        stale,
        baseline: request.baseline,
    };
    let outcome = conclusion.draw(saved, folded).await?;
    Ok(Outcome {
        calls: calls.counts(),
        ..outcome
    })
}

/// What is done once everything was judged: report, notify, save.
struct Conclusion<'a> {
    store: Store,
    teller: Option<Teller<'a>>,
    /// Whether a later run has written the ledger.
    stale: bool,
    baseline: bool,
}

impl Conclusion<'_> {
    async fn draw(&self, saved: Saved, folded: Folded) -> Result<Outcome, AuditError> {
        let mut report = folded.report;
        let plan = match &self.teller {
            Some(teller) => teller.plan(&report, &saved.ledger),
            None => notify::Plan::default(),
        };
        name_incidents(&mut report, &plan, &saved.ledger.incidents);
        if is_old_news(&report, &plan) {
            return Ok(Outcome {
                report,
                report_at: None,
                ledger_at: None,
                calls: CallCounts::default(),
            });
        }
        let seen = Seen {
            at: report.run.started_at,
            findings: &folded.findings,
            applications: &folded.applications,
            looked: &folded.looked,
            incidents: plan.intents(),
            baseline: self.baseline,
        };
        let kept = self.save(&mut report, plan, saved, &seen).await;
        let kept = kept.map_err(|source| AuditError::Unsaved {
            report: Box::new(report.clone()),
            source,
        })?;
        Ok(Outcome {
            report_at: Some(self.store.locate(&report.name())),
            ledger_at: (!self.stale).then(|| self.store.locate_ledger(kept.generation)),
            calls: CallCounts::default(),
            report,
        })
    }

    async fn save(
        &self,
        report: &mut Report,
        plan: notify::Plan,
        saved: Saved,
        seen: &Seen<'_>,
    ) -> Result<Saved, StoreError> {
        let json = |report: &Report| report.render(Format::Json, None, false);
        self.store.put(&report.name(), json(report)).await?;
        for (name, bytes) in history::objects(report) {
            self.store.put(&name, bytes).await?;
        }
        let mut kept = saved;
        if !self.stale {
            kept = tell::save(&self.store, kept, seen).await?;
        }
        if let Some(teller) = &self.teller {
            let (notification, told) = teller.tell(plan, kept, seen.at).await?;
            kept = told;
            report.notification = Some(notification);
            self.store.put(&report.name(), json(report)).await?;
        }
        Ok(kept)
    }
}

/// Whether an event's look found only what was known: there are too many events to write each down.
fn is_old_news(report: &Report, plan: &notify::Plan) -> bool {
    let is_news = |row: &FindingRow| matches!(row.status, Status::New | Status::Resolved);
    report.run.trigger == Trigger::Event
        && report.summary.new_applications == 0
        && plan.changes.is_empty()
        && plan.shrunk.is_empty()
        && !report.findings.iter().any(is_news)
}

/// Tells PagerDuty of a report that was saved, as the run that made it would have.
pub async fn notify(config: &Config, report: &Report) -> Result<Notification, AuditError> {
    let (teller, saved) = teller(config, report).await?;
    let plan = teller.plan(report, &saved.ledger);
    let seen = Seen {
        at: report.run.started_at,
        findings: &[],
        applications: &[],
        looked: &Looked::default(),
        incidents: plan.intents(),
        baseline: false,
    };
    let kept = tell::save(&teller.store, saved, &seen).await?;
    let (notification, _) = teller.tell(plan, kept, report.run.started_at).await?;
    Ok(notification)
}

/// What [`notify()`] would tell PagerDuty.
pub async fn preview(config: &Config, report: &Report) -> Result<notify::Plan, AuditError> {
    let (teller, saved) = teller(config, report).await?;
    Ok(teller.plan(report, &saved.ledger))
}

async fn teller<'a>(
    config: &'a Config,
    report: &Report,
) -> Result<(Teller<'a>, Saved), AuditError> {
    let store = Store::open(&config.store.url).await?;
    let saved = store.load().await?;
    let (pagerduty, routing) = paging(config, &saved.ledger).await?;
    if saved.ledger.updated_at > Some(report.run.started_at) {
        return Err(AuditError::StaleReport);
    }
    let teller = Teller {
        store,
        config,
        pagerduty,
        routing,
        until: None,
    };
    Ok((teller, saved))
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

async fn paging(config: &Config, ledger: &Ledger) -> Result<(PagerDuty, Routing), AuditError> {
    let pagerduty = config.pagerduty.clone().ok_or(AuditError::NoPagerDuty)?;
    let opened_with = ledger.incidents.values().map(|it| &it.routing_key);
    let routing = Routing::new(config, &pagerduty, opened_with).await?;
    Ok((pagerduty, routing))
}

async fn open(source: Source, store: &Store) -> Result<Estate, AuditError> {
    match source {
        Source::Live(plan) => Ok(start(*plan).await?),
        Source::FanOut(run) => Ok(fan_out::gather(store, &run).await?),
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
                calls: Arc::default(),
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
        calls: Arc::clone(&connection.calls),
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
