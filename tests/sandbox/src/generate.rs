//! Makes up an organization: the same options give the same one, but for the clock.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::expected;
use crate::field::set;
use crate::options::Options;
use crate::organization::{Account, Application, Organization};
use crate::random::Random;
use crate::{Expected, Fault};

mod accounts;
mod applications;
mod blocks;
pub(crate) mod job_runs;
mod neighbours;
mod roles;
pub(crate) mod spark;

/// The teams that applications and roles are tagged with.
pub const TEAMS: [&str; 8] = [
    "ads",
    "billing",
    "growth",
    "ingest",
    "ml",
    "payments",
    "reporting",
    "search",
];

impl Organization {
    /// Makes up an organization with planted faults.
    pub fn generate(options: &Options) -> Self {
        let mut random = Random::new(options.seed);
        let now = options.now.unwrap_or_else(Timestamp::now);
        let mut organization = accounts::accounts(options, now, &mut random);
        let management = organization.management_account.clone();
        let members = organization.accounts.values_mut();
        let members = members.filter(|account| account.id != management);
        for (index, account) in members.enumerate() {
            (account.roles, account.policies) =
                roles::of_team(account, &organization.id, now, &mut random);
            neighbours::join(account, index, now);
        }
        blocks::refuse_scopes(&mut organization, options);
        settle(&mut organization, options, now, &mut random);
        organization
    }

    /// What an auditor must find in it as it is now.
    pub fn expected(&self) -> Vec<Expected> {
        expected::expected(self)
    }

    /// Adds a compliant application with its job runs, and gives its id.
    ///
    /// `None` if there is no such account.
    pub fn create_application(
        &mut self,
        account: &str,
        region: &str,
        options: &Options,
    ) -> Option<String> {
        let account = self.accounts.get_mut(account)?;
        let held: usize = account.applications.values().map(BTreeMap::len).sum();
        let number: u64 = account.id.parse().unwrap_or(0);
        let mut random = Random::new(options.seed ^ number ^ (held as u64 + 1).rotate_left(48));
        let maker = applications::Maker {
            options,
            now: options.now.unwrap_or_else(Timestamp::now),
            account,
            region,
        };
        // Every twelfth is plain Spark.
        let (id, application) = maker.make(held * 12, None, &mut random);
        hold(account, region, &id, application);
        Some(id)
    }
}

impl Application {
    /// Plants a fault in a compliant Spark application, and says whether it could.
    ///
    /// The runs or sessions that carry the fault are made up where there are none.
    pub fn plant(&mut self, fault: Fault) -> bool {
        let free = self.planted.is_none() && self.text("type").eq_ignore_ascii_case("spark");
        if free {
            fault.plant(self, Timestamp::now());
        }
        free
    }

    /// An application that nothing ran in lately doesn't keep its workers warm.
    pub(crate) fn rest_if_unused(&mut self) {
        if self.job_runs.is_empty() && self.sessions.is_empty() {
            set(&mut self.detail, "state", "STOPPED".into());
        }
    }

    /// Undoes the planted fault, and says whether there was one.
    pub fn mend(&mut self) -> bool {
        let Some(planted) = self.planted.take() else {
            return false;
        };
        self.detail = planted.compliant;
        self.job_runs = planted.job_runs;
        self.sessions = planted.sessions;
        true
    }
}

/// Spreads the applications over the accounts and Regions.
fn settle(organization: &mut Organization, options: &Options, now: Timestamp, random: &mut Random) {
    let (open, shut) = accounts::homes(organization, &options.regions);
    let places = open.iter().cycle().take(options.applications);
    let readable = if open.is_empty() {
        0
    } else {
        options.applications
    };
    let faults = faulty(readable);
    // What can't be read has an application too, so that opening it shows something.
    let hidden = shut.iter().map(|place| (place, None));
    for (index, ((account, region), fault)) in places.zip(faults).chain(hidden).enumerate() {
        let Some(account) = organization.accounts.get_mut(account) else {
            continue;
        };
        let maker = applications::Maker {
            options,
            now,
            account,
            region,
        };
        let (id, application) = maker.make(index, fault, random);
        hold(account, region, &id, application);
    }
}

fn hold(account: &mut Account, region: &str, id: &str, application: Application) {
    account
        .applications
        .entry(region.into())
        .or_default()
        .insert(id.into(), application);
}

/// Which of so many applications are faulty, evenly spread: one in six, or each fault once if that
/// is more and three in five will hold them.
fn faulty(applications: usize) -> Vec<Option<Fault>> {
    let faults = (applications / 6).max(Fault::ALL.len().min(applications * 3 / 5));
    let mut cycle = Fault::ALL.into_iter().cycle();
    let mut plan = |index: usize| {
        let due = (index + 1) * faults / applications > index * faults / applications;
        due.then(|| cycle.next()).flatten()
    };
    (0..applications).map(&mut plan).collect()
}

#[cfg(test)]
mod tests;
