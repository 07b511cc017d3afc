//! The command line: parse, call, exit code.

use std::process::ExitCode;

mod cli;

/// Half the processor time of a walk went into the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Reports, ledgers and snapshots tell an attacker where to go: they are their owner's alone.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    cli::run()
}
