//! How much of an estate reports its lineage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lineage::Standing;

/// Applications and job runs by whether they report their lineage. Hive is out of scope and not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adoption {
    /// Spark applications, by what their jobs start from.
    pub applications: Share,
    /// Spark job runs of the window, by what each was started with.
    pub job_runs: Share,
}

/// So many with lineage, without, and of which it can't be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// With lineage.
    pub with: usize,
    /// Without.
    pub without: usize,
    /// It can't be told.
    pub unknown: usize,
    /// How many of a hundred are known to have it, rounded down, so that 100 is all of them. Nothing where
    /// there are none.
    pub percent: Option<u8>,
}

impl Adoption {
    /// Adds what another part of the estate came to.
    pub fn add(&mut self, other: Self) {
        self.applications.add(other.applications);
        self.job_runs.add(other.job_runs);
    }
}

impl Share {
    /// Counts one.
    pub fn count(&mut self, standing: Standing) {
        match standing {
            Standing::With => self.with += 1,
            Standing::Without => self.without += 1,
            Standing::Unknown => self.unknown += 1,
            Standing::OutOfScope => return,
        }
        self.settle();
    }

    fn add(&mut self, other: Self) {
        self.with += other.with;
        self.without += other.without;
        self.unknown += other.unknown;
        self.settle();
    }

    fn settle(&mut self) {
        let all = self.with + self.without + self.unknown;
        let percent = (self.with * 100).checked_div(all);
        self.percent = percent.and_then(|percent| u8::try_from(percent).ok());
    }
}

/// What one application came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfApplication {
    /// Whether its defaults report lineage.
    pub standing: Standing,
    /// The application and its runs.
    pub adoption: Adoption,
    /// Its jobs with runs that lack lineage, or of which it can't be told, by name.
    pub lacking: Vec<LackingJob>,
}

/// A job with runs that are not known to report their lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LackingJob {
    /// What its runs have in common.
    pub job: String,
    /// What its runs came to.
    pub runs: Share,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_percent_is_all_of_them() {
        let mut share = Share::default();
        assert_eq!(share.percent, None);
        for _ in 0..999 {
            share.count(Standing::With);
        }
        assert_eq!(share.percent, Some(100));
        share.count(Standing::Unknown);
        share.count(Standing::OutOfScope);
        assert_eq!((share.percent, share.unknown), (Some(99), 1));
    }
}
