//! EMR Serverless in one account and Region: applications, then their job runs and sessions.

mod activity;
mod sessions;

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_emrserverless::Client;
use aws_sdk_emrserverless::types::{ApplicationState, ApplicationSummary};
use futures_util::stream::{self, StreamExt as _};
use lineward_rules::estate::{
    Account, Application, Arn, Gap, JobRun, Region, Scope, Service, Session, UnreadApplication,
};

use super::gap::malformed;
use super::pages::{self, Page, Rest, Tokens};
use super::patience::{Deadline, Patience};
use super::whole::WholeLists;
use super::{Plan, convert};
use activity::Window;

/// How many `GetApplication` are in flight in one Region; its quota is 10 a second after a burst of 50.
const APPLICATIONS_AT_ONCE: usize = 8;

/// How many applications' job runs are listed at once: the quota of `ListJobRuns` is 1 a second after
/// a burst of 25, so that two would only use up each other's attempts.
const RUN_LISTS_AT_ONCE: usize = 1;

/// What was found in a Region.
pub(super) struct Found {
    pub(super) scope: Scope,
    /// How many pages of applications came.
    pub(super) pages: usize,
    pub(super) applications: Vec<Application>,
    pub(super) unread: Vec<UnreadApplication>,
    pub(super) job_runs: Vec<JobRun>,
    pub(super) sessions: Vec<Session>,
}

/// A Region to ask.
#[derive(Debug)]
struct Place {
    client: Client,
    patience: Patience,
}

/// Reads a Region.
pub(super) async fn walk(
    config: &SdkConfig,
    region: Region,
    account: &Account,
    plan: &Plan,
    deadline: Deadline,
) -> Found {
    let config = aws_sdk_emrserverless::config::Builder::from(config)
        .region(aws_config::Region::new(region.to_string()))
        .retry_partition(super::connection::retry_partition())
        .interceptor(WholeLists);
    let place = Place {
        client: Client::from_conf(config.build()),
        patience: Patience::new(deadline),
    };
    let mut found = Found::new(region);
    if plan.only.is_empty() {
        found.read_all(&place).await;
    }
    let region = found.scope.region.clone();
    let targets = plan.only.iter().filter(|it| it.is_in(&account.id, &region));
    let targets: BTreeMap<_, _> = targets
        .map(|it| (it.application.as_str(), &it.job_runs))
        .collect();
    for id in targets.keys() {
        found.read_one(&place, id, account).await;
    }
    if let Some(since) = plan.job_runs_since {
        let window = Window {
            since,
            most: plan.max_job_runs,
        };
        let activities: Vec<_> = found
            .applications
            .iter()
            .map(|application| {
                let only = targets.get(application.id.as_str());
                let only = only.and_then(|it| it.as_ref());
                activity::read(&place, application, window, only)
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
    /// A Region in which nothing has been read yet.
    pub(super) fn new(region: Region) -> Self {
        Self {
            scope: Scope::audited(region, Service::EmrServerless),
            pages: 0,
            applications: Vec::new(),
            unread: Vec::new(),
            job_runs: Vec::new(),
            sessions: Vec::new(),
        }
    }

    async fn read_all(&mut self, place: &Place) {
        const LIST: &str = "ListApplications";
        let ask = |token| async {
            let call = place.client.list_applications().max_results(50);
            let call = call.set_next_token(token).send();
            let answer = place.patience.ask(LIST, None, call).await?;
            Ok(Page {
                items: answer.applications,
                rest: Rest::of(answer.next_token),
            })
        };
        let list = pages::read(Tokens::new(LIST, None), usize::MAX, ask).await;
        self.pages = list.pages;
        self.scope.gaps.extend(list.gap());
        let is_there = |it: &ApplicationSummary| it.state != ApplicationState::Terminated;
        let region = &self.scope.region;
        let details: Vec<_> = list
            .items
            .into_iter()
            .filter(is_there)
            .map(|summary| listed(place, summary, region.clone()))
            .collect();
        let details = stream::iter(details).buffer_unordered(APPLICATIONS_AT_ONCE);
        let details: Vec<_> = details.collect().await;
        for (details, summary) in details {
            self.add(details, Some(&summary));
        }
    }

    async fn read_one(&mut self, place: &Place, id: &str, account: &Account) {
        let region = self.scope.region.clone();
        let (partition, owner) = (account.arn.partition(), &account.id);
        let arn = Arn::from(format!(
            "arn:{partition}:emr-serverless:{region}:{owner}:/applications/{id}"
        ));
        self.scope.only.push(arn.clone());
        let details = details(place, id, &arn, region).await;
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
    place: &Place,
    summary: ApplicationSummary,
    region: Region,
) -> (Details, ApplicationSummary) {
    let arn = Arn::from(summary.arn());
    (details(place, summary.id(), &arn, region).await, summary)
}

async fn details(place: &Place, id: &str, arn: &Arn, region: Region) -> Details {
    const GET: &str = "GetApplication";
    let call = place.client.get_application().application_id(id).send();
    match place.patience.ask(GET, Some(arn), call).await {
        Ok(answer) => match answer.application {
            Some(application) if application.arn != arn.as_str() => {
                Details::Unread(malformed(GET, arn))
            }
            Some(application) if application.state == ApplicationState::Terminated => Details::Gone,
            Some(application) => Details::Read(Box::new(convert::application(application, region))),
            None => Details::Unread(malformed(GET, arn)),
        },
        Err(failure) if failure.is_not_found => Details::Gone,
        Err(failure) => Details::Unread(failure.gap),
    }
}
