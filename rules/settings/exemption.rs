//! Findings that somebody accepted, by name, with a reason and until a day.

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

use crate::estate::glob::ArnGlob;
use crate::finding::{Finding, RuleId};

/// `[[exemption]]`: a finding accepted by a named owner, with a reason, until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    /// The rule whose finding is accepted.
    pub rule: RuleId,
    /// The resources.
    pub resource: ArnGlob,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day it holds, in UTC.
    pub expires: Date,
}

impl Exemption {
    /// Whether it is about this finding, be it still held or expired.
    pub fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule && self.resource.matches(&finding.resource)
    }

    /// Whether it still holds.
    pub fn holds(&self, now: Timestamp) -> bool {
        now.to_zoned(TimeZone::UTC).date() <= self.expires
    }
}
