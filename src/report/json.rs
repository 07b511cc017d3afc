//! The report for programs.

use super::Report;

/// Pretty JSON with a line break at its end.
pub(super) fn render(report: &Report) -> String {
    // Only a map with keys that are no strings could fail, and a report has none.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}
