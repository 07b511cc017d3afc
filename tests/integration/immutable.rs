//! What a run has reported stays as it was, and each report names the one before.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lineward_sandbox::Options;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::harness::{Bed, count, rows};

fn bed() -> Bed {
    Bed::new(Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    })
}

/// The files below a folder of the store, in order.
fn files(bed: &Bed, folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.push((path, bytes));
            }
        }
    }
    let mut found = Vec::new();
    walk(&bed.path().join("lineward-data").join(folder), &mut found);
    found.sort();
    found
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut text = String::new();
    for byte in digest {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

#[test]
fn one_estate_that_is_judged_twice_has_two_reports() {
    let bed = bed();
    bed.run(&["collect", "-o", "x.jsonl"]);
    let (_, first) = bed.audit(&["--estate", "x.jsonl"]);
    let history = files(&bed, "findings");
    let before = files(&bed, "reports");
    assert_eq!(before.len(), 1);
    let (_, second) = bed.audit(&["--estate", "x.jsonl"]);
    let after = files(&bed, "reports");
    assert_eq!(after.len(), 2);
    assert!(after.contains(&before[0]));
    assert_eq!(files(&bed, "findings"), history);
    let [one, other] = [&first, &second].map(|report| &report["run"]);
    assert_eq!(one["id"], other["id"]);
    assert_ne!(one["evaluation"], other["evaluation"]);
    assert_eq!(second["previous_sha256"], sha256(&before[0].1));
}

#[test]
fn each_report_names_the_one_before_as_it_lies_in_the_store() {
    let bed = bed();
    let mut before = Value::Null;
    for arguments in [&["--notify"][..], &["--notify"], &[], &["--notify"]] {
        let known = files(&bed, "reports");
        let (_, report) = bed.audit(arguments);
        assert_eq!(report["previous_sha256"], before);
        let stored = files(&bed, "reports");
        let new = stored.iter().find(|it| !known.contains(it)).unwrap();
        assert_eq!(stored.len(), known.len() + 1);
        before = sha256(&new.1).into();
    }
}

#[test]
fn a_plain_look_stores_nothing_and_uses_up_nothing() {
    let bed = bed();
    let (code, look) = bed.audit(&["--no-store"]);
    assert_eq!(code, 1);
    assert!(!bed.path().join("lineward-data").exists());
    let (_, first) = bed.audit(&[]);
    assert_eq!(count(&first, "new"), rows(&look).count());
    let before = files(&bed, "");
    let (_, again) = bed.audit(&["--no-store"]);
    assert_eq!(count(&again, "ongoing"), rows(&look).count());
    assert_eq!(files(&bed, ""), before);
    let run = bed.run(&["audit", "--no-store", "--notify"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}
