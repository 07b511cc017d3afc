//! Standard error: messages, logs and a progress bar on a terminal. Standard output is the report's.

use std::io::{IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressStyle};
use lineward::report::plain;
use lineward_rules::Slice;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Says something to the user. What anybody may have written in it moves no cursor.
pub(super) fn say(message: &str) {
    // Where standard error is closed there is nobody to say it to.
    for line in message.lines() {
        let _ = writeln!(std::io::stderr().lock(), "{}", plain(line));
    }
}

/// Sends logs to standard error: ours, and at the second `-v` warnings of others. Never more of
/// those: the SDK's debug output holds what it signs with.
pub(super) fn log(verbose: u8) {
    let (ours, others) = match verbose {
        0 => (LevelFilter::WARN, LevelFilter::OFF),
        1 => (LevelFilter::INFO, LevelFilter::OFF),
        _ => (LevelFilter::DEBUG, LevelFilter::WARN),
    };
    let targets = Targets::new()
        .with_target("lineward", ours)
        .with_default(others);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(color(&std::io::stderr()))
        .with_target(verbose > 1)
        .without_time();
    tracing_subscriber::registry()
        .with(layer.with_filter(targets))
        .init();
}

/// Whether a stream shows colours: it is a terminal, and `NO_COLOR` is not set.
pub(super) fn color(stream: &impl std::io::IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The width of the terminal that standard output is, if it is one.
pub(super) fn width() -> Option<u16> {
    std::io::stdout()
        .is_terminal()
        .then(|| console::Term::stdout().size().1)
}

/// Shows how many accounts are done, on a terminal.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Begins.
    pub(super) fn new(wanted: bool) -> Self {
        let bar = (wanted && std::io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{spinner} {pos} accounts walked, {elapsed}");
            ProgressBar::new_spinner()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        Self(bar)
    }

    /// One more account is done.
    pub(super) fn add(&self, slice: &Slice) {
        tracing::debug!(
            account = %slice.account.id,
            applications = slice.applications.len(),
            "walked"
        );
        if let Some(bar) = self.0.as_ref().filter(|_| slice.account_state().is_some()) {
            bar.inc(1);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
