//! What the README shows is so: its configuration loads, its commands run, its contents are complete.

use std::path::Path;
use std::process::Command;

use lineward_sandbox::Options;

use crate::harness::{Bed, Run};

/// The commands that are not run here, and why.
const NOT_RUN: [(&str, &str); 3] = [
    ("cargo demo", "`tests/run` runs it, as a step of its own"),
    ("tests/run", "it is what runs this test"),
    (
        "cargo install --path .",
        "it would build all of it once more, without debug information",
    ),
];

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).unwrap()
}

/// The fenced blocks of this language.
fn blocks(language: &str) -> Vec<String> {
    let readme = readme();
    let fence = format!("\n```{language}\n");
    let after = readme.split(&fence).skip(1);
    let blocks: Vec<String> = after
        .map(|rest| rest.split("\n```\n").next().unwrap().to_owned())
        .collect();
    assert!(!blocks.is_empty(), "no block of `{language}`");
    blocks
}

/// The lines of its shell blocks, without their comments.
fn commands() -> Vec<String> {
    let lines = blocks("sh").join("\n");
    let commands = lines
        .lines()
        .map(|line| line.split(" # ").next().unwrap().trim().to_owned());
    commands.filter(|command| !command.is_empty()).collect()
}

fn bed() -> Bed {
    Bed::new(Options {
        accounts: 6,
        applications: 16,
        denied: 0,
        suspended: 0,
        ..Options::default()
    })
}

/// The line as a shell runs it that finds `lineward` on its path.
fn shell(bed: &Bed, line: &str) -> Run {
    let programs = Path::new(env!("CARGO_BIN_EXE_lineward")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .current_dir(bed.path())
        .env_clear()
        .envs(bed.sandbox.environment())
        .envs([("PATH", path.as_str()), ("KEY", crate::harness::KEY)])
        .env("HOME", bed.path());
    command.output().unwrap().into()
}

#[test]
fn its_commands_run_in_the_order_in_which_they_stand() {
    let bed = bed();
    let expected = bed.sandbox.expected();
    let fault = expected.iter().find(|row| row.region == "eu-west-1");
    let account = &fault.unwrap().account;
    let commands = commands();
    for (command, _) in NOT_RUN {
        assert!(commands.iter().any(|it| it == command), "{command} is gone");
    }
    let run = commands
        .iter()
        .filter(|command| NOT_RUN.iter().all(|(left_out, _)| left_out != command));
    for command in run {
        let ran = shell(&bed, &command.replace("111122223333", account));
        // The organization has faults, which an audit says with its exit code.
        let expected = i32::from(command.contains("audit"));
        assert_eq!(ran.code, expected, "{command}: {}", ran.stderr);
        let is_silent = command.contains("--output");
        assert_eq!(
            ran.stdout.is_empty(),
            is_silent,
            "{command}: {}",
            ran.stderr
        );
    }
    assert!(!bed.sandbox.pagerduty().events.is_empty());
}

#[test]
fn its_configuration_loads_and_is_what_an_audit_goes_by() {
    let bed = bed();
    assert_eq!(bed.run(&["collect", "-o", "estate.jsonl"]).code, 0);
    for (number, text) in blocks("toml").iter().enumerate() {
        let name = format!("{number}.toml");
        std::fs::write(bed.path().join(&name), text).unwrap();
        let (code, report) = bed.audit(&["--estate", "estate.jsonl", "--config", &name]);
        assert_eq!(code, 1);
        let exemptions = report["exemptions"].as_array().unwrap();
        let written = text.matches("\n[[exemption]]\n").count();
        assert!(written > 0 && exemptions.len() == written, "{exemptions:?}");
    }
}

#[test]
fn its_contents_list_every_part() {
    let readme = readme();
    let parts: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    let listed: Vec<String> = parts
        .iter()
        .map(|part| format!("[{part}](#{})", part.to_lowercase().replace(' ', "-")))
        .collect();
    assert!(parts.len() > 5);
    assert!(readme.contains(&format!("\n{}\n", listed.join(" · "))));
}
