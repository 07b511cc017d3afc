//! Job runs and sessions, put together by what they repeat.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::estate::{Application, Arn, JobRun, Region, Slice};
use crate::finding::Fault;
use crate::lineage::Standing;
use crate::lineage::adoption::{Adoption, LackingJob, OfApplication, Share};
use crate::settings::Context;
use crate::spark::{Submit, SubmitError};
use crate::subject::application::ApplicationSubject;
use crate::subject::job_run::{JobRunSubject, Roles, submitted};
use crate::subject::session::SessionSubject;

/// The job runs and sessions of an account.
pub(super) struct Activity<'a> {
    /// The jobs, by application and name.
    pub(super) jobs: Vec<Group<'a, JobRunSubject<'a>>>,
    /// The sessions, by application and name.
    pub(super) sessions: Vec<Group<'a, SessionSubject<'a>>>,
    /// How many Spark runs belong to applications that were not read.
    pub(super) orphan_runs: usize,
    runs: &'a [JobRun],
    submits: &'a [Result<Submit, SubmitError>],
    roles: &'a Roles<'a>,
    cx: &'a Context<'a>,
}

/// What repeats, by the latest of it.
pub(super) struct Group<'a, T> {
    /// The application it runs in.
    pub(super) application: &'a ApplicationSubject<'a>,
    /// Its place among the applications.
    index: usize,
    /// What it is called.
    pub(super) name: Cow<'a, str>,
    /// The latest of it.
    pub(super) latest: T,
    /// Those before the latest, by their place.
    others: Vec<usize>,
}

/// The submit parameters of all runs of a slice, in its order.
pub(super) fn submits(slice: &Slice) -> Vec<Result<Submit, SubmitError>> {
    slice.job_runs.iter().map(submitted).collect()
}

/// Whether a job run or session of this application was seen, where all of them were read.
pub(super) fn is_active(
    slice: &Slice,
    application: &Application,
    cx: &Context<'_>,
) -> Option<bool> {
    let here = |region: &Region, id: &str| *region == application.region && id == application.id;
    let mut runs = slice.job_runs.iter();
    let mut sessions = slice.sessions.iter();
    if runs.any(|run| here(&run.region, &run.application_id))
        || sessions.any(|session| here(&session.region, &session.application_id))
    {
        return Some(true);
    }
    // A window that is shorter than what an application may wait says nothing.
    let patience = SignedDuration::from_mins(cx.policy.rules.initial_capacity_idle.minutes);
    let since = slice.activity_since?;
    if cx.now.duration_since(since) < patience {
        return None;
    }
    let mut gaps = slice.scopes.iter().flat_map(|scope| &scope.gaps);
    let hidden = gaps.any(|gap| {
        let below = |resource: &Arn| resource.is_within(&application.arn);
        gap.resource.as_ref().is_some_and(below)
    });
    (!hidden).then_some(false)
}

impl<'a> Activity<'a> {
    /// Groups the runs and sessions of a slice.
    pub(super) fn new(
        slice: &'a Slice,
        applications: &'a [ApplicationSubject<'a>],
        submits: &'a [Result<Submit, SubmitError>],
        roles: &'a Roles<'a>,
        cx: &'a Context<'a>,
    ) -> Self {
        let places: BTreeMap<_, _> = applications
            .iter()
            .enumerate()
            .map(|(index, judged)| {
                let application = judged.application;
                ((&application.region, application.id.as_str()), index)
            })
            .collect();
        let mut orphan_runs = 0;
        let mut of_job: BTreeMap<(usize, Cow<'a, str>), Vec<usize>> = BTreeMap::new();
        for (at, run) in slice.job_runs.iter().enumerate() {
            match places.get(&(&run.region, run.application_id.as_str())) {
                Some(&index) => of_job.entry((index, run.job())).or_default().push(at),
                None => orphan_runs += usize::from(run.spark_submit.is_some()),
            }
        }
        let mut of_session: BTreeMap<(usize, Cow<'a, str>), Vec<usize>> = BTreeMap::new();
        for (at, session) in slice.sessions.iter().enumerate() {
            if let Some(&index) = places.get(&(&session.region, session.application_id.as_str())) {
                let key = (index, Cow::Borrowed(session.kind()));
                of_session.entry(key).or_default().push(at);
            }
        }
        let run_at = |at: usize| slice.job_runs.get(at).and_then(|run| run.created_at);
        let session_at = |at: usize| slice.sessions.get(at).and_then(|it| it.created_at);
        Self {
            jobs: groups(applications, of_job, run_at, |at, application| {
                let (run, submit) = (slice.job_runs.get(at)?, submits.get(at)?);
                let ran = JobRunSubject::new(run, application, submit, roles, cx.policy);
                Some(JobRunSubject {
                    is_latest: true,
                    ..ran
                })
            }),
            sessions: groups(applications, of_session, session_at, |at, application| {
                let session = slice.sessions.get(at)?;
                Some(SessionSubject::new(session, application, cx.policy))
            }),
            orphan_runs,
            runs: &slice.job_runs,
            submits,
            roles,
            cx,
        }
    }

    /// The runs of a job before its latest.
    fn earlier<'b>(
        &'b self,
        job: &'b Group<'a, JobRunSubject<'a>>,
    ) -> impl Iterator<Item = JobRunSubject<'a>> + 'b {
        job.others.iter().filter_map(|&at| {
            let (run, submit) = (self.runs.get(at)?, self.submits.get(at)?);
            let (roles, policy) = (self.roles, self.cx.policy);
            Some(JobRunSubject::new(
                run,
                job.application,
                submit,
                roles,
                policy,
            ))
        })
    }

    /// How much of each application reports its lineage.
    pub(super) fn adoption(
        &self,
        applications: &[ApplicationSubject<'a>],
        cx: &Context<'a>,
    ) -> Vec<OfApplication> {
        let mut all: Vec<_> = applications
            .iter()
            .map(|judged| {
                let standing = judged.setup.standing(cx);
                let mut adoption = Adoption::default();
                adoption.applications.count(standing);
                OfApplication {
                    standing,
                    adoption,
                    lacking: Vec::new(),
                }
            })
            .collect();
        for job in &self.jobs {
            let Some(of_application) = all.get_mut(job.index) else {
                continue;
            };
            let mut runs = Share::default();
            let standing = |ran: &JobRunSubject<'a>| match ran.run.spark_submit {
                Some(_) => ran.started.standing(cx, of_application.standing),
                None => Standing::OutOfScope,
            };
            runs.count(standing(&job.latest));
            for ran in self.earlier(job) {
                runs.count(standing(&ran));
            }
            if runs.without + runs.unknown > 0 {
                let job = job.name.clone().into_owned();
                of_application.lacking.push(LackingJob { job, runs });
            }
            let of_job = Adoption {
                job_runs: runs,
                ..Adoption::default()
            };
            of_application.adoption.add(of_job);
        }
        all
    }
}

/// Puts the latest of each group before the others.
fn groups<'a, T>(
    applications: &'a [ApplicationSubject<'a>],
    members: BTreeMap<(usize, Cow<'a, str>), Vec<usize>>,
    at: impl Fn(usize) -> Option<Timestamp>,
    read: impl Fn(usize, &'a ApplicationSubject<'a>) -> Option<T>,
) -> Vec<Group<'a, T>> {
    let groups = members
        .into_iter()
        .filter_map(|((index, name), mut others)| {
            let application = applications.get(index)?;
            // Of two at the same time, the later in the slice's order.
            let latest = others
                .iter()
                .copied()
                .max_by_key(|&place| (at(place), place))?;
            others.retain(|&place| place != latest);
            Some(Group {
                application,
                index,
                name,
                latest: read(latest, application)?,
                others,
            })
        });
    groups.collect()
}

impl<T> Group<'_, T> {
    /// A fault that says of what.
    pub(super) fn named(&self, fault: Fault, kind: &str) -> Fault {
        fault.retold(|fact| format!("{kind} `{}`: {fact}", self.name))
    }
}

impl<'a> Group<'a, JobRunSubject<'a>> {
    /// Faults that say of what, and of how many of its runs.
    pub(super) fn counted(
        &self,
        faults: Vec<Fault>,
        activity: &Activity<'a>,
        check: impl Fn(&JobRunSubject<'a>) -> Vec<Fault>,
    ) -> Vec<Fault> {
        let named = faults.into_iter().map(|fault| self.named(fault, "job"));
        let named: Vec<_> = named.collect();
        if named.is_empty() || self.others.is_empty() {
            return named;
        }
        let mut others: BTreeMap<String, usize> = BTreeMap::new();
        for ran in activity.earlier(self) {
            for fault in check(&ran) {
                *others.entry(fault.part).or_default() += 1;
            }
        }
        let all = 1 + self.others.len();
        let counted = named.into_iter().map(|fault| {
            let count = 1 + others.get(&fault.part).copied().unwrap_or_default();
            fault.retold(|fact| format!("{fact} ({count} of {all} runs)"))
        });
        counted.collect()
    }
}
