//! A run that ends early: what it read is taken up, and what it left behind is for its owner alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lineward_sandbox::Options;
use serde_json::Value;

use crate::harness::{Bed, Run, count, found, rows};

fn bed() -> Bed {
    Bed::new(Options {
        accounts: 6,
        applications: 12,
        denied: 0,
        suspended: 0,
        ..Options::default()
    })
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// The accounts that interrupted runs have read.
fn kept(bed: &Bed) -> BTreeSet<String> {
    let names = files(&bed.path().join("lineward-data/interrupted")).into_iter();
    let names = names.filter_map(|path| path.file_name()?.to_str().map(str::to_owned));
    names
        .filter_map(|name| name.strip_suffix(".jsonl.zst").map(str::to_owned))
        .collect()
}

/// Audits slowly, one account after the other, and tells the run to end once two are read.
fn interrupted(bed: &Bed) -> Run {
    bed.sandbox.set_options(|options| options.latency_ms = 100);
    let child = bed
        .command(&["audit", "--format", "json"])
        .env("LINEWARD_WALK__CONCURRENCY", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while kept(bed).len() < 2 {
        assert!(begun.elapsed() < Duration::from_mins(2), "nothing is kept");
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = child.id().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(told.success());
    let run = child.wait_with_output().unwrap().into();
    bed.sandbox.set_options(|options| options.latency_ms = 0);
    run
}

fn resume(bed: &Bed, more: &[&str]) -> (Run, Value) {
    let arguments = [&["audit", "--format", "json", "--resume"], more].concat();
    let run: Run = bed
        .command(&arguments)
        .env("LINEWARD_WALK__CONCURRENCY", "1")
        .output()
        .unwrap()
        .into();
    let report = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    (run, report)
}

#[test]
fn what_an_interrupted_run_has_read_is_taken_up_once() {
    let bed = bed();
    let run = interrupted(&bed);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stdout.contains("INTERRUPTED"));
    let before = kept(&bed);
    assert!((2..6).contains(&before.len()), "{before:?}");

    bed.sandbox.reset_calls();
    let (run, report) = resume(&bed, &[]);
    assert_eq!((run.code, found(&report)), (1, bed.planted()));
    assert_eq!(report["run"]["complete"], true);
    // What the interrupted run could not enter, and nothing else.
    let mut resolved = rows(&report).filter(|row| row["status"] == "resolved");
    assert!(resolved.all(|row| row["rule"] == "account-unreachable"));
    let taken_up = format!("{} accounts are taken up", before.len());
    assert!(run.stderr.contains(&taken_up), "{}", run.stderr);
    let asked = bed.sandbox.calls_by_account();
    for account in &before {
        let listed = asked
            .get(account)
            .and_then(|calls| calls.get("ListApplications"));
        assert_eq!(listed, None, "{account}");
    }
    // A whole run leaves nothing to take up.
    assert_eq!(kept(&bed), BTreeSet::new());
    let (run, report) = resume(&bed, &[]);
    assert!(run.stderr.contains("nothing to take up"), "{}", run.stderr);
    assert_eq!((run.code, found(&report)), (1, bed.planted()));
    assert_eq!(count(&report, "new"), 0);
}

#[test]
fn what_is_too_old_or_asked_for_otherwise_is_read_again() {
    let bed = bed();
    interrupted(&bed);
    let account = kept(&bed).into_iter().next().unwrap();
    let (run, report) = resume(&bed, &["--region", "us-east-1", "--account", &account]);
    assert!(run.stderr.contains("nothing to take up"), "{}", run.stderr);
    assert_eq!(report["run"]["complete"], true);
    interrupted(&bed);
    let (run, report) = resume(&bed, &["--resume-within", "1ms"]);
    assert!(run.stderr.contains("nothing to take up"), "{}", run.stderr);
    assert_eq!(found(&report), bed.planted());
    let run = bed.run(&["audit", "--resume", "--no-store"]);
    assert_eq!(run.code, 2);
}

#[test]
fn an_account_that_is_not_judged_in_time_is_a_gap() {
    let bed = bed();
    bed.run(&["collect", "--output", "estate.jsonl"]);
    let (code, report) = bed.audit(&["--estate", "estate.jsonl"]);
    assert_eq!((code, found(&report)), (1, bed.planted()));
    let run: Run = bed
        .command(&["audit", "--format", "json", "--estate", "estate.jsonl"])
        .env("LINEWARD_WALK__ACCOUNT_TIMEOUT", "1us")
        .output()
        .unwrap()
        .into();
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, count(&report, "resolved")), (3, 0));
    let mut scopes = report["coverage"]["scopes"].as_array().unwrap().iter();
    assert!(scopes.any(|scope| {
        let reason = scope["reason"].as_str().unwrap();
        scope["code"] == "AccountTimeout" && reason.contains("not judged within")
    }));
}

#[cfg(unix)]
#[test]
fn what_is_written_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let bed = bed();
    let out = bed.path().join("out");
    std::fs::create_dir(&out).unwrap();
    bed.run(&["audit", "--output", "out/report.json"]);
    bed.run(&["collect", "--output", "out/estate.jsonl.zst"]);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let data = bed.path().join("lineward-data");
    let written = [files(&data), files(&out)].concat();
    assert!(written.len() > 4, "{written:?}");
    for path in written {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let folder = path.parent().unwrap();
        if folder.starts_with(&data) {
            assert_eq!(mode(folder), 0o700, "{}", folder.display());
        }
    }
}
