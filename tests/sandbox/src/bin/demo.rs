//! `cargo demo`: the real `lineward` walks the simulated organization twice; between the walks one
//! application is mended.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use lineward_sandbox::{Expected, IncidentState, Options, Sandbox, TEAMS, Verdict};
use serde_json::Value;

type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    match demonstrate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("demo failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the demo is there to be read")]
fn say(text: &str) {
    println!("{text}");
}

fn demonstrate() -> Result<(), Failure> {
    let folder = folder()?;
    let lineward = build(&folder)?;
    let work = folder.join("demo-organization");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(&work)?;
    let sandbox = Sandbox::start(Options::default())?;
    fs::write(
        work.join("lineward.toml"),
        configuration(&sandbox.endpoint())?,
    )?;
    say(&format!(
        "A simulated organization answers at {}.\n",
        sandbox.endpoint()
    ));

    say("$ lineward audit --notify");
    audit(&lineward, &work, &sandbox, &["--notify"])?;
    let report = stored_report(&work)?;
    check(&report, &sandbox.expected())?;
    say(&format!(
        "\nAll {} planted faults were found, and nothing else.\n",
        sandbox.expected().len()
    ));
    tell_pagerduty(&sandbox);

    let broken = sandbox
        .expected()
        .into_iter()
        .find(|row| row.rule == "spline-agent-missing");
    let broken = broken.ok_or("no application lacks an agent")?;
    let id = broken.resource.rsplit('/').next().unwrap_or_default();
    sandbox.mend(id);
    say(&format!(
        "\nNow somebody mends {id}.\n\n$ lineward audit --notify"
    ));
    let second = audit(
        &lineward,
        &work,
        &sandbox,
        &["--notify", "--format", "json"],
    )?;
    tell_resolved(&serde_json::from_str(&second)?, &broken)?;
    tell_pagerduty(&sandbox);
    let open = sandbox.pagerduty().incidents;
    if open
        .iter()
        .filter(|incident| incident.state == IncidentState::Resolved)
        .count()
        != 1
    {
        return Err("not exactly one incident was resolved".into());
    }
    say(&format!(
        "\nReports and ledger lie in {}.",
        work.join("lineward-data").display()
    ));
    Ok(())
}

/// The folder that cargo built this program into.
fn folder() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    Ok(program
        .parent()
        .ok_or("the program lies in no folder")?
        .to_owned())
}

/// Builds the real binary; `cargo run` builds only what it runs.
fn build(folder: &Path) -> Result<PathBuf, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    // With the features of the whole workspace, so that its dependencies are not built once more for the tests.
    build.args(["build", "--quiet", "--workspace", "--bin", "lineward"]);
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    if !build.status()?.success() {
        return Err("`lineward` could not be built".into());
    }
    Ok(folder.join("lineward"))
}

fn configuration(endpoint: &str) -> Result<String, Failure> {
    let mut text = format!(
        "[organization]\nrole = \"lineward-member\"\nregions = [\"us-east-1\", \"eu-west-1\"]\n\n\
         [[image]]\nuri = \"*/platform/spark:*\"\n\n\
         [pagerduty]\nendpoint = \"{endpoint}\"\nrouting_key = \"env:DEMO_ROUTING_KEY\"\ngrace = \"0s\"\n"
    );
    for team in TEAMS {
        write!(text, "\n[[team]]\nname = \"{team}\"\n")?;
    }
    Ok(text)
}

/// Runs `lineward audit`; its report goes to the reader, or comes back where it is JSON.
fn audit(
    lineward: &Path,
    work: &Path,
    sandbox: &Sandbox,
    flags: &[&str],
) -> Result<String, Failure> {
    let json = flags.contains(&"json");
    let child = Command::new(lineward)
        .arg("audit")
        .args(flags)
        .current_dir(work)
        .envs(sandbox.environment())
        .env("DEMO_ROUTING_KEY", "R0DEMODEMODEMODEMODEMODEMODEMO01")
        .stdout(if json {
            Stdio::piped()
        } else {
            Stdio::inherit()
        })
        .spawn()?;
    let output = child.wait_with_output()?;
    // One account is closed to the auditor, so the walk can't be complete.
    if output.status.code() != Some(3) {
        return Err(format!("`lineward audit` ended with {}, expected 3", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The newest report in the store.
fn stored_report(work: &Path) -> Result<Value, Failure> {
    let mut newest = None;
    for day in fs::read_dir(work.join("lineward-data/reports"))? {
        for report in fs::read_dir(day?.path())? {
            newest = newest.max(Some(report?.path()));
        }
    }
    Ok(serde_json::from_str(&fs::read_to_string(
        newest.ok_or("no report was stored")?,
    )?)?)
}

/// A finding as both sides tell it. Of an account or a scope only its place is the same.
type Told = (String, String, String, String, String);

/// Compares what was found with what was planted.
fn check(report: &Value, expected: &[Expected]) -> Result<(), Failure> {
    let text = |row: &Value, key: &str| {
        row.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let rows = report
        .get("findings")
        .and_then(Value::as_array)
        .ok_or("the report has no findings")?;
    let found: BTreeSet<Told> = rows
        .iter()
        .map(|row| {
            let resource = text(row, "resource");
            told(
                &text(row, "rule"),
                &text(row, "verdict"),
                &text(row, "account"),
                &text(row, "region"),
                &resource,
            )
        })
        .collect();
    let planted: BTreeSet<Told> = expected
        .iter()
        .map(|row| {
            let verdict = if row.verdict == Verdict::Fail {
                "fail"
            } else {
                "unknown"
            };
            told(&row.rule, verdict, &row.account, &row.region, &row.resource)
        })
        .collect();
    if found == planted {
        return Ok(());
    }
    let missed: Vec<_> = planted.difference(&found).collect();
    let invented: Vec<_> = found.difference(&planted).collect();
    Err(format!("planted but not found: {missed:?}; found but not planted: {invented:?}").into())
}

fn told(rule: &str, verdict: &str, account: &str, region: &str, resource: &str) -> Told {
    let resource = if resource.contains(":/applications/") {
        resource
    } else {
        ""
    };
    let [rule, verdict, account, region, resource] =
        [rule, verdict, account, region, resource].map(str::to_owned);
    (rule, verdict, account, region, resource)
}

fn tell_pagerduty(sandbox: &Sandbox) {
    say("PagerDuty has received:");
    for incident in sandbox.pagerduty().incidents {
        let state = match incident.state {
            IncidentState::Triggered => "open",
            IncidentState::Acknowledged => "acknowledged",
            IncidentState::Resolved => "resolved",
        };
        say(&format!(
            "  {state:8}  {:8}  {}",
            incident.severity, incident.summary
        ));
    }
}

fn tell_resolved(report: &Value, mended: &Expected) -> Result<(), Failure> {
    let rows = report
        .get("findings")
        .and_then(Value::as_array)
        .ok_or("the report has no findings")?;
    let is =
        |row: &&Value, key: &str, value: &str| row.get(key).and_then(Value::as_str) == Some(value);
    let resolved: Vec<_> = rows
        .iter()
        .filter(|row| is(row, "status", "resolved"))
        .collect();
    let ongoing = rows
        .iter()
        .filter(|row| is(row, "status", "ongoing"))
        .count();
    match resolved.as_slice() {
        [row] if is(row, "resource", &mended.resource) => {
            say(&format!(
                "resolved: {} on {}; {ongoing} ongoing\n",
                mended.rule, mended.resource
            ));
            Ok(())
        }
        _ => Err(format!(
            "expected `{}` to be resolved alone, got {resolved:?}",
            mended.resource
        )
        .into()),
    }
}
