//! One value of a policy against one value of a request.

use std::cmp::Ordering;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::iam::condition::Base;
use crate::iam::context::Context;
use crate::iam::document::Version;
use crate::iam::pattern::Pattern;
use crate::iam::truth::Truth;

/// Whether `wanted`, of the policy, matches `value`, of the request. Negation is left to the caller.
pub(super) fn matches(
    base: Base,
    wanted: &str,
    value: &str,
    version: Version,
    context: &Context<'_>,
) -> Truth {
    match base {
        Base::StringEquals | Base::StringNotEquals => {
            Pattern::literal(wanted, version).matches(value, context)
        }
        Base::StringEqualsIgnoreCase | Base::StringNotEqualsIgnoreCase => {
            Pattern::literal(wanted, version).matches_ignoring_case(value, context)
        }
        Base::StringLike | Base::StringNotLike => {
            Pattern::wild(wanted, version).matches(value, context)
        }
        Base::ArnEquals | Base::ArnLike | Base::ArnNotEquals | Base::ArnNotLike => {
            Pattern::wild(wanted, version).matches_arn(value, context)
        }
        Base::NumericEquals | Base::NumericNotEquals => numbers(wanted, value, &[Ordering::Equal]),
        Base::NumericLessThan => numbers(wanted, value, &[Ordering::Less]),
        Base::NumericLessThanEquals => numbers(wanted, value, &[Ordering::Less, Ordering::Equal]),
        Base::NumericGreaterThan => numbers(wanted, value, &[Ordering::Greater]),
        Base::NumericGreaterThanEquals => {
            numbers(wanted, value, &[Ordering::Greater, Ordering::Equal])
        }
        Base::DateEquals | Base::DateNotEquals => dates(wanted, value, &[Ordering::Equal]),
        Base::DateLessThan => dates(wanted, value, &[Ordering::Less]),
        Base::DateLessThanEquals => dates(wanted, value, &[Ordering::Less, Ordering::Equal]),
        Base::DateGreaterThan => dates(wanted, value, &[Ordering::Greater]),
        Base::DateGreaterThanEquals => dates(wanted, value, &[Ordering::Greater, Ordering::Equal]),
        Base::Bool => wanted.eq_ignore_ascii_case(value).into(),
        Base::BinaryEquals => (wanted == value).into(),
        Base::IpAddress | Base::NotIpAddress => is_within(value, wanted).unwrap_or(false).into(),
        Base::Null => Truth::False,
    }
}

/// How the request's value may stand to the policy's. What is no number matches nothing.
fn numbers(wanted: &str, value: &str, allowed: &[Ordering]) -> Truth {
    let parsed = |text: &str| text.trim().parse::<f64>().ok();
    let order = parsed(value).zip(parsed(wanted));
    let order = order.and_then(|(value, wanted)| value.partial_cmp(&wanted));
    order.is_some_and(|order| allowed.contains(&order)).into()
}

fn dates(wanted: &str, value: &str, allowed: &[Ordering]) -> Truth {
    let order = date(value).zip(date(wanted));
    let order = order.map(|(value, wanted)| value.cmp(&wanted));
    order.is_some_and(|order| allowed.contains(&order)).into()
}

/// A date of ISO 8601, whole or of the day alone, or the seconds since 1970.
fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Timestamp::from_second(seconds).ok();
    }
    text.parse()
        .or_else(|_| format!("{text}T00:00:00Z").parse())
        .ok()
}

/// Whether an address lies in a network, or is the one that is named.
fn is_within(address: &str, network: &str) -> Option<bool> {
    let address: IpAddr = address.parse().ok()?;
    let (base, length) = match network.split_once('/') {
        Some((base, length)) => (base, Some(length.parse::<u32>().ok()?)),
        None => (network, None),
    };
    let base: IpAddr = base.parse().ok()?;
    Some(match (address, base) {
        (IpAddr::V4(address), IpAddr::V4(base)) => {
            let kept = length.unwrap_or(32);
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(kept)?).unwrap_or(0);
            (u32::from(address) & mask) == (u32::from(base) & mask)
        }
        (IpAddr::V6(address), IpAddr::V6(base)) => {
            let kept = length.unwrap_or(128);
            let mask = u128::MAX
                .checked_shl(128_u32.checked_sub(kept)?)
                .unwrap_or(0);
            (u128::from(address) & mask) == (u128::from(base) & mask)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(base: Base, wanted: &str, value: &str) -> bool {
        matches(base, wanted, value, Version::V2012, &Context::closed()) == Truth::True
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(holds(Base::NumericEquals, "10", "10.0"));
        assert!(holds(Base::NumericLessThan, "10", "9"));
        assert!(!holds(Base::NumericLessThan, "10", "10"));
        assert!(holds(Base::NumericGreaterThanEquals, "10", "10"));
        assert!(!holds(Base::NumericEquals, "ten", "10"));
    }

    #[test]
    fn dates_are_days_instants_or_seconds() {
        assert!(holds(
            Base::DateLessThan,
            "2026-11-23",
            "2026-11-22T23:59:59Z"
        ));
        assert!(holds(
            Base::DateEquals,
            "2026-11-23T00:00:00Z",
            "1795392000"
        ));
        assert!(!holds(
            Base::DateGreaterThan,
            "soon",
            "2026-11-22T23:59:59Z"
        ));
    }

    #[test]
    fn addresses_lie_in_networks() {
        assert!(holds(Base::IpAddress, "10.0.0.0/8", "10.1.2.3"));
        assert!(!holds(Base::IpAddress, "10.0.0.0/8", "11.1.2.3"));
        assert!(holds(Base::IpAddress, "0.0.0.0/0", "11.1.2.3"));
        assert!(holds(Base::IpAddress, "2001:db8::/32", "2001:db8::1"));
        assert!(holds(Base::IpAddress, "10.1.2.3", "10.1.2.3"));
        assert!(!holds(Base::IpAddress, "10.0.0.0/99", "10.1.2.3"));
        assert!(!holds(Base::IpAddress, "10.0.0.0/8", "::1"));
    }

    #[test]
    fn arns_are_compared_part_by_part() {
        let role = "arn:aws:iam::1:role/a";
        assert!(holds(Base::ArnEquals, "arn:aws:iam::*:role/*", role));
        assert!(!holds(Base::ArnLike, "arn:aws:iam::1:role/b*", role));
    }
}
