//! Measures Lineward against a floor that is taken in the same run.

mod client;
mod cost;
mod finish;
mod judge;
mod programs;
mod replay;
mod roles;
mod sandbox;
mod table;
mod walk;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The allocator of `lineward`, so that rules and the floor are measured with it as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Nobody handles these errors but whoever reads the terminal.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measures Lineward against a floor that is taken in the same run.
///
/// Without a command: `lineward audit` of a simulated organization, against a bare HTTP client that
/// sends the same calls.
#[derive(Debug, Parser)]
#[command(name = "bench", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    walk: walk::Walk,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge applications from memory on one core, against writing them as JSON.
    Judge(judge::Judge),
    /// Judge the roles of many accounts from memory on one core, against reading their policies as JSON.
    Roles(roles::Roles),
    /// Finish a fan-out over a large organization, against decoding its shards.
    Finish(finish::Finish),
    /// Run a part of a fan-out.
    #[command(hide = true)]
    Part(finish::Part),
    /// Send recorded requests, and print what that cost.
    #[command(hide = true)]
    Replay(replay::Replay),
    /// Run a program, and print what that cost.
    #[command(hide = true)]
    Cost(cost::Program),
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are what this program is for"
)]
fn main() -> ExitCode {
    let cli = Cli::parse();
    let figures = match cli.command {
        None => cli.walk.run(),
        Some(Command::Judge(judge)) => judge.run(),
        Some(Command::Roles(roles)) => roles.run(),
        Some(Command::Finish(finish)) => finish.run(),
        Some(Command::Part(part)) => part.run(),
        Some(Command::Replay(replay)) => replay.run(),
        Some(Command::Cost(program)) => program.run(),
    };
    match figures {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
