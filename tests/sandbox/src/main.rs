//! Serves a simulated AWS organization until it is killed.

use std::io::{self, Read as _};
use std::process::ExitCode;

use clap::Parser;
use lineward_sandbox::{Options, Sandbox};
use serde_json::json;

/// A simulated AWS organization on loopback, with planted faults
///
/// Prints one line of JSON when it listens: `endpoint` and `pid`. What it expects, what was called
/// and what `PagerDuty` was told is under `/_sandbox/`.
#[derive(Debug, Parser)]
#[command(name = "sandbox", version)]
struct Flags {
    #[command(flatten)]
    options: Options,
    /// End when standard input is closed, as it is when the parent ends
    #[arg(long)]
    until_stdin_closes: bool,
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the line is what a parent process reads"
)]
fn main() -> ExitCode {
    let flags = Flags::parse();
    let sandbox = match Sandbox::start(flags.options) {
        Ok(sandbox) => sandbox,
        Err(error) => {
            eprintln!("sandbox: failed to listen: {error}");
            return ExitCode::FAILURE;
        }
    };
    let line = json!({ "endpoint": sandbox.endpoint(), "pid": std::process::id() });
    println!("{line}");
    if flags.until_stdin_closes {
        let mut unread = Vec::new();
        let _ = io::stdin().read_to_end(&mut unread);
    } else {
        loop {
            std::thread::park();
        }
    }
    ExitCode::SUCCESS
}
