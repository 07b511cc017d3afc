//! Ledgers that are dated from times yet to come, since the clock of a run was ahead. What is compared by time
//! would keep silent until then.

use jiff::{SignedDuration, Timestamp};

use super::Ledger;

/// How far a ledger may be ahead: clocks differ a little.
const TOLERATED: SignedDuration = SignedDuration::from_hours(1);

impl Ledger {
    /// The latest of its times, where that is yet to come.
    pub fn ahead_of(&mut self, now: Timestamp) -> Option<Timestamp> {
        let latest = self.times().into_iter().map(|time| *time).max()?;
        let tolerated = now.saturating_add(TOLERATED).unwrap_or(Timestamp::MAX);
        (latest > tolerated).then_some(latest)
    }

    /// Sets what is yet to come to another time.
    pub fn turn_back(&mut self, now: Timestamp, to: Timestamp) {
        for time in self.times().into_iter().filter(|time| **time > now) {
            *time = to;
        }
    }

    fn times(&mut self) -> Vec<&mut Timestamp> {
        let Self {
            schema: _,
            updated_at,
            scanned_at,
            paging_since,
            organization: _,
            report: _,
            applications,
            gone,
            departed,
            findings,
            incidents,
            unknown: _,
        } = self;
        let own = [updated_at, scanned_at, paging_since].into_iter().flatten();
        let applications = applications.values_mut();
        let applications =
            applications.flat_map(|it| [&mut it.first_seen_at, &mut it.last_seen_at]);
        let findings = findings.values_mut();
        let findings = findings.flat_map(|it| [&mut it.first_seen_at, &mut it.last_seen_at]);
        let incidents = incidents.values_mut();
        let incidents = incidents.flat_map(|it| [&mut it.opened_at, &mut it.told_at]);
        let known = applications.chain(findings).chain(incidents);
        own.chain(gone.values_mut())
            .chain(departed.values_mut())
            .chain(known)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_yet_to_come_is_turned_back_and_the_rest_stays() {
        let at = |hour: i64| Timestamp::from_second(hour * 3_600).unwrap();
        let mut ledger = Ledger {
            updated_at: Some(at(500)),
            scanned_at: Some(at(90)),
            ..Ledger::default()
        };
        assert_eq!(ledger.ahead_of(at(499)), None);
        assert_eq!(ledger.ahead_of(at(100)), Some(at(500)));
        ledger.turn_back(at(100), at(76));
        assert_eq!(
            (ledger.updated_at, ledger.scanned_at),
            (Some(at(76)), Some(at(90)))
        );
        assert_eq!(ledger.ahead_of(at(100)), None);
    }
}
