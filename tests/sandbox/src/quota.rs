//! AWS's documented quotas, as token buckets of each account, Region and operation.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::operation::{Operation, Service};

/// A bucket that fills at a steady rate up to its burst.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Duration,
}

/// All buckets that a call was taken from.
#[derive(Debug, Default)]
pub(crate) struct Quotas(BTreeMap<(String, String, Operation), Bucket>);

impl Quotas {
    /// Takes a call, and says whether the quota allows it. `now` is the age of the sandbox.
    pub(crate) fn take(
        &mut self,
        account: &str,
        region: &str,
        operation: Operation,
        now: Duration,
    ) -> bool {
        let (rate, burst) = rate_and_burst(operation);
        let key = (account.into(), region.into(), shared(operation));
        let full = Bucket {
            tokens: burst,
            filled_at: now,
        };
        let bucket = self.0.entry(key).or_insert(full);
        let waited = now.saturating_sub(bucket.filled_at).as_secs_f64();
        bucket.tokens = (bucket.tokens + waited * rate).min(burst);
        bucket.filled_at = now;
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        allowed
    }
}

/// All of STS draws on one bucket.
fn shared(operation: Operation) -> Operation {
    if operation.service() == Service::Sts {
        Operation::AssumeRole
    } else {
        operation
    }
}

/// Calls a second, and at once.
///
/// From the quota pages of EMR Serverless, Organizations, IAM and Account Management. AWS publishes
/// no figures for IAM's reads and for sessions: there they are guesses, on the low side.
fn rate_and_burst(operation: Operation) -> (f64, f64) {
    match operation {
        Operation::ListAccounts => (8.0, 12.0),
        Operation::DescribeOrganization => (1.0, 2.0),
        Operation::GetCallerIdentity | Operation::AssumeRole => (600.0, 600.0),
        Operation::GetAccountAuthorizationDetails => (5.0, 10.0),
        Operation::GetPolicy | Operation::GetPolicyVersion | Operation::ListPolicyTags => {
            (15.0, 30.0)
        }
        Operation::ListRegions => (5.0, 5.0),
        Operation::ListApplications
        | Operation::GetApplication
        | Operation::GetJobRun
        | Operation::ListSessions
        | Operation::GetSession
        | Operation::Unknown(_) => (10.0, 50.0),
        Operation::ListJobRuns => (1.0, 25.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(quotas: &mut Quotas, account: &str, calls: u32, at: u64) -> usize {
        let now = Duration::from_secs(at);
        (0..calls)
            .filter(|_| quotas.take(account, "eu-west-1", Operation::ListJobRuns, now))
            .count()
    }

    #[test]
    fn a_burst_is_allowed_and_then_the_steady_rate() {
        let mut quotas = Quotas::default();
        assert_eq!(allowed(&mut quotas, "a", 30, 0), 25);
        assert_eq!(allowed(&mut quotas, "a", 30, 3), 3);
        assert_eq!(allowed(&mut quotas, "a", 99, 1000), 25);
    }

    #[test]
    fn accounts_do_not_share_a_quota() {
        let mut quotas = Quotas::default();
        assert_eq!(allowed(&mut quotas, "a", 30, 0), 25);
        assert_eq!(allowed(&mut quotas, "b", 30, 0), 25);
    }

    #[test]
    fn the_operations_of_sts_share_one() {
        let mut quotas = Quotas::default();
        let mut take = |operation| quotas.take("a", "eu-west-1", operation, Duration::ZERO);
        let taken = (0..600).filter(|_| take(Operation::AssumeRole)).count();
        assert_eq!(taken, 600);
        assert!(!take(Operation::GetCallerIdentity));
    }
}
