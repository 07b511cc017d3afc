//! The least number of AWS calls that read the organization, to measure an auditor against.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::field::{created_at, text};
use crate::operation::Operation;
use crate::options::Options;
use crate::organization::{Access, Account, AccountState, Application, Organization};

/// The least number of calls, by `service:Operation` and in all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeastCalls {
    /// The sum of all.
    pub total: u64,
    /// Calls by `service:Operation`.
    pub operations: BTreeMap<String, u64>,
}

impl LeastCalls {
    /// Counts, for an auditor that is told the Regions and lists the job runs since a time:
    ///
    /// - `ListAccounts`: a page for each 20 accounts, and the empty page where there are several;
    /// - `AssumeRole`: one for each active account but the auditor's own, refused or not;
    /// - in each account that opens, and each of its Regions that is enabled: `ListApplications`
    ///   pages of 50, or one call if it is refused; one `GetApplication` an application;
    ///   `ListJobRuns` pages of 50 (one if there is none) of the runs since the time, and again of those that
    ///   are under way, whenever they began, since no call tells of both; and one `GetJobRun` a run;
    /// - where sessions are enabled: `ListSessions` pages of 50, twice likewise, and one `GetSession` a session;
    /// - IAM in each: `GetAccountAuthorizationDetails` pages of 300 roles and policies, and of the
    ///   customer managed policies of roles that have to do with the boundary between teams,
    ///   `ListPolicyTags` pages of 100 each, or where it is nothing but a boundary, and so on none of
    ///   those pages, one `GetPolicy`, which tells its tags, and one `GetPolicyVersion`.
    ///
    /// `Options::page_size` lowers each of these. What is refused takes one call, and nothing is
    /// asked behind it.
    pub(crate) fn count(
        organization: &Organization,
        options: &Options,
        since: Option<Timestamp>,
    ) -> Self {
        let mut counter = Counter {
            options,
            since: since.map_or(0.0, |time| time.as_duration().as_secs_f64()),
            counts: BTreeMap::new(),
        };
        let accounts = organization.accounts.len();
        let pages = counter.pages(accounts, 20);
        counter.add(Operation::ListAccounts, pages + u64::from(pages > 1));
        let active = |account: &&Account| account.state == AccountState::Active;
        for account in organization.accounts.values().filter(active) {
            let own = account.id == organization.auditor_account;
            if !own {
                counter.add(Operation::AssumeRole, 1);
            }
            if own || account.access == Access::Open {
                counter.account(account);
            }
        }
        let named = |(operation, count): (Operation, u64)| (operation.to_string(), count);
        Self {
            total: counter.counts.values().sum(),
            operations: counter.counts.into_iter().map(named).collect(),
        }
    }
}

struct Counter<'a> {
    options: &'a Options,
    since: f64,
    counts: BTreeMap<Operation, u64>,
}

impl Counter<'_> {
    fn add(&mut self, operation: Operation, calls: u64) {
        *self.counts.entry(operation).or_default() += calls;
    }

    /// Pages of so many items, one at least.
    fn pages(&self, items: usize, most: usize) -> u64 {
        let size = self
            .options
            .page_size
            .map_or(most, |size| size.min(most))
            .max(1);
        items.div_ceil(size).max(1) as u64
    }

    fn account(&mut self, account: &Account) {
        for region in &self.options.regions {
            if account.is_enabled(region) {
                self.region(account, region);
            }
        }
        self.iam(account);
    }

    fn iam(&mut self, account: &Account) {
        let refused = |it: Operation| account.blocked("global", "iam", it.name()).is_some();
        if refused(Operation::GetAccountAuthorizationDetails) {
            self.add(Operation::GetAccountAuthorizationDetails, 1);
            return;
        }
        let listed = account.policies.iter().filter(|it| !it.is_boundary_only());
        let pages = self.pages(account.roles.len() + listed.count(), 300);
        self.add(Operation::GetAccountAuthorizationDetails, pages);
        let mut calls: BTreeMap<Operation, u64> = BTreeMap::new();
        for policy in account.policies_of_boundary() {
            if policy.is_boundary_only() {
                *calls.entry(Operation::GetPolicy).or_default() += 1;
                if !refused(Operation::GetPolicy) {
                    *calls.entry(Operation::GetPolicyVersion).or_default() += 1;
                }
            } else {
                let pages = self.pages(policy.tags.len(), 100);
                *calls.entry(Operation::ListPolicyTags).or_default() += pages;
            }
        }
        for (operation, calls) in calls {
            // What was refused once is not asked for again.
            self.add(operation, if refused(operation) { 1 } else { calls });
        }
    }

    fn region(&mut self, account: &Account, region: &str) {
        let refused = |it: Operation| {
            account
                .blocked(region, "emr-serverless", it.name())
                .is_some()
        };
        let none = BTreeMap::new();
        let applications = account.applications.get(region).unwrap_or(&none);
        if refused(Operation::ListApplications) {
            self.add(Operation::ListApplications, 1);
            return;
        }
        let pages = self.pages(applications.len(), 50);
        self.add(Operation::ListApplications, pages);
        let refused = [
            refused(Operation::GetApplication),
            refused(Operation::ListJobRuns),
        ];
        for application in applications.values() {
            self.add(Operation::GetApplication, 1);
            self.application(application, refused);
        }
    }

    fn application(&mut self, application: &Application, [unread, no_runs]: [bool; 2]) {
        let runs = self.listed(
            application.job_runs.values(),
            &["SUCCESS", "FAILED", "CANCELLED"],
        );
        self.add(Operation::ListJobRuns, if no_runs { 1 } else { runs.pages });
        self.add(Operation::GetJobRun, if no_runs { 0 } else { runs.items });
        if application.has_sessions() && !unread && self.options.sessions_unknown.is_none() {
            let sessions = self.listed(application.sessions.values(), &["TERMINATED", "FAILED"]);
            self.add(Operation::ListSessions, sessions.pages);
            self.add(Operation::GetSession, sessions.items);
        }
    }

    /// What began since the time, and what is in none of the final states.
    fn listed<'b>(&self, all: impl Iterator<Item = &'b Value>, ended: &[&str]) -> Listed {
        let (mut recent, mut under_way, mut both) = (0, 0, 0);
        for it in all {
            let is_recent = created_at(it) >= self.since;
            let is_under_way = !ended.contains(&text(it, "state"));
            recent += usize::from(is_recent);
            under_way += usize::from(is_under_way);
            both += u64::from(is_recent || is_under_way);
        }
        Listed {
            pages: self.pages(recent, 50) + self.pages(under_way, 50),
            items: both,
        }
    }
}

/// The pages of two lists, and what is on either.
struct Listed {
    pages: u64,
    items: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_and_each_detail_is_counted_once() {
        let options = Options {
            accounts: 41,
            denied: 1,
            suspended: 1,
            applications: 39,
            job_runs: 2,
            ..Options::default()
        };
        let organization = Organization::generate(&options);
        let least = LeastCalls::count(&organization, &options, None);
        let calls = |operation: &str| least.operations.get(operation).copied().unwrap_or(0);
        assert_eq!(calls("organizations:ListAccounts"), 3 + 1);
        assert_eq!(calls("sts:AssumeRole"), 41 - 1 - 1);
        assert_eq!(calls("emr-serverless:ListApplications"), 39 * 2);
        assert_eq!(calls("emr-serverless:GetApplication"), 39);
        assert_eq!(calls("iam:GetAccountAuthorizationDetails"), 39);
        assert_eq!(calls("iam:ListPolicyTags"), 38 * 3);
        let bounded = organization.accounts.values().filter(|account| {
            let mut roles = account.roles.iter();
            account.is_readable() && roles.any(|role| role.boundary.is_some())
        });
        let bounded = bounded.count() as u64;
        assert_eq!(calls("iam:GetPolicy"), bounded);
        assert_eq!(calls("iam:GetPolicyVersion"), bounded);
        assert!(bounded > 0);
        assert_eq!(least.total, least.operations.values().sum::<u64>());
    }

    #[test]
    fn runs_before_the_window_are_listed_but_not_read() {
        let options = Options::default();
        let organization = Organization::generate(&options);
        let later = Some(Timestamp::now() + jiff::SignedDuration::from_hours(1));
        let least = LeastCalls::count(&organization, &options, later);
        assert_eq!(least.operations.get("emr-serverless:GetJobRun"), Some(&0));
        assert_eq!(
            least.operations.get("emr-serverless:ListJobRuns"),
            Some(&80)
        );
    }
}
