//! One account: its role is assumed once, then its Regions and its IAM are read side by side. What of
//! IAM depends on the job runs comes last.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_account::types::RegionOptStatus;
use aws_sdk_sts::config::Credentials;
use futures_util::future::{OptionFuture, join, join_all};
use lineward_rules::estate::{
    Account, Cause, Gap, Region, Scope, ScopeState, Service, Skipped, Slice,
};
use tokio::time::{Instant, timeout_at};

use super::gap::gap;
use super::{Connection, Plan, emr_serverless, iam, is_own};

/// The Regions that every account has unless it is told otherwise, where EMR Serverless exists.
const DEFAULT_REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Walks an account until the deadline, after which it is one gap.
pub(super) async fn walk(account: Account, connection: &Connection, plan: &Plan) -> Slice {
    let slice = Slice::new(account.clone());
    let walk = walk_to_the_end(account, connection, plan);
    before_deadline(plan, walk).await.unwrap_or_else(|late| {
        let scope = Scope::audited(Region::global(), Service::Sts);
        Slice {
            scopes: vec![Scope {
                gaps: vec![late],
                ..scope
            }],
            ..slice
        }
    })
}

async fn walk_to_the_end(account: Account, connection: &Connection, plan: &Plan) -> Slice {
    let mut slice = Slice::new(account);
    let mut entered = Scope::audited(Region::global(), Service::Sts);
    let config = match enter(&slice.account, connection, plan).await {
        Ok(config) => config,
        Err(gap) => {
            entered.gaps.push(gap);
            slice.scopes.push(entered);
            return slice;
        }
    };
    slice.scopes.push(entered);
    let (asked, regions) = regions(&config, connection, plan, &mut slice).await;
    let account = &slice.account;
    let is_meant = |region: &Region| {
        plan.only.is_empty() || plan.only.iter().any(|it| it.is_in(&account.id, region))
    };
    let walked: Vec<_> = regions
        .into_iter()
        .filter(is_meant)
        .map(|region| emr_serverless::walk(&config, region, account, plan))
        .collect();
    // A look at one application is no look at the account's roles.
    let client = plan.only.is_empty().then(|| iam::client(&config));
    let roles = OptionFuture::from(client.as_ref().map(iam::read));
    let (walked, roles) = join(join_all(walked), roles).await;
    // Single job runs tell nothing of those that weren't read.
    let are_listed = plan.only.iter().all(|it| it.job_runs.is_none());
    slice.activity_since = plan.job_runs_since.filter(|_| are_listed);
    for found in walked {
        slice.applications.extend(found.applications);
        slice.unread_applications.extend(found.unread);
        slice.job_runs.extend(found.job_runs);
        slice.sessions.extend(found.sessions);
        slice.scopes.push(found.scope);
    }
    explain_refused_regions(&mut slice.scopes, asked);
    if let (Some(client), Some(mut found)) = (client, roles) {
        found.narrow(&slice, &plan.policy);
        found.complete(&client).await;
        found.fill(&mut slice);
    }
    slice
}

/// The configuration with which to call in this account. One `AssumeRole` serves all its Regions.
async fn enter(account: &Account, connection: &Connection, plan: &Plan) -> Result<SdkConfig, Gap> {
    if is_own(account, connection) {
        return Ok(connection.config.clone());
    }
    let role = format!(
        "arn:{}:iam::{}:role/{}",
        connection.partition, account.id, plan.role
    );
    assume(connection, &role, plan.external_id.as_deref()).await
}

/// The configuration with which to list the organization's accounts.
pub(super) async fn discovery_config(
    connection: &Connection,
    plan: &Plan,
) -> Result<SdkConfig, Gap> {
    match &plan.discovery_role {
        Some(role) => assume(connection, role, plan.external_id.as_deref()).await,
        None => Ok(connection.config.clone()),
    }
}

async fn assume(
    connection: &Connection,
    role: &str,
    external_id: Option<&str>,
) -> Result<SdkConfig, Gap> {
    let config = aws_sdk_sts::config::Builder::from(&connection.config)
        .retry_partition(super::connection::retry_partition());
    let answer = aws_sdk_sts::Client::from_conf(config.build())
        .assume_role()
        .role_arn(role)
        .role_session_name("lineward")
        .set_external_id(external_id.map(str::to_owned))
        .send()
        .await
        .map_err(|error| gap("AssumeRole", None, &error))?;
    let Some(credentials) = answer.credentials else {
        return Err(Gap {
            operation: "AssumeRole".into(),
            resource: None,
            cause: Cause::ServerError,
            code: "MalformedResponse".into(),
            reason: "the answer holds no credentials".into(),
        });
    };
    let expires = (*credentials.expiration()).try_into().ok();
    Ok(connection.with_credentials(Credentials::new(
        credentials.access_key_id,
        credentials.secret_access_key,
        Some(credentials.session_token),
        expires,
        "AssumeRole",
    )))
}

/// The Regions to walk, and whether they were asked for by name.
async fn regions(
    config: &SdkConfig,
    connection: &Connection,
    plan: &Plan,
    slice: &mut Slice,
) -> (bool, Vec<Region>) {
    if !plan.regions.is_empty() {
        let unique: BTreeSet<_> = plan.regions.iter().cloned().collect();
        return (true, unique.into_iter().collect());
    }
    if connection.partition != "aws" {
        let own = config.region().map(|region| Region::from(region.as_ref()));
        let skipped = Skipped::new(
            "PARTITION",
            format!(
                "the Regions of `{}` are not known, name them as `regions`",
                connection.partition
            ),
        );
        slice
            .scopes
            .push(Scope::skipped(Region::global(), Service::Account, skipped));
        return (false, own.into_iter().collect());
    }
    let (scope, regions) = enabled_regions(config).await;
    slice.scopes.push(scope);
    (false, regions)
}

/// The Regions that the account has enabled. EMR Serverless exists in all that are known; one that is
/// newer than this build is walked as well.
async fn enabled_regions(config: &SdkConfig) -> (Scope, Vec<Region>) {
    let config = aws_sdk_account::config::Builder::from(config)
        .retry_partition(super::connection::retry_partition());
    let mut pages = aws_sdk_account::Client::from_conf(config.build())
        .list_regions()
        .region_opt_status_contains(RegionOptStatus::Enabled)
        .region_opt_status_contains(RegionOptStatus::EnabledByDefault)
        .into_paginator()
        .items()
        .send();
    let mut regions = Vec::new();
    while let Some(region) = pages.next().await {
        match region {
            Ok(region) => regions.extend(region.region_name.map(Region::from)),
            Err(error) => {
                let defaults = DEFAULT_REGIONS.into_iter().map(Region::from).collect();
                return (unlisted_regions(gap("ListRegions", None, &error)), defaults);
            }
        }
    }
    (Scope::audited(Region::global(), Service::Account), regions)
}

/// What it means that Regions could not be listed: an account that doesn't allow it, or has no such
/// service, is a note; one that could have told, and didn't, is a gap. The default Regions are walked.
fn unlisted_regions(gap: Gap) -> Scope {
    let note = matches!(
        gap.cause,
        Cause::Denied | Cause::DeniedByScp | Cause::Refused
    );
    if !note {
        let scope = Scope::audited(Region::global(), Service::Account);
        return Scope {
            gaps: vec![gap],
            ..scope
        };
    }
    let reason = format!(
        "ListRegions: {}; the Regions that are enabled by default were walked",
        gap.reason
    );
    Scope::skipped(
        Region::global(),
        Service::Account,
        Skipped::new(gap.code, reason),
    )
}

/// What a refused Region means depends on its neighbours.
///
/// A Region that nobody asked for by name and that a service control policy closes is no gap: it is
/// skipped, and listed. And "the security token is invalid" means a Region that isn't enabled, if the
/// same credentials work in another.
fn explain_refused_regions(scopes: &mut [Scope], asked: bool) {
    let emr = |scope: &&mut Scope| scope.service == Service::EmrServerless;
    let works = scopes.iter().any(|scope| {
        scope.service == Service::EmrServerless && scope.state() == ScopeState::Audited
    });
    for scope in scopes.iter_mut().filter(emr) {
        let whole = scope
            .gaps
            .iter()
            .find(|gap| gap.resource.is_none())
            .cloned();
        let Some(whole) = whole else { continue };
        let disabled = whole.cause == Cause::RegionDisabled && works;
        if disabled {
            for gap in &mut scope.gaps {
                gap.reason
                    .push_str(" (the Region is not enabled in this account)");
            }
        }
        let closed = whole.cause == Cause::DeniedByScp && works;
        if !asked && scope.gaps.len() == 1 && (disabled || closed) {
            let reason = format!("{}: {}", whole.operation, whole.reason);
            scope.gaps.clear();
            scope.skipped = Some(Skipped::new(whole.code, reason));
        }
    }
}

/// Runs `work` until the plan's deadline.
pub(super) async fn before_deadline<T>(
    plan: &Plan,
    work: impl Future<Output = T>,
) -> Result<T, Gap> {
    let late = || Gap {
        operation: "Walk".into(),
        resource: None,
        cause: Cause::Deadline,
        code: "DeadlineExceeded".into(),
        reason: "the walk had to end before this was read".into(),
    };
    match plan.deadline {
        None => Ok(work.await),
        Some(deadline) if Instant::now() >= deadline => Err(late()),
        Some(deadline) => timeout_at(deadline, work).await.map_err(|_| late()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(region: &str, cause: Option<Cause>) -> Scope {
        let gaps = cause.map(|cause| Gap {
            operation: "ListApplications".into(),
            resource: None,
            cause,
            code: "AccessDeniedException".into(),
            reason: "no".into(),
        });
        let scope = Scope::audited(Region::from(region), Service::EmrServerless);
        Scope {
            gaps: gaps.into_iter().collect(),
            ..scope
        }
    }

    fn states(causes: [Option<Cause>; 2], asked: bool) -> [ScopeState; 2] {
        let [one, two] = causes;
        let mut scopes = [scope("eu-west-1", one), scope("us-east-1", two)];
        explain_refused_regions(&mut scopes, asked);
        scopes.map(|scope| scope.state())
    }

    #[test]
    fn a_region_closed_by_policy_is_a_gap_only_where_it_was_asked_for() {
        let closed = [None, Some(Cause::DeniedByScp)];
        assert_eq!(
            states(closed, false),
            [ScopeState::Audited, ScopeState::Skipped]
        );
        assert_eq!(
            states(closed, true),
            [ScopeState::Audited, ScopeState::Failed]
        );
    }

    #[test]
    fn an_invalid_token_is_a_disabled_region_only_where_another_works() {
        let one = [None, Some(Cause::RegionDisabled)];
        assert_eq!(
            states(one, false),
            [ScopeState::Audited, ScopeState::Skipped]
        );
        let both = [Some(Cause::RegionDisabled), Some(Cause::RegionDisabled)];
        assert_eq!(
            states(both, false),
            [ScopeState::Failed, ScopeState::Failed]
        );
    }

    #[test]
    fn an_account_in_which_no_region_could_be_read_is_not_passed_over() {
        let all = [Some(Cause::DeniedByScp), Some(Cause::DeniedByScp)];
        assert_eq!(states(all, false), [ScopeState::Failed, ScopeState::Failed]);
    }

    #[test]
    fn only_a_refusal_to_list_regions_is_a_note() {
        let state = |cause| {
            let gaps = scope("eu-west-1", Some(cause)).gaps;
            gaps.into_iter()
                .map(unlisted_regions)
                .map(|scope| scope.state())
                .next()
        };
        assert_eq!(state(Cause::Denied), Some(ScopeState::Skipped));
        assert_eq!(state(Cause::Throttled), Some(ScopeState::Failed));
        assert_eq!(state(Cause::ServerError), Some(ScopeState::Failed));
    }

    #[test]
    fn any_other_refusal_is_a_gap() {
        let denied = [None, Some(Cause::Denied)];
        assert_eq!(
            states(denied, false),
            [ScopeState::Audited, ScopeState::Failed]
        );
    }
}
