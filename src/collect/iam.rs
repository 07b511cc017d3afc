//! IAM of one account: roles with trust, tags and policies, from one stream of pages, and then what
//! the pages leave out.

mod convert;
mod policies;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::EntityType;
use lineward_rules::Policy;
use lineward_rules::estate::{
    Arn, Cause, ExcludedRoles, ManagedPolicy, Region, Role, Scope, Service, Slice,
};
use lineward_rules::iam::{in_scope, is_identity_center, is_service_linked, role_of_session};

use super::pages::{self, Page, Rest, Tokens};
use super::patience::{Failure, Patience};
use super::whole::WholeLists;

const DETAILS: &str = "GetAccountAuthorizationDetails";

/// How many roles and policies are asked for at once, and after a timeout.
const PAGE_SIZES: [i32; 3] = [300, 100, 30];

/// What was found in an account.
pub(super) struct Found {
    scope: Scope,
    roles: Vec<Role>,
    excluded: ExcludedRoles,
    out_of_scope: BTreeSet<Arn>,
    policies: Vec<ManagedPolicy>,
}

/// The client of an account. IAM's quota is not published, so one call at a time is in flight. A page of an
/// account's roles may take longer than any other call: one attempt has all the time that a call has.
pub(super) fn client(config: &SdkConfig) -> Client {
    let timeouts = config.timeout_config().cloned();
    let timeouts = timeouts.unwrap_or_else(TimeoutConfig::disabled);
    let mut attempt = timeouts.to_builder();
    attempt.set_operation_attempt_timeout(timeouts.operation_timeout());
    let config = aws_sdk_iam::config::Builder::from(config)
        .retry_partition(super::connection::retry_partition())
        .timeout_config(attempt.build())
        .interceptor(WholeLists);
    Client::from_conf(config.build())
}

/// Roles and policies of a page.
type Entities = (Vec<Role>, Vec<ManagedPolicy>);

/// Reads the roles and the managed policies, page after page.
pub(super) async fn read(client: &Client, patience: &Patience) -> Found {
    let mut found = Found {
        scope: Scope::audited(Region::global(), Service::Iam),
        roles: Vec::new(),
        excluded: ExcludedRoles::default(),
        out_of_scope: BTreeSet::new(),
        policies: Vec::new(),
    };
    // Which of the sizes still works.
    let size = AtomicUsize::new(0);
    let ask = |token| page(client, patience, &size, token);
    let list = pages::read(Tokens::new(DETAILS, None), usize::MAX, ask).await;
    found.scope.gaps.extend(list.gap());
    for (roles, policies) in list.items {
        for role in roles {
            found.add(role);
        }
        found.policies.extend(policies);
    }
    found
}

/// Reads a page, and a smaller one where it takes too long.
async fn page(
    client: &Client,
    patience: &Patience,
    size: &AtomicUsize,
    token: Option<String>,
) -> Result<Page<Entities>, Failure> {
    loop {
        let at = size.load(Ordering::Relaxed);
        let most = PAGE_SIZES.get(at).copied();
        let call = client
            .get_account_authorization_details()
            .filter(EntityType::Role)
            .filter(EntityType::LocalManagedPolicy)
            .filter(EntityType::AwsManagedPolicy)
            .set_max_items(most)
            .set_marker(token.clone())
            .send();
        match patience.ask(DETAILS, None, call).await {
            Ok(answer) => {
                let roles = answer.role_detail_list.unwrap_or_default();
                let policies = answer.policies.unwrap_or_default();
                return Ok(Page {
                    items: vec![(
                        roles.into_iter().map(convert::role).collect(),
                        policies.into_iter().map(convert::policy).collect(),
                    )],
                    rest: Rest::of_truncated(answer.is_truncated, answer.marker),
                });
            }
            Err(failure) if failure.gap.cause == Cause::TimedOut && at + 1 < PAGE_SIZES.len() => {
                size.store(at + 1, Ordering::Relaxed);
            }
            Err(failure) => return Err(failure),
        }
    }
}

impl Found {
    /// Keeps a role, or only counts it where it isn't the account's own to change.
    fn add(&mut self, role: Role) {
        if is_service_linked(&role.arn) {
            self.excluded.service_linked += 1;
        } else if is_identity_center(&role.arn) {
            self.excluded.identity_center += 1;
        } else {
            self.roles.push(role);
        }
    }

    /// Drops the roles that have nothing to do with a team's boundary, and the policies that no other
    /// role has. The job runs and sessions of `slice` tell which roles were used.
    pub(super) fn narrow(&mut self, slice: &Slice, policy: &Policy) {
        self.drop_idle_policies();
        let used = used(&self.roles, slice);
        let scope = in_scope(&self.roles, &self.policies, &used, policy);
        self.excluded.out_of_scope += self.roles.len() - scope.len();
        let mut index = 0..;
        let is_idle = |_: &mut Role| index.next().is_none_or(|at| !scope.contains(&at));
        let dropped = self.roles.extract_if(.., is_idle);
        self.out_of_scope.extend(dropped.map(|role| role.arn));
        self.drop_idle_policies();
    }

    fn drop_idle_policies(&mut self) {
        let held: BTreeSet<_> = self.roles.iter().flat_map(held).collect();
        let is_idle = |policy: &mut ManagedPolicy| !held.contains(&policy.arn);
        let idle = self.policies.extract_if(.., is_idle).map(|it| it.arn);
        self.out_of_scope
            .extend(idle.filter(|arn| arn.account() != "aws"));
    }

    /// Reads what the pages leave out: policies that are nothing but a boundary, and the tags of the
    /// account's own policies. Where the pages broke off, that gap hides these too.
    pub(super) async fn complete(&mut self, client: &Client, patience: &Patience) {
        if !self.scope.gaps.is_empty() {
            return;
        }
        let mut missing: BTreeSet<_> = self.roles.iter().flat_map(held).collect();
        for policy in &self.policies {
            missing.remove(&policy.arn);
        }
        let (read, gaps) = policies::read(client, patience, missing).await;
        self.policies.extend(read);
        self.scope.gaps.extend(gaps);
        let gaps = policies::tag(client, patience, &mut self.policies).await;
        self.scope.gaps.extend(gaps);
    }

    /// Hands all of it to the account's slice.
    pub(super) fn fill(self, slice: &mut Slice) {
        slice.roles = self.roles;
        slice.excluded_roles = self.excluded;
        slice.out_of_scope = self.out_of_scope;
        slice.policies = self.policies;
        slice.scopes.push(self.scope);
    }
}

/// The managed policies that decide what a role may do.
fn held(role: &Role) -> impl Iterator<Item = &Arn> {
    role.attached_policies.iter().chain(&role.boundary)
}

/// The roles that job runs and sessions ran as or were started by. The ARN of who started them is that
/// of a session, which has lost the path of its role.
fn used<'a>(roles: &'a [Role], slice: &Slice) -> BTreeSet<&'a str> {
    let runs = slice.job_runs.iter();
    let runs = runs.map(|run| [&run.execution_role, &run.created_by]);
    let sessions = slice.sessions.iter();
    let sessions = sessions.map(|session| [&session.execution_role, &session.created_by]);
    let callers: BTreeSet<_> = runs.chain(sessions).flatten().map(Arn::as_str).collect();
    let named: BTreeSet<_> = callers
        .iter()
        .filter_map(|arn| role_of_session(arn))
        .collect();
    let is_used = |role: &&Role| {
        callers.contains(role.arn.as_str())
            || named.contains(&(role.arn.account(), role.name.as_str()))
    };
    let used = roles.iter().filter(is_used);
    used.map(|role| role.arn.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use lineward_rules::estate::{Account, JobRun, Session};

    use super::*;

    fn role(path: &str) -> Role {
        let name = path.rsplit('/').next().unwrap_or_default();
        Role {
            arn: Arn::from(format!("arn:aws:iam::111122223333:role/{path}")),
            name: name.into(),
            ..Role::example()
        }
    }

    #[test]
    fn a_role_was_used_as_the_execution_role_or_behind_a_session_whatever_its_path() {
        let roles = ["emr/starts", "runs", "opens", "lives", "other"].map(role);
        let caller = |name: &str| {
            let account = "111122223333";
            Arn::from(format!("arn:aws:sts::{account}:assumed-role/{name}/me"))
        };
        let slice = Slice {
            job_runs: vec![JobRun {
                execution_role: roles[1].arn.clone(),
                created_by: caller("starts"),
                ..JobRun::example()
            }],
            sessions: vec![Session {
                execution_role: roles[3].arn.clone(),
                created_by: caller("opens"),
                ..Session::example()
            }],
            ..Slice::new(Account::example())
        };
        let mut expected: Vec<_> = roles[..4].iter().map(|role| role.arn.as_str()).collect();
        expected.sort_unstable();
        assert_eq!(
            used(&roles, &slice).into_iter().collect::<Vec<_>>(),
            expected
        );
    }
}
