//! EMR Serverless in one account and Region: applications, then their job runs and sessions.

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;
use aws_sdk_emrserverless::Client;
use aws_sdk_emrserverless::types::{ApplicationState, ApplicationSummary};
use futures_util::stream::{self, StreamExt as _};
use lineward_rules::estate::{
    Account, Application, Arn, Cause, Gap, JobRun, Region, Scope, Service, Session,
    UnreadApplication,
};

use super::gap::{gap, is_not_found, malformed};
use super::{Plan, convert, sessions};

/// How many `GetApplication` are in flight in one Region; its quota is 10 a second after a burst of 50.
const APPLICATIONS_AT_ONCE: usize = 8;

/// How many applications' job runs are listed at once: the quota of `ListJobRuns` is 1 a second after
/// a burst of 25, so that two would only use up each other's attempts.
const RUN_LISTS_AT_ONCE: usize = 1;

/// How many job runs of one application are read at once.
const RUNS_AT_ONCE: usize = 8;

/// What was found in a Region.
pub(super) struct Found {
    pub(super) scope: Scope,
    pub(super) applications: Vec<Application>,
    pub(super) unread: Vec<UnreadApplication>,
    pub(super) job_runs: Vec<JobRun>,
    pub(super) sessions: Vec<Session>,
}

/// What was found in one application.
#[derive(Default)]
pub(super) struct Activity {
    pub(super) job_runs: Vec<JobRun>,
    pub(super) sessions: Vec<Session>,
    pub(super) gaps: Vec<Gap>,
}

/// Reads a Region.
pub(super) async fn walk(
    config: &SdkConfig,
    region: Region,
    account: &Account,
    plan: &Plan,
) -> Found {
    let config = aws_sdk_emrserverless::config::Builder::from(config)
        .region(aws_config::Region::new(region.to_string()))
        .retry_partition(super::connection::retry_partition());
    let client = Client::from_conf(config.build());
    let mut found = Found {
        scope: Scope::audited(region, Service::EmrServerless),
        applications: Vec::new(),
        unread: Vec::new(),
        job_runs: Vec::new(),
        sessions: Vec::new(),
    };
    if plan.only.is_empty() {
        found.read_all(&client).await;
    }
    let region = found.scope.region.clone();
    let targets = plan.only.iter().filter(|it| it.is_in(&account.id, &region));
    let targets: BTreeMap<_, _> = targets
        .map(|it| (it.application.as_str(), &it.job_runs))
        .collect();
    for id in targets.keys() {
        found.read_one(&client, id, account).await;
    }
    if let Some(since) = plan.job_runs_since {
        let activities: Vec<_> = found
            .applications
            .iter()
            .map(|application| {
                let only = targets.get(application.id.as_str());
                let only = only.and_then(|it| it.as_ref());
                activity(&client, application, since, plan.max_job_runs, only)
            })
            .collect();
        let activities = stream::iter(activities).buffer_unordered(RUN_LISTS_AT_ONCE);
        let activities: Vec<_> = activities.collect().await;
        for activity in activities {
            found.job_runs.extend(activity.job_runs);
            found.sessions.extend(activity.sessions);
            found.scope.gaps.extend(activity.gaps);
        }
    }
    found
        .scope
        .gaps
        .sort_by(|a, b| (&a.resource, &a.operation).cmp(&(&b.resource, &b.operation)));
    found
}

impl Found {
    async fn read_all(&mut self, client: &Client) {
        let mut pages = client
            .list_applications()
            .max_results(50)
            .into_paginator()
            .items()
            .send();
        let mut summaries = Vec::new();
        while let Some(summary) = pages.next().await {
            match summary {
                Ok(summary) if *summary.state() == ApplicationState::Terminated => {}
                Ok(summary) => summaries.push(summary),
                Err(error) => {
                    self.scope.gaps.push(gap("ListApplications", None, &error));
                    break;
                }
            }
        }
        let region = &self.scope.region;
        let details: Vec<_> = summaries
            .into_iter()
            .map(|summary| listed(client, summary, region.clone()))
            .collect();
        let details = stream::iter(details).buffer_unordered(APPLICATIONS_AT_ONCE);
        let details: Vec<_> = details.collect().await;
        for (details, summary) in details {
            self.add(details, Some(&summary));
        }
    }

    async fn read_one(&mut self, client: &Client, id: &str, account: &Account) {
        let region = self.scope.region.clone();
        let (partition, owner) = (account.arn.partition(), &account.id);
        let arn = Arn::from(format!(
            "arn:{partition}:emr-serverless:{region}:{owner}:/applications/{id}"
        ));
        self.scope.only.push(arn.clone());
        let details = details(client, id, &arn, region).await;
        self.add(details, None);
    }

    fn add(&mut self, details: Details, summary: Option<&ApplicationSummary>) {
        match details {
            Details::Read(application) => self.applications.push(*application),
            // Deleted since it was listed, so there is nothing to judge.
            Details::Gone => {}
            Details::Unread(gap) => {
                self.scope.gaps.push(gap);
                self.unread
                    .extend(summary.map(|summary| convert::unread(summary, &self.scope.region)));
            }
        }
    }
}

enum Details {
    Read(Box<Application>),
    Gone,
    Unread(Gap),
}

async fn listed(
    client: &Client,
    summary: ApplicationSummary,
    region: Region,
) -> (Details, ApplicationSummary) {
    let arn = Arn::from(summary.arn());
    (details(client, summary.id(), &arn, region).await, summary)
}

async fn details(client: &Client, id: &str, arn: &Arn, region: Region) -> Details {
    match client.get_application().application_id(id).send().await {
        Ok(answer) => match answer.application {
            Some(application) if application.arn != arn.as_str() => {
                Details::Unread(malformed("GetApplication", arn))
            }
            Some(application) if application.state == ApplicationState::Terminated => Details::Gone,
            Some(application) => Details::Read(Box::new(convert::application(application, region))),
            None => Details::Unread(malformed("GetApplication", arn)),
        },
        Err(error) if is_not_found(&error) => Details::Gone,
        Err(error) => Details::Unread(gap("GetApplication", Some(arn.clone()), &error)),
    }
}

/// Reads the job runs and sessions of an application.
async fn activity(
    client: &Client,
    application: &Application,
    since: jiff::Timestamp,
    most: usize,
    only: Option<&BTreeSet<String>>,
) -> Activity {
    if let Some(only) = only {
        let mut activity = Activity::default();
        let ids = only.iter().cloned().collect();
        read_job_runs(client, application, ids, &mut activity).await;
        return activity;
    }
    let mut activity = job_runs(client, application, since, most).await;
    sessions::read(client, application, since, &mut activity).await;
    activity
}

/// Reads the job runs of an application since `since`, the latest `most` of them.
async fn job_runs(
    client: &Client,
    application: &Application,
    since: jiff::Timestamp,
    most: usize,
) -> Activity {
    let mut activity = Activity::default();
    let below = Arn::from(format!("{}/jobruns", application.arn));
    let mut pages = client
        .list_job_runs()
        .application_id(&application.id)
        .created_at_after(convert::date_time(since))
        .max_results(50)
        .into_paginator()
        .items()
        .send();
    let mut ids = Vec::new();
    while let Some(summary) = pages.next().await {
        match summary {
            Ok(_) if ids.len() == most => {
                activity.gaps.push(Gap {
                    operation: "ListJobRuns".into(),
                    resource: Some(below.clone()),
                    cause: Cause::Limit,
                    code: "MaxJobRuns".into(),
                    reason: format!("more than {most} job runs; the rest were not read"),
                });
                break;
            }
            Ok(summary) => ids.push(summary.id),
            Err(error) if is_not_found(&error) => break,
            Err(error) => {
                activity
                    .gaps
                    .push(gap("ListJobRuns", Some(below.clone()), &error));
                break;
            }
        }
    }
    read_job_runs(client, application, ids, &mut activity).await;
    activity
}

async fn read_job_runs(
    client: &Client,
    application: &Application,
    ids: Vec<String>,
    activity: &mut Activity,
) {
    let runs: Vec<_> = ids
        .into_iter()
        .map(|id| job_run(client, application, id))
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
    client: &Client,
    application: &Application,
    id: String,
) -> Result<Option<JobRun>, Gap> {
    let answer = client
        .get_job_run()
        .application_id(&application.id)
        .job_run_id(&id)
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let run = answer
                .job_run
                .map(|run| convert::job_run(run, application.region.clone()));
            Ok(run)
        }
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => {
            let arn = Arn::from(format!("{}/jobruns/{id}", application.arn));
            Err(gap("GetJobRun", Some(arn), &error))
        }
    }
}
