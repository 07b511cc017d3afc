//! How long the walk may take, so that there is time left to report what it didn't cover.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// The least and the most that is kept for reporting, paging and saving.
const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_mins(1);

/// What is kept, at most, for saving the ledger and the report, which are of tens of megabytes at worst.
const SAVING: Duration = Duration::from_secs(20);

/// When the walk must end, given the invocation's deadline in milliseconds since 1970.
pub(crate) fn of_walk(deadline: u64, now: Timestamp) -> Option<Instant> {
    let left = left(deadline, now)?;
    let kept = (left / 5).clamp(LEAST, MOST).min(left);
    Some(Instant::now() + left.saturating_sub(kept))
}

/// When sending to PagerDuty must end.
pub(crate) fn of_sending(deadline: u64, now: Timestamp) -> Option<Instant> {
    let left = left(deadline, now)?;
    Some(Instant::now() + left.saturating_sub(SAVING.min(left / 10)))
}

/// The time that is left. `cargo lambda watch` gives a deadline of 1970: one that has passed already
/// means none.
fn left(deadline: u64, now: Timestamp) -> Option<Duration> {
    let now = u64::try_from(now.as_millisecond()).ok()?;
    let left = deadline.checked_sub(now).filter(|left| *left > 0)?;
    Some(Duration::from_millis(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_is_kept_but_no_more_than_a_minute() {
        let now = Timestamp::from_millisecond(1_000_000).unwrap();
        let walk = |left: u64| {
            let end = of_walk(1_000_000 + left, now).unwrap();
            end.duration_since(Instant::now()).as_secs_f64().round()
        };
        assert!((walk(100_000) - 80.0).abs() < 0.1);
        assert!((walk(900_000) - 840.0).abs() < 0.1);
        assert!(walk(500).abs() < 0.1);
    }

    #[test]
    fn a_deadline_that_has_passed_is_none() {
        let now = Timestamp::from_millisecond(1_000_000).unwrap();
        assert_eq!(of_walk(600_000, now), None);
        assert_eq!(of_walk(0, now), None);
    }
}
