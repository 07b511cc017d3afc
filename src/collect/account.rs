//! One account: its role is assumed once, then its Regions and its IAM are read side by side. What of
//! IAM depends on the job runs comes last.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::types::Credentials as GivenCredentials;
use futures_util::future::{OptionFuture, join, join_all};
use lineward_rules::estate::{Account, Gap, Region, Scope, Service, Slice};

use super::gap::incomplete;
use super::patience::{Deadline, Patience};
use super::regions::Regions;
use super::{Connection, Plan, emr_serverless, iam, is_own};

/// How long after its deadline an account may take to put together what was read.
const GRACE: Duration = Duration::from_millis(500);

/// Walks an account until its deadline; what is left then are gaps.
pub(super) async fn walk(account: Account, connection: &Connection, plan: &Plan) -> Slice {
    let slice = Slice::new(account.clone());
    let deadline = Deadline::of_account(plan);
    // Boxed, since each future holds those that it waits for.
    let walk = Box::pin(walk_to_the_end(account, connection, plan, deadline.clone()));
    deadline.bound(GRACE, walk).await.unwrap_or_else(|late| {
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

async fn walk_to_the_end(
    account: Account,
    connection: &Connection,
    plan: &Plan,
    deadline: Deadline,
) -> Slice {
    let mut slice = Slice::new(account);
    let patience = Patience::new(deadline.clone());
    let mut entered = Scope::audited(Region::global(), Service::Sts);
    let config = match enter(&slice.account, connection, plan, &patience).await {
        Ok(config) => config,
        Err(gap) => {
            entered.gaps.push(gap);
            slice.scopes.push(entered);
            return slice;
        }
    };
    slice.scopes.push(entered);
    let mut regions = Regions::of(&slice.account, &config, connection, plan, &patience).await;
    slice.scopes.extend(regions.scope.take());
    let account = &slice.account;
    let is_meant = |region: &&Region| {
        plan.only.is_empty() || plan.only.iter().any(|it| it.is_in(&account.id, region))
    };
    let walked: Vec<_> = regions
        .walked
        .iter()
        .filter(is_meant)
        .map(|region| {
            emr_serverless::walk(&config, region.clone(), account, plan, deadline.clone())
        })
        .collect();
    // A look at one application is no look at the account's roles.
    let client = plan.only.is_empty().then(|| iam::client(&config));
    let roles = client.as_ref().map(|client| iam::read(client, &patience));
    let (mut walked, roles) = join(join_all(walked), OptionFuture::from(roles)).await;
    regions.explain_refusals(&mut walked);
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
    if let (Some(client), Some(mut found)) = (client, roles) {
        found.narrow(&slice, &plan.policy);
        found.complete(&client, &patience).await;
        found.fill(&mut slice);
    }
    slice
}

/// The configuration with which to call in this account. One `AssumeRole` serves all its Regions.
async fn enter(
    account: &Account,
    connection: &Connection,
    plan: &Plan,
    patience: &Patience,
) -> Result<SdkConfig, Gap> {
    if is_own(account, connection) {
        return Ok(connection.config.clone());
    }
    let role = format!(
        "arn:{}:iam::{}:role/{}",
        connection.partition, account.id, plan.role
    );
    assume(connection, &role, plan.external_id.as_deref(), patience).await
}

/// The configuration with which to list the organization's accounts.
pub(super) async fn discovery_config(
    connection: &Connection,
    plan: &Plan,
    patience: &Patience,
) -> Result<SdkConfig, Gap> {
    match &plan.discovery_role {
        Some(role) => assume(connection, role, plan.external_id.as_deref(), patience).await,
        None => Ok(connection.config.clone()),
    }
}

async fn assume(
    connection: &Connection,
    role: &str,
    external_id: Option<&str>,
    patience: &Patience,
) -> Result<SdkConfig, Gap> {
    let config = aws_sdk_sts::config::Builder::from(&connection.config)
        .retry_partition(super::connection::retry_partition());
    let call = aws_sdk_sts::Client::from_conf(config.build())
        .assume_role()
        .role_arn(role)
        .role_session_name("lineward")
        .set_external_id(external_id.map(str::to_owned))
        .send();
    let answer = patience.ask("AssumeRole", None, call).await;
    let answer = answer.map_err(|failure| failure.gap)?;
    let is_whole = |given: &GivenCredentials| {
        !(given.access_key_id.is_empty() || given.secret_access_key.is_empty())
    };
    let Some(credentials) = answer.credentials.filter(is_whole) else {
        return Err(incomplete("AssumeRole", "the answer holds no credentials"));
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
