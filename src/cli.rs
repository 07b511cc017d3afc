//! The commands, one file each, and what they share.

mod audit;
mod collect;
mod explain;
mod findings;
mod fix;
mod notify;
mod releases;
mod rules;
mod schema;
mod signal;
mod terminal;
mod walk;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};
use lineward::config::{Config, FirstRun};

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing at or above --fail-on
  1  findings
  2  wrong usage or configuration
  3  something could not be read or told to PagerDuty, or the walk was interrupted (findings are still reported)
  4  it could not run at all";

/// Audits the Spline lineage and the team boundaries of EMR Serverless in every account of an AWS
/// organization.
#[derive(Debug, Parser)]
#[command(name = "lineward", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// More of what happens, on standard error; twice for more still.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Walk the accounts, judge what is there, report, and with --notify page.
    Audit(audit::Audit),
    /// Walk the accounts and write the estate down, without judging it.
    Collect(collect::Collect),
    /// What was seen, why it matters, since when, what to type and how to check it.
    Explain(explain::Explain),
    /// The change that mends findings.
    Fix(fix::Fix),
    /// Tell PagerDuty of a report that was saved.
    Notify(notify::Notify),
    /// The EMR releases that this build knows, and what Spark each runs.
    Releases(releases::ReleaseList),
    /// The rules: what each finds, why it matters, how to mend it.
    Rules {
        #[command(subcommand)]
        command: rules::Rules,
    },
    /// The JSON Schema of a format.
    Schema {
        /// Which format.
        name: schema::Name,
    },
    /// Completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Clean = 0,
    Findings = 1,
    Usage = 2,
    Incomplete = 3,
    Failed = 4,
}

/// A message for the user, and the exit code that goes with it.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// An error with its sources, in one line.
    fn new(exit: Exit, error: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            exit,
            message: lineward::causes::in_one_line(error),
        }
    }
}

/// Runs the command line.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output with 0, a mistake to standard error with 2.
            let _ = error.print();
            if error.kind() == ErrorKind::DisplayVersion
                && std::env::args().any(|it| is_verbose(&it))
            {
                let _ = put(None, &data());
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    terminal::log(cli.verbose);
    let exit = match run_command(cli.command) {
        Ok(exit) => exit,
        Err(failure) => {
            terminal::say(&format!("error: {}", failure.message));
            failure.exit
        }
    };
    ExitCode::from(exit as u8)
}

/// Whether an argument is `--verbose`, which the parser doesn't come to once it has met `--version`.
fn is_verbose(argument: &str) -> bool {
    let letters = argument.strip_prefix('-').unwrap_or_default();
    let is_short = !letters.is_empty() && letters.chars().all(|letter| "vV".contains(letter));
    argument == "--verbose" || is_short && letters.contains('v')
}

/// The data that this build judges by, a line each.
fn data() -> String {
    let lines = lineward_rules::judge::data()
        .map(|(name, data)| format!("{name:9} read on {}: {}\n", data.read_on, data.source));
    lines.concat()
}

fn run_command(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Audit(audit) => block_on(audit.run()),
        Command::Collect(collect) => block_on(collect.run()),
        Command::Explain(explain) => block_on(explain.run()),
        Command::Fix(fix) => block_on(fix.run()),
        Command::Notify(notify) => block_on(notify.run()),
        Command::Releases(releases) => block_on(releases.run()),
        Command::Rules { command } => command.run(),
        Command::Schema { name } => put(None, &schema::text(name)),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "lineward", &mut text);
            put(None, &String::from_utf8_lossy(&text))
        }
    }
}

fn block_on(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => Err(Failure::new(Exit::Failed, &error)),
    }
}

/// Reads the configuration.
fn config(path: Option<&Path>) -> Result<Config, Failure> {
    Config::load(path, lineward::config::environment())
        .map_err(|error| Failure::new(Exit::Usage, &error))
}

/// Overrides what the configuration says of a first run.
fn choose(config: &mut Config, first_run: Option<FirstRun>) {
    if let (Some(pagerduty), Some(chosen)) = (&mut config.pagerduty, first_run) {
        pagerduty.first_run = chosen;
    }
}

/// Writes text to a file, or to standard output, which carries nothing else.
fn put(path: Option<&PathBuf>, text: &str) -> Result<Exit, Failure> {
    let written = match path {
        Some(path) => std::fs::write(path, text),
        None => std::io::stdout().lock().write_all(text.as_bytes()),
    };
    match written {
        Ok(()) => Ok(Exit::Clean),
        // Whoever read the output has read enough.
        Err(error) if path.is_none() && error.kind() == std::io::ErrorKind::BrokenPipe => {
            Ok(Exit::Clean)
        }
        Err(error) => {
            let place = path.map_or("standard output".into(), |path| path.display().to_string());
            let message = format!("can't write to {place}: {error}");
            Err(Failure {
                exit: Exit::Failed,
                message,
            })
        }
    }
}

/// What an audit that could not be is to its caller.
fn audit_failure(error: &lineward::audit::AuditError) -> Failure {
    use lineward::audit::AuditError;
    use lineward::source::StartError;
    use lineward::store::StoreError;
    let exit = match error {
        AuditError::Snapshot(_)
        | AuditError::Start(StartError::Asked(_))
        | AuditError::Routing(_)
        | AuditError::NoPagerDuty
        | AuditError::Undecided { .. }
        | AuditError::StaleEstate
        | AuditError::StaleReport
        | AuditError::ForeignReport
        | AuditError::FutureEstate(_)
        | AuditError::Store(StoreError::Url(_) | StoreError::Endpoint(_)) => Exit::Usage,
        AuditError::Start(StartError::Connection(_))
        | AuditError::Store(_)
        | AuditError::FanOut(_)
        | AuditError::Unsaved { .. } => Exit::Failed,
    };
    Failure::new(exit, error)
}
