//! What the server holds, and how an AWS call goes through it.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::calls::{Counters, End, RecordedRequest};
use crate::lie::LieKind;
use crate::operation::{Operation, Service};
use crate::options::Options;
use crate::organization::Organization;
use crate::pagerduty::PagerDuty;
use crate::quota::Quotas;
use crate::random::Random;
use crate::refusal::Refusal;
use crate::services::{self, Call};
use crate::wire::answer::Answer;
use crate::wire::request::{Request, Target};

/// Everything that requests share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) organization: RwLock<Organization>,
    pub(crate) options: RwLock<Options>,
    pub(crate) counters: Counters,
    pub(crate) recorded: Mutex<Vec<RecordedRequest>>,
    pub(crate) pagerduty: Mutex<PagerDuty>,
    quotas: Mutex<Quotas>,
    dice: Mutex<Random>,
    started: Instant,
}

/// Locks; a test that panicked while it changed the organization has failed already.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub(crate) fn new(organization: Organization, options: Options) -> Self {
        Self {
            organization: RwLock::new(organization),
            counters: Counters::default(),
            recorded: Mutex::default(),
            pagerduty: Mutex::default(),
            quotas: Mutex::default(),
            dice: Mutex::new(Random::new(options.seed)),
            options: RwLock::new(options),
            started: Instant::now(),
        }
    }

    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn options<T>(&self, read: impl FnOnce(&Options) -> T) -> T {
        read(&self.options.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_options<T>(&self, write: impl FnOnce(&mut Options) -> T) -> T {
        write(&mut self.options.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn view<T>(&self, read: impl FnOnce(&Organization) -> T) -> T {
        read(
            &self
                .organization
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    pub(crate) fn update<T>(&self, write: impl FnOnce(&mut Organization) -> T) -> T {
        write(
            &mut self
                .organization
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Waits as long as each answer takes.
    pub(crate) async fn latency(&self) {
        let latency = self.options(|options| options.latency_ms);
        if latency > 0 {
            tokio::time::sleep(Duration::from_millis(latency)).await;
        }
    }

    /// Answers an AWS request.
    pub(crate) async fn aws(&self, request: Request) -> Answer {
        let target = request.target();
        let operation = target.operation;
        let _in_flight = self.counters.enter(operation);
        if self.options(|options| options.record) {
            lock(&self.recorded).push(RecordedRequest::of(&request));
        }
        self.latency().await;
        let items = target.parameter("MaxItems").and_then(|it| it.parse().ok());
        let items = items.unwrap_or(usize::MAX);
        let wait = self.options(|options| {
            lie(options, operation).map_or(Some(Duration::ZERO), |lie| lie.wait(items))
        });
        match wait {
            Some(time) if time.is_zero() => {}
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
        let answer = match self.call(&request, &target) {
            Ok(answer) => Some(answer),
            Err(refusal) => {
                let note = self.options(|options| options.refusal_note.clone());
                let refusal = refusal.with_note(note.as_deref());
                refusal.answer(operation.service())
            }
        };
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    fn call(&self, request: &Request, target: &Target) -> Result<Answer, Refusal> {
        let operation = target.operation;
        let service = operation.service();
        let scope = request.scope().ok_or_else(|| Refusal::unsigned(service))?;
        let token = !request.header("x-amz-security-token").is_empty();
        self.options(|options| {
            self.view(|organization| {
                let account = scope
                    .account(organization, token)
                    .and_then(|id| organization.accounts.get(id))
                    .ok_or_else(|| Refusal::unknown_key(service))?;
                self.counters.charge(&account.id, operation);
                let region = if global(service) {
                    "us-east-1"
                } else {
                    scope.region
                };
                self.luck(options, &account.id, region, operation)?;
                let call = Call {
                    organization,
                    options,
                    target,
                    account,
                    region: scope.region,
                };
                let truth = services::answer(&call)?;
                match lie(options, operation) {
                    Some(lie) => lie.tell(&call, truth),
                    None => Ok(truth),
                }
            })
        })
    }

    /// Quotas and server errors, which come before anything is looked at.
    fn luck(
        &self,
        options: &Options,
        account: &str,
        region: &str,
        operation: Operation,
    ) -> Result<(), Refusal> {
        if options.quotas && !lock(&self.quotas).take(account, region, operation, self.age()) {
            self.counters.end(End::Throttled);
            return Err(Refusal::throttled(operation.service()));
        }
        if options.error_rate > 0.0 && lock(&self.dice).chance(options.error_rate) {
            self.counters.end(End::Failed);
            return Err(Refusal::server_error(operation.service()));
        }
        Ok(())
    }
}

/// How an operation lies, if it does.
fn lie(options: &Options, operation: Operation) -> Option<&LieKind> {
    let lie = options
        .lies
        .iter()
        .find(|lie| lie.operation == operation.name());
    lie.map(|lie| &lie.kind)
}

/// These have one endpoint, whatever Region a request is signed for.
fn global(service: Service) -> bool {
    matches!(
        service,
        Service::Organizations | Service::Iam | Service::Account
    )
}
