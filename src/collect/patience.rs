//! How long is waited for a place, and how often it may fail: every call goes through here.

use std::collections::BTreeMap;
use std::error::Error;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use lineward_rules::estate::{Arn, Cause, Gap};
use tokio::time::{Instant, timeout_at};

use super::interrupt::Interrupt;
use super::{Plan, gap};

/// After so many failures of one kind in a row an operation is not tried again in its place.
const TRIES: usize = 3;

/// Why a call gave nothing.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) gap: Gap,
    /// Whether the service says that the resource doesn't exist.
    pub(super) is_not_found: bool,
    /// Whether the endpoint doesn't know the operation at all.
    pub(super) is_unknown_operation: bool,
}

impl Failure {
    fn of<E>(operation: &str, resource: Option<&Arn>, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        Self {
            gap: gap::gap(operation, resource.cloned(), error),
            is_not_found: gap::is_not_found(error),
            is_unknown_operation: gap::is_unknown_operation(error),
        }
    }

    /// Whether it says that something is not there, which is as good an answer as any.
    fn is_answer(&self) -> bool {
        // A refusal costs no wait, and may be of one resource alone.
        let is_denied = matches!(self.gap.cause, Cause::Denied | Cause::DeniedByScp);
        self.is_not_found || self.is_unknown_operation || is_denied
    }
}

impl From<Gap> for Failure {
    fn from(gap: Gap) -> Self {
        Self {
            gap,
            is_not_found: false,
            is_unknown_operation: false,
        }
    }
}

/// When all calls must have ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadline {
    at: Option<Instant>,
    interrupt: Interrupt,
    /// The account's own limit, where that ends first.
    account_timeout: Option<Duration>,
}

impl Deadline {
    /// The deadline of the whole walk.
    pub(super) fn of_walk(plan: &Plan) -> Self {
        Self {
            at: plan.deadline,
            interrupt: plan.interrupt.clone(),
            account_timeout: None,
        }
    }

    /// The deadline of an account whose walk begins now.
    pub(super) fn of_account(plan: &Plan) -> Self {
        let walk = Self::of_walk(plan);
        let own = Instant::now().checked_add(plan.account_timeout);
        let own = own.filter(|own| walk.at.is_none_or(|at| *own < at));
        match own {
            None => walk,
            Some(_) => Self {
                at: own,
                account_timeout: Some(plan.account_timeout),
                ..walk
            },
        }
    }

    /// Does `work` until the deadline, and for a while longer: calls end at it by themselves, and keep what was
    /// read.
    pub(super) async fn bound<T>(
        &self,
        longer: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, Gap> {
        if let Some(gap) = self.passed("Walk", None) {
            return Err(gap);
        }
        let end = self.at.map(|at| at.checked_add(longer).unwrap_or(at));
        match end {
            None => Ok(work.await),
            Some(end) => timeout_at(end, work)
                .await
                .map_err(|_| self.late("Walk", None)),
        }
    }

    /// Waits for an answer until the deadline.
    async fn wait<T>(
        &self,
        operation: &str,
        resource: Option<&Arn>,
        answer: impl Future<Output = T>,
    ) -> Result<T, Gap> {
        if let Some(gap) = self.passed(operation, resource) {
            return Err(gap);
        }
        let end = async {
            match self.at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            answer = answer => Ok(answer),
            () = end => Err(self.late(operation, resource)),
            () = self.interrupt.wait() => Err(interrupted(operation, resource)),
        }
    }

    /// The gap of what is asked for after the end.
    fn passed(&self, operation: &str, resource: Option<&Arn>) -> Option<Gap> {
        if self.interrupt.is_set() {
            return Some(interrupted(operation, resource));
        }
        let is_late = self.at.is_some_and(|at| Instant::now() >= at);
        is_late.then(|| self.late(operation, resource))
    }

    fn late(&self, operation: &str, resource: Option<&Arn>) -> Gap {
        let (code, reason) = match self.account_timeout {
            Some(limit) => (
                "AccountTimeout",
                format!(
                    "not read within {} s, the `account_timeout` of an account",
                    limit.as_secs()
                ),
            ),
            None => {
                return Gap {
                    resource: resource.cloned(),
                    ..too_late(operation)
                };
            }
        };
        Gap {
            code: code.to_owned(),
            reason,
            resource: resource.cloned(),
            ..too_late(operation)
        }
    }
}

/// The gap of what a run was told to leave.
fn interrupted(operation: &str, resource: Option<&Arn>) -> Gap {
    Gap {
        resource: resource.cloned(),
        code: "INTERRUPTED".into(),
        reason: "the run was interrupted before this was read".into(),
        ..too_late(operation)
    }
}

/// The gap of an account that was read, and not judged in time.
pub(super) fn unjudged(limit: Option<Duration>) -> Gap {
    let Some(limit) = limit else {
        return too_late("Judge");
    };
    Gap {
        code: "AccountTimeout".into(),
        reason: format!(
            "not judged within {} s, the `account_timeout` of an account",
            limit.as_secs_f64()
        ),
        ..too_late("Judge")
    }
}

/// The gap of what a run had no time left for.
pub(super) fn too_late(operation: &str) -> Gap {
    Gap {
        operation: operation.to_owned(),
        resource: None,
        cause: Cause::Deadline,
        code: "DeadlineExceeded".into(),
        reason: "the run had to end before this was done".into(),
    }
}

/// How long is waited for a place, and how often it may fail. A place is an account or one of its Regions.
#[derive(Debug, Default)]
pub(super) struct Patience {
    deadline: Deadline,
    streaks: Mutex<BTreeMap<&'static str, Streak>>,
}

/// Failures of one operation, one like the other.
#[derive(Clone, Debug)]
struct Streak {
    last: Gap,
    count: usize,
}

impl Patience {
    pub(super) fn new(deadline: Deadline) -> Self {
        Self {
            deadline,
            streaks: Mutex::default(),
        }
    }

    /// Makes a call, unless it is too late or the operation has failed too often.
    pub(super) fn ask<'a, T, E>(
        &'a self,
        operation: &'static str,
        resource: Option<&'a Arn>,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
    ) -> impl Future<Output = Result<T, Failure>> + Send + 'a
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        T: Send + 'a,
    {
        // A call of the SDK is a large future, and each that waits for one would hold it whole.
        let call: Pin<Box<dyn Future<Output = _> + Send + 'a>> = Box::pin(call);
        async move {
            if let Some(gap) = self.given_up(operation, resource) {
                return Err(gap.into());
            }
            let answer = self.deadline.wait(operation, resource, call).await?;
            let answer = answer.map_err(|error| Failure::of(operation, resource, &error));
            self.count(operation, answer.as_ref().err());
            answer
        }
    }

    /// The gap of what isn't asked for any more.
    fn given_up(&self, operation: &str, resource: Option<&Arn>) -> Option<Gap> {
        let streaks = self.streaks.lock().unwrap_or_else(PoisonError::into_inner);
        let streak = streaks.get(operation).filter(|it| it.count >= TRIES)?;
        Some(Gap {
            resource: resource.cloned(),
            reason: format!(
                "not asked for, since it failed {TRIES} times in a row: {}",
                streak.last.reason
            ),
            ..streak.last.clone()
        })
    }

    fn count(&self, operation: &'static str, failure: Option<&Failure>) {
        let mut streaks = self.streaks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failure) = failure.filter(|failure| !failure.is_answer()) else {
            streaks.remove(operation);
            return;
        };
        let same = |streak: &&mut Streak| {
            (streak.last.cause, &streak.last.code) == (failure.gap.cause, &failure.gap.code)
        };
        if let Some(streak) = streaks.get_mut(operation).filter(same) {
            streak.count += 1;
        } else {
            let last = failure.gap.clone();
            streaks.insert(operation, Streak { last, count: 1 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::interrupt;

    fn failure(code: &str) -> Failure {
        Failure::from(Gap {
            operation: "ListJobRuns".into(),
            resource: None,
            cause: Cause::TimedOut,
            code: code.into(),
            reason: "no answer".into(),
        })
    }

    fn given_up_after(failures: &[Option<Failure>]) -> bool {
        let patience = Patience::default();
        for failure in failures {
            patience.count("ListJobRuns", failure.as_ref());
        }
        assert!(patience.given_up("ListSessions", None).is_none());
        patience.given_up("ListJobRuns", None).is_some()
    }

    #[test]
    fn an_operation_is_given_up_once_it_failed_the_same_way_in_a_row() {
        let [slow, denied] = ["Timeout", "AccessDenied"].map(|code| Some(failure(code)));
        let three = [slow.clone(), slow.clone(), slow.clone()];
        assert!(given_up_after(&three));
        assert!(!given_up_after(&three[..2]));
        assert!(!given_up_after(&[
            slow.clone(),
            slow.clone(),
            None,
            slow.clone()
        ]));
        assert!(!given_up_after(&[slow.clone(), denied, slow.clone(), slow]));
    }

    #[test]
    fn what_is_not_there_is_no_failure() {
        let gone = Failure {
            is_not_found: true,
            ..failure("ResourceNotFoundException")
        };
        assert!(!given_up_after(&vec![Some(gone); 9]));
    }

    #[test]
    fn a_denial_is_no_failure() {
        for cause in [Cause::Denied, Cause::DeniedByScp] {
            let mut denied = failure("AccessDeniedException");
            denied.gap.cause = cause;
            assert!(!given_up_after(&vec![Some(denied); 9]));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_deadline_no_call_is_made() {
        type Answer = Result<
            (),
            SdkError<aws_sdk_sts::operation::assume_role::AssumeRoleError, HttpResponse>,
        >;
        let deadline = Deadline {
            at: Some(Instant::now() + Duration::from_secs(1)),
            account_timeout: Some(Duration::from_secs(1)),
            ..Deadline::default()
        };
        let patience = Patience::new(deadline);
        let hanging = patience.ask("AssumeRole", None, std::future::pending::<Answer>());
        let gap = hanging.await.unwrap_err().gap;
        assert_eq!(
            (gap.cause, gap.code.as_str()),
            (Cause::Deadline, "AccountTimeout")
        );
        let late = async { panic!("is too late") as Answer };
        let late: Result<(), _> = patience.ask("AssumeRole", None, late).await;
        assert_eq!(late.unwrap_err().gap.cause, Cause::Deadline);
    }

    #[tokio::test]
    async fn an_interrupt_ends_the_call_that_is_made_and_all_that_follow() {
        let (interrupter, interrupt) = interrupt();
        let deadline = Deadline {
            interrupt,
            ..Deadline::default()
        };
        let never = deadline.wait("ListJobRuns", None, std::future::pending::<()>());
        let (ended, ()) = tokio::join!(never, async { interrupter.interrupt() });
        assert_eq!(ended.unwrap_err().code, "INTERRUPTED");
        let next = deadline.wait("ListJobRuns", None, std::future::ready(()));
        assert_eq!(next.await.unwrap_err().code, "INTERRUPTED");
        drop(interrupter);
        assert!(Deadline::default().passed("ListJobRuns", None).is_none());
    }
}
