//! Job runs that this process has looked at: each causes an event for every state until it runs.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use lineward::collect::Target;
use lineward::estate::{AccountId, Region};

/// How many are remembered. What is forgotten is looked at again, which does no harm.
const MOST: usize = 10_000;

type Run = (AccountId, Region, String, String);

static RUNS: Mutex<BTreeSet<Run>> = Mutex::new(BTreeSet::new());

/// Whether all that a target asks for are job runs that were looked at.
pub(crate) fn are_all_known(target: &Target) -> bool {
    let runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut asked = runs_of(target).peekable();
    asked.peek().is_some() && asked.all(|run| runs.contains(&run))
}

/// Remembers the job runs of a target.
pub(crate) fn remember(target: &Target) {
    let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    if runs.len() >= MOST {
        runs.clear();
    }
    runs.extend(runs_of(target));
}

fn runs_of(target: &Target) -> impl Iterator<Item = Run> {
    let place = target.place.iter();
    place.flat_map(|(account, region)| {
        let runs = target.job_runs.iter().flatten();
        runs.map(|run| {
            (
                account.clone(),
                region.clone(),
                target.application.clone(),
                run.clone(),
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_known_once_it_was_remembered_and_an_application_never() {
        let target = |runs: &[&str]| Target {
            place: Some(("111122223333".into(), "eu-west-1".into())),
            application: "00repeat".into(),
            job_runs: Some(runs.iter().map(|run| (*run).to_owned()).collect()),
        };
        assert!(!are_all_known(&target(&["1"])));
        remember(&target(&["1"]));
        assert!(are_all_known(&target(&["1"])));
        assert!(!are_all_known(&target(&["1", "2"])));
        remember(&target(&[]));
        assert!(!are_all_known(&target(&[])));
    }
}
