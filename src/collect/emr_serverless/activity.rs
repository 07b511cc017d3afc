//! What runs and ran in one application: its job runs, those of the window and those that began before it and
//! still run, and its sessions.

use std::collections::BTreeSet;

use aws_sdk_emrserverless::types::{self as sdk, JobRunState, JobRunSummary};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use lineward_rules::estate::{Application, Arn, Cause, Gap, JobRun, Session};

use super::{Place, sessions};
use crate::collect::convert;
use crate::collect::gap::malformed;
use crate::collect::pages::{self, List, Page, Rest, Tokens};

/// How many job runs of one application are read at once.
const RUNS_AT_ONCE: usize = 8;

const LIST: &str = "ListJobRuns";

/// The states of a job run that is not over.
const UNDER_WAY: [JobRunState; 6] = [
    JobRunState::Submitted,
    JobRunState::Pending,
    JobRunState::Queued,
    JobRunState::Scheduled,
    JobRunState::Running,
    JobRunState::Cancelling,
];

/// Which job runs and sessions are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// When those began that are read although they are over.
    pub(super) since: Timestamp,
    /// The most job runs that are read of one application.
    pub(super) most: usize,
}

/// What was found in one application.
#[derive(Default)]
pub(super) struct Activity {
    pub(super) job_runs: Vec<JobRun>,
    pub(super) sessions: Vec<Session>,
    pub(super) gaps: Vec<Gap>,
}

/// Reads the job runs and sessions of an application, or only the job runs of these ids.
pub(super) async fn read(
    place: &Place,
    application: &Application,
    window: Window,
    only: Option<&BTreeSet<String>>,
) -> Activity {
    let mut activity = Activity::default();
    if let Some(only) = only {
        read_job_runs(place, application, only.clone(), &mut activity).await;
        return activity;
    }
    list_job_runs(place, application, window, &mut activity).await;
    sessions::read(place, application, window.since, &mut activity).await;
    activity
}

/// Reads the job runs that are under way, and the latest others of the window.
async fn list_job_runs(
    place: &Place,
    application: &Application,
    window: Window,
    activity: &mut Activity,
) {
    let recent = list(place, application, window, None).await;
    // What was refused once is not asked for again.
    let under_way = if recent.is_refused() {
        None
    } else {
        Some(list(place, application, window, Some(&UNDER_WAY)).await)
    };
    let mut ids = BTreeSet::new();
    let mut is_limited = false;
    // What is under way matters most.
    for list in under_way.into_iter().chain([recent]) {
        activity.gaps.extend(list.gap());
        for run in list.items {
            is_limited |= ids.len() == window.most && !ids.contains(&run.id);
            if ids.len() < window.most {
                ids.insert(run.id);
            }
        }
    }
    if is_limited {
        activity.gaps.push(Gap {
            operation: LIST.into(),
            resource: Some(below(application)),
            cause: Cause::Limit,
            code: "MaxJobRuns".into(),
            reason: format!("more than {} job runs; the rest were not read", window.most),
        });
    }
    read_job_runs(place, application, ids, activity).await;
}

/// Lists the job runs of some states, whenever they began, or all of the window.
async fn list(
    place: &Place,
    application: &Application,
    window: Window,
    states: Option<&[JobRunState]>,
) -> List<JobRunSummary> {
    let below = below(application);
    let since = states.is_none().then(|| convert::date_time(window.since));
    let ask = |token| async {
        let call = place.client.list_job_runs().application_id(&application.id);
        let call = call.set_created_at_after(since);
        let call = call.set_states(states.map(<[_]>::to_vec)).max_results(50);
        let call = call.set_next_token(token).send();
        match place.patience.ask(LIST, Some(&below), call).await {
            Ok(answer) => Ok(Page {
                items: answer.job_runs,
                rest: Rest::of(answer.next_token),
            }),
            // The application was deleted since it was listed.
            Err(failure) if failure.is_not_found => Ok(Page {
                items: Vec::new(),
                rest: Rest::Nothing,
            }),
            Err(failure) => Err(failure),
        }
    };
    let tokens = Tokens::new(LIST, Some(below.clone()));
    pages::read(tokens, window.most, ask).await
}

fn below(application: &Application) -> Arn {
    Arn::from(format!("{}/jobruns", application.arn))
}

async fn read_job_runs(
    place: &Place,
    application: &Application,
    ids: BTreeSet<String>,
    activity: &mut Activity,
) {
    let runs: Vec<_> = ids
        .into_iter()
        .map(|id| job_run(place, application, id))
        .collect();
    let runs: Vec<_> = stream::iter(runs)
        .buffer_unordered(RUNS_AT_ONCE)
        .collect()
        .await;
    for run in runs {
        match run {
            Ok(run) => activity.job_runs.extend(run),
            Err(gap) => activity.gaps.push(gap),
        }
    }
}

async fn job_run(
    place: &Place,
    application: &Application,
    id: String,
) -> Result<Option<JobRun>, Gap> {
    const GET: &str = "GetJobRun";
    let arn = Arn::from(format!("{}/jobruns/{id}", application.arn));
    let call = place.client.get_job_run();
    let call = call.application_id(&application.id).job_run_id(&id).send();
    match place.patience.ask(GET, Some(&arn), call).await {
        Ok(answer) => {
            // Where an answer holds no job run, the SDK makes up an empty one.
            let is_it = |run: &sdk::JobRun| {
                run.job_run_id == id && Arn::from(run.arn()).is_within(&application.arn)
            };
            let run = answer.job_run.filter(is_it);
            let run = run.ok_or_else(|| malformed(GET, &arn))?;
            Ok(Some(convert::job_run(run, application.region.clone())))
        }
        Err(failure) if failure.is_not_found => Ok(None),
        Err(failure) => Err(failure.gap),
    }
}
