//! Lines of the log, as Lambda's logging controls ask for them.

use std::str::FromStr as _;

use lambda_runtime::tracing::subscriber;
use lambda_runtime::tracing::subscriber::filter::{EnvFilter, LevelFilter};

/// Writes what is logged to standard output. Lambda's JSON format filters by the `level` of each line and orders by
/// its `timestamp`, which the runtime's own subscriber leaves out.
///
/// Source: Lambda Developer Guide, "Configuring JSON and plain text log formats".
pub(crate) fn init() {
    let is_json = std::env::var("AWS_LAMBDA_LOG_FORMAT")
        .is_ok_and(|format| format.eq_ignore_ascii_case("json"));
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").or_else(|_| std::env::var("RUST_LOG"));
    let level = LevelFilter::from_str(level.as_deref().unwrap_or("INFO"));
    let filter = EnvFilter::builder()
        .with_default_directive(level.unwrap_or(LevelFilter::INFO).into())
        .from_env_lossy();
    let lines = subscriber::fmt()
        .with_target(false)
        .with_env_filter(filter)
        .with_writer(std::io::stdout);
    if is_json {
        lines.json().init();
    } else {
        // Where it is not Lambda that stores the lines, whoever does adds the time.
        lines.without_time().init();
    }
}
