//! The figures of a walk as plain text.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt::{Result, Write as _};
use std::time::Duration;

use crate::cost::Cost;
use crate::sandbox::Calls;

/// One side of the comparison.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) cost: Cost,
    pub(crate) calls: Calls,
}

/// What each side cost, and how the one compares with the other.
pub(crate) fn sides(text: &mut String, lineward: &Side, floor: &Side) -> Result {
    let header = [
        "wall s",
        "CPU s",
        "CPU us/call",
        "peak MB",
        "calls",
        "in flight",
    ];
    row(text, "", &header.map(Into::into))?;
    row(text, "lineward", &cells(lineward, true))?;
    // What a replay holds is the recording.
    row(text, "bare HTTP", &cells(floor, false))?;
    let ratio = |of: fn(&Cost) -> Duration| {
        let ratio = of(&lineward.cost).as_secs_f64() / of(&floor.cost).as_secs_f64();
        format!("{ratio:.2}")
    };
    row(text, "ratio", &[ratio(|it| it.wall), ratio(|it| it.cpu)])
}

fn cells(side: &Side, with_peak: bool) -> [String; 6] {
    let Side { cost, calls } = side;
    let peak = (cost.peak_kb * 1024).div_ceil(1_000_000);
    [
        format!("{:.2}", cost.wall.as_secs_f64()),
        format!("{:.2}", cost.cpu.as_secs_f64()),
        (cost.cpu.as_micros() / u128::from(calls.total.max(1))).to_string(),
        if with_peak {
            peak.to_string()
        } else {
            "-".into()
        },
        calls.total.to_string(),
        calls.peak_in_flight.to_string(),
    ]
}

fn row(text: &mut String, name: &str, cells: &[String]) -> Result {
    write!(text, "{name:<10}")?;
    for cell in cells {
        write!(text, "{cell:>12}")?;
    }
    writeln!(text)
}

/// The calls by operation beside the least that are needed.
///
/// The least leaves out three calls that don't depend on the size of the organization, or that a
/// list of Regions makes needless; and it counts those of IAM that this version doesn't make.
pub(crate) fn calls(text: &mut String, calls: &Calls, least: &Calls) -> Result {
    writeln!(text, "{:>8}{:>8}  operation", "calls", "least")?;
    let names = calls.operations.keys().chain(least.operations.keys());
    let names: BTreeSet<_> = names.collect();
    for name in names {
        let of = |calls: &Calls| calls.operations.get(name).copied().unwrap_or(0);
        let (made, needed) = (of(calls), of(least));
        let remark = match made.cmp(&needed) {
            Ordering::Less => "  fewer",
            Ordering::Equal => "",
            Ordering::Greater => "  MORE",
        };
        writeln!(text, "{made:>8}{needed:>8}  {name}{remark}")?;
    }
    writeln!(text, "{:>8}{:>8}  in all", calls.total, least.total)
}
