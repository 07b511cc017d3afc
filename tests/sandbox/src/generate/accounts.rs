//! Accounts: the management account, the auditor's own, and the teams'.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::TEAMS;
use crate::options::Options;
use crate::organization::{Access, Account, AccountState, Organization};
use crate::random::Random;
use crate::services::is_opt_in;

const STAGES: [&str; 3] = ["production", "staging", "research"];

/// All accounts, still without applications and roles.
pub(super) fn accounts(options: &Options, now: Timestamp, random: &mut Random) -> Organization {
    let id = format!("o-{}", random.alphanumeric(10));
    let root = format!("r-{}", random.alphanumeric(4));
    let unit = format!(
        "ou-{}-{}",
        root.trim_start_matches("r-"),
        random.alphanumeric(8)
    );
    let count = options.accounts.max(2);
    let mut organization = Organization::empty(&random.account_id(), &random.account_id());
    organization.id.clone_from(&id);
    let mut index = 0;
    while organization.accounts.len() < count {
        let account_id = match index {
            0 => organization.management_account.clone(),
            1 => organization.auditor_account.clone(),
            _ => random.account_id(),
        };
        let mut account = account(index, &account_id, now, random);
        let under = if index == 0 {
            String::new()
        } else {
            format!("{unit}/")
        };
        account.paths = vec![format!("{id}/{root}/{under}{account_id}/")];
        account.opt_in_regions = opted_in(index, &options.regions);
        (account.state, account.access) = fate(count - 1 - index, count, options);
        organization.accounts.entry(account_id).or_insert(account);
        index = organization.accounts.len();
    }
    organization
}

fn account(index: usize, id: &str, now: Timestamp, random: &mut Random) -> Account {
    let team = TEAMS.get(index % TEAMS.len()).copied().unwrap_or_default();
    let stage = STAGES
        .get(index / TEAMS.len() % STAGES.len())
        .copied()
        .unwrap_or_default();
    let name = match index {
        0 => "management".into(),
        1 => "security-audit".into(),
        _ if index < TEAMS.len() * STAGES.len() => format!("{team}-{stage}"),
        _ => format!("{team}-{stage}-{index}"),
    };
    let days = i64::try_from(200 + random.below(1500)).unwrap_or(200);
    Account {
        id: id.into(),
        email: format!("aws+{name}@example.com"),
        name,
        team: team.into(),
        joined_at: now - SignedDuration::from_hours(24 * days),
        ..Account::default()
    }
}

/// The last accounts are the suspended ones, before them the denied, before them the hanging; the
/// management account and the auditor's own are always well.
fn fate(from_last: usize, count: usize, options: &Options) -> (AccountState, Access) {
    let denied = options.suspended + options.denied;
    if from_last + 2 >= count {
        (AccountState::Active, Access::Open)
    } else if from_last < options.suspended {
        (AccountState::Suspended, Access::Open)
    } else if from_last < denied {
        (AccountState::Active, Access::AssumeDenied)
    } else if from_last < denied + options.hanging {
        (AccountState::Active, Access::AssumeHangs)
    } else {
        (AccountState::Active, Access::Open)
    }
}

/// Every third account has not opted into the opt-in Regions.
fn opted_in(index: usize, regions: &[String]) -> std::collections::BTreeSet<String> {
    let opted = regions.iter().filter(|region| is_opt_in(region));
    opted.filter(|_| index % 3 != 2).cloned().collect()
}

type Place = (String, String);

/// Where applications may live: in accounts and Regions that can be read, and one in each Region
/// that can't. The management account runs no workloads.
pub(super) fn homes(organization: &Organization, regions: &[String]) -> (Vec<Place>, Vec<Place>) {
    let mut open: BTreeMap<usize, Vec<Place>> = BTreeMap::new();
    let mut shut = Vec::new();
    let workloads = organization.accounts.values().filter(|account| {
        account.state == AccountState::Active && account.id != organization.management_account
    });
    for account in workloads {
        let enabled = regions.iter().filter(|region| account.is_enabled(region));
        for (turn, region) in enabled.enumerate() {
            let place = (account.id.clone(), region.clone());
            if is_readable(account, region) {
                // Where only runs are refused, there must be some to ask for.
                let runs = account.blocked(region, "emr-serverless", "ListJobRuns");
                let turn = if runs.is_some() { 0 } else { turn + 1 };
                open.entry(turn).or_default().push(place);
            } else if turn == 0 || account.is_readable() {
                shut.push(place);
            }
        }
    }
    (open.into_values().flatten().collect(), shut)
}

fn is_readable(account: &Account, region: &str) -> bool {
    let blocked = |operation| {
        account
            .blocked(region, "emr-serverless", operation)
            .is_some()
    };
    account.is_readable() && !blocked("ListApplications") && !blocked("GetApplication")
}
