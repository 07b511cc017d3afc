//! The pipeline: collect, evaluate, diff, report, notify, save. Every way to run Lineward comes here.

mod conclusion;
mod fold;
mod tell;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use lineward_rules::judge::switched;
use lineward_rules::{Arn, Context, Slice};
use tokio::time::Instant;
use uuid::Uuid;

use crate::collect::{self, CallCounts, Known, Plan};
use crate::config::{Config, PagerDuty};
use crate::fan_out::{self, FanOutError};
use crate::journal::{self, Earlier, Wanted};
use crate::ledger::Ledger;
use crate::notify::{Routing, RoutingError, faults};
use crate::report::{self, DataDates, Report, Run, Selection, Trigger};
use crate::snapshot::SnapshotError;
use crate::source::{self, Source, StartError, Walk};
use crate::store::{SavedLedger, Store, StoreError};
use conclusion::Conclusion;
use fold::{Fold, FoldResult};
use tell::Teller;

pub use tell::{notify, preview};

/// What to audit, and whom to tell.
#[derive(Debug)]
pub struct Request {
    /// Where the estate comes from.
    pub source: Source,
    /// What started the run.
    pub trigger: Trigger,
    /// Whether incidents are opened and resolved.
    pub notify: bool,
    /// When judging must have ended; an account whose turn comes later is a gap.
    pub judge_until: Option<Instant>,
    /// When sending must have ended, so that the ledger is saved in time.
    pub send_until: Option<Instant>,
    /// Whether what is found pages nobody, now or later, unless it was gone and is back.
    pub baseline: bool,
    /// Whether what an interrupted run has read, so long ago at most, is taken up.
    pub resume_within: Option<SignedDuration>,
    /// Whether nothing is stored: a plain look, after which all that was new is new still.
    pub is_look: bool,
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
    /// From when the ledger was dated, where that was yet to come: the clock of the run that wrote it was ahead.
    pub ahead: Option<Timestamp>,
    /// The requests of the walk.
    pub calls: CallCounts,
    /// Applications that are at fault, and too new to page anybody yet.
    pub newborn: BTreeSet<Arn>,
    /// When the last run over the whole organization began that the ledger knew before this one.
    pub scanned_at: Option<Timestamp>,
}

impl Outcome {
    /// A run that leaves nothing behind but its report in the caller's hands.
    fn unstored(report: Report) -> Self {
        Self {
            report,
            report_at: None,
            ledger_at: None,
            ahead: None,
            calls: CallCounts::default(),
            newborn: BTreeSet::new(),
            scanned_at: None,
        }
    }
}

/// Why a run could not be.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// There is no walk.
    #[error(transparent)]
    Start(#[from] StartError),
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
    /// Nobody was paged before, and more incidents would open than anybody could read.
    #[error(
        "nobody was paged before, and this run would open {openings} incidents, more than `max_events` ({most}); \
         choose: `lineward audit --baseline` records what is there as known, `--notify --first-run=page` pages of it"
    )]
    Undecided {
        /// The report.
        report: Box<Report>,
        /// How many incidents would be opened.
        openings: usize,
        /// How many may be, at most.
        most: usize,
    },
    /// Paging from an estate that is older than what is known would tell old news.
    #[error(
        "the estate was walked before a run that wrote the ledger, so that nobody can be paged from it"
    )]
    StaleEstate,
    /// The ledger is not the one that the run of the report has written.
    #[error(
        "the ledger in this store knows nothing of this report's run; name the store that the run has \
         written to, with --store or `[store] url`"
    )]
    ForeignReport,
    /// A run after the report knows better.
    #[error("a run after this report has written the ledger, so that nobody can be paged from it")]
    StaleReport,
    /// The clock that wrote the snapshot, or ours, is wrong.
    #[error("the snapshot or report is dated {0}, which is yet to come; check both clocks")]
    FutureEstate(Timestamp),
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
    if request.is_look {
        // Boxed, since each future holds those that it waits for.
        return Box::pin(look(config, request, seen)).await;
    }
    // What can fail for want of configuration fails before anything is read or sent.
    let store = Store::open(&config.store.url).await?;
    let saved = store.load().await?;
    let ahead = saved.ahead;
    warn_of_clock(ahead);
    // An event's look writes only what is new, and there are many.
    if request.trigger != Trigger::Event {
        store.probe().await?;
    }
    let paging = if request.notify {
        let (pagerduty, mut routing) = paging(config, &saved.ledger)?;
        // Most events are no news, and of those nobody is told.
        if request.trigger != Trigger::Event {
            routing.reveal_all().await?;
        }
        Some((pagerduty, routing))
    } else {
        for fault in faults(config) {
            tracing::warn!("{fault}");
        }
        None
    };
    if let Source::FanOut(run) = &request.source
        && let Some(report) = fan_out::finished(&store, run).await?
        && (report.notification.is_some()
            || paging.is_none() && saved.ledger.scanned_at >= Some(report.run.started_at))
    {
        return Ok(Outcome {
            report_at: Some(store.locate(&report.name())),
            ledger_at: None,
            ahead: saved.ahead,
            calls: CallCounts::default(),
            newborn: BTreeSet::new(),
            scanned_at: saved.ledger.scanned_at,
            report,
        });
    }
    // Of a fan-out shards are kept for days, in which other runs scan; events are looked at all the while.
    let newest = match &request.source {
        Source::Live(_) => None,
        Source::Snapshot(_) => saved.ledger.updated_at,
        Source::FanOut(_) => saved.ledger.scanned_at,
    };
    let is_stored = !matches!(request.source, Source::Live(_));
    let is_kept = request.trigger == Trigger::Cli && !is_stored;
    let journal = is_kept.then_some(Journaling {
        within: request.resume_within,
        config,
    });
    let mut estate = open(request.source, &store, &saved.ledger, journal).await?;
    let run = estate.run.clone();
    // A snapshot may be judged more than once, and each report stays.
    let first = report::name(&estate.run, estate.started_at);
    if is_stored && store.get(&first).await?.is_some() {
        estate.evaluation = Uuid::now_v7().to_string();
    }
    let stale = newest > Some(estate.started_at);
    if stale && request.notify {
        return Err(AuditError::StaleEstate);
    }
    let calls = Arc::clone(&estate.calls);
    let scanned_at = saved.ledger.scanned_at;
    let is_narrowed = estate.is_narrowed || request.trigger == Trigger::Event;
    let judging = Judging {
        trigger: request.trigger,
        until: request.judge_until,
    };
    let (folded, saved) = fold(estate, judging, saved, Some(&store), config, seen).await?;
    let teller = paging.map(|(pagerduty, routing)| Teller {
        store: store.clone(),
        config,
        pagerduty,
        routing,
        is_narrowed,
        until: request.send_until,
    });
    let conclusion = Conclusion {
        store,
        teller,
        stale,
        is_narrowed,
        keep: config.store.keep,
        baseline: request.baseline,
    };
    // Boxed, since each future holds those that it waits for.
    let journals = is_kept.then(|| conclusion.store.clone());
    let outcome = Box::pin(conclusion.draw(saved, folded)).await?;
    if let Some(store) = journals {
        journal::close(&store, &run, outcome.report.run.complete).await;
    }
    Ok(Outcome {
        ahead,
        calls: calls.counts(),
        scanned_at,
        ..outcome
    })
}

/// Audits and stores nothing. What is known is read all the same, where it is.
async fn look(
    config: &Config,
    request: Request,
    seen: impl FnMut(&Slice),
) -> Result<Outcome, AuditError> {
    let store = Store::existing(&config.store.url).await?;
    let saved = match &store {
        Some(store) => store.load().await?,
        None => SavedLedger::default(),
    };
    let estate = match (request.source, &store) {
        (Source::Live(plan), _) => source::start(*plan, Known::of(&saved.ledger)).await?,
        (Source::Snapshot(path), _) => snapshot(&path)?,
        (Source::FanOut(run), Some(store)) => fan_out::gather(store, &run).await?,
        (Source::FanOut(run), None) => return Err(FanOutError::NoPlan(run).into()),
    };
    let judging = Judging {
        trigger: request.trigger,
        until: request.judge_until,
    };
    let calls = Arc::clone(&estate.calls);
    let ahead = saved.ahead;
    let (mut folded, _) = fold(estate, judging, saved, store.as_ref(), config, seen).await?;
    let outside = &folded.outside;
    let findings = &mut folded.report.findings;
    findings.retain(|row| !outside.contains(&row.fingerprint));
    Ok(Outcome {
        ahead,
        calls: calls.counts(),
        ..Outcome::unstored(folded.report)
    })
}

/// What started the run, and when judging must have ended.
struct Judging {
    trigger: Trigger,
    until: Option<Instant>,
}

/// Judges the slices as they come, and compares with the ledger as it is by then.
async fn fold(
    mut estate: Walk,
    judging: Judging,
    saved: SavedLedger,
    store: Option<&Store>,
    config: &Config,
    mut seen: impl FnMut(&Slice),
) -> Result<(FoldResult, SavedLedger), AuditError> {
    let policy = config.policy();
    let organization = estate.organization.clone();
    let cx = Context {
        now: estate.started_at,
        policy: &policy,
        organization: Some(organization.id.as_str()).filter(|id| !id.is_empty()),
    };
    let switched = switched(&policy);
    let off = switched.as_ref().map(|policy| Context { policy, ..cx });
    let mut fold = Fold::new(&saved.ledger, &cx, off.as_ref());
    while let Some(slice) = estate.slices.next().await {
        let mut slice = slice?;
        let own = Instant::now().checked_add(config.walk.account_timeout.unsigned_abs());
        let limit = own.filter(|own| judging.until.is_none_or(|until| *own < until));
        let until = limit.or(judging.until);
        let is_over = || until.is_some_and(|until| Instant::now() >= until);
        if !fold.add(&slice, &is_over) {
            let limit = limit.map(|_| config.walk.account_timeout.unsigned_abs());
            slice = collect::unjudged(slice, limit);
            fold.add(&slice, &|| false);
        }
        seen(&slice);
    }
    let run = Run {
        id: estate.run,
        version: env!("CARGO_PKG_VERSION").into(),
        trigger: judging.trigger,
        started_at: estate.started_at,
        finished_at: Timestamp::now(),
        complete: false,
        evaluation: estate.evaluation,
        selection: estate.selection,
        caller: estate.caller,
        role: config.organization.role_name().to_owned(),
        config_sha256: config.sha256.clone(),
        data: Some(DataDates::of_this_build()),
    };
    let latest = match store {
        None => saved.clone(),
        Some(store) => store.reload(&saved).await.unwrap_or_else(|error| {
            // Saving will fail for the same reason, and not lose the report.
            tracing::warn!("the ledger can't be read again: {error}");
            saved.clone()
        }),
    };
    let scope = fold::RunScope {
        is_narrowed: estate.is_narrowed,
        forget_after: config.organization.forget_after,
    };
    let folded = fold.finish(run, estate.organization, &scope, &latest.ledger);
    Ok((folded, latest))
}

fn paging(config: &Config, ledger: &Ledger) -> Result<(PagerDuty, Routing), AuditError> {
    let pagerduty = config.pagerduty.clone().ok_or(AuditError::NoPagerDuty)?;
    let opened_with = ledger.incidents.values().map(|it| &it.routing_key);
    let routing = Routing::new(config, &pagerduty, opened_with)?;
    Ok((pagerduty, routing))
}

/// How what is read is kept for a run that takes it up.
struct Journaling<'a> {
    /// Whether what was kept before is taken up, where it was read so long ago at most.
    within: Option<SignedDuration>,
    config: &'a Config,
}

/// Says that the ledger is dated from times yet to come, where it is.
fn warn_of_clock(ahead: Option<Timestamp>) {
    if let Some(ahead) = ahead {
        tracing::warn!(
            "the ledger is dated {ahead}, which is yet to come: the clock of a run was ahead, or this one is late; \
             what it says counts as older than this run"
        );
    }
}

/// A walk whose accounts are kept as they are read, and which takes up what was kept, if that is asked for.
async fn resumable(
    mut plan: Plan,
    journal: &Journaling<'_>,
    store: &Store,
    known: &Ledger,
) -> Result<Walk, AuditError> {
    let config = journal.config;
    let mut earlier = Earlier::default();
    if let Some(within) = journal.within {
        let wanted = Wanted {
            selection: Selection::of(&plan),
            config_sha256: &config.sha256,
            within,
            told_at: known.updated_at,
        };
        earlier = journal::find(store, &wanted).await?;
        match earlier.accounts.len() {
            0 => tracing::warn!("there is nothing to take up, everything is read"),
            some => tracing::warn!("{some} accounts are taken up as they were read before"),
        }
        plan.read_before = Arc::new(earlier.accounts.keys().cloned().collect());
    }
    let walk = source::start(plan, Known::of(known)).await?;
    Ok(journal::keep(walk, store, &config.sha256, earlier).await?)
}

async fn open(
    from: Source,
    store: &Store,
    known: &Ledger,
    journal: Option<Journaling<'_>>,
) -> Result<Walk, AuditError> {
    match from {
        Source::Live(plan) => match journal.filter(|_| plan.only.is_empty()) {
            Some(journal) => resumable(*plan, &journal, store, known).await,
            None => Ok(source::start(*plan, Known::of(known)).await?),
        },
        Source::FanOut(run) => Ok(fan_out::gather(store, &run).await?),
        Source::Snapshot(path) => snapshot(&path),
    }
}

fn snapshot(path: &Path) -> Result<Walk, AuditError> {
    let walk = source::read(path)?;
    // A ledger of the future would outlast every run of today.
    if walk.started_at > latest_start() {
        return Err(AuditError::FutureEstate(walk.started_at));
    }
    Ok(walk)
}

/// When a run may have begun at the latest: clocks differ a little.
fn latest_start() -> Timestamp {
    let latest = Timestamp::now().saturating_add(SignedDuration::from_hours(1));
    latest.unwrap_or(Timestamp::MAX)
}
