//! What all rules have in common.
#![expect(clippy::disallowed_methods, reason = "reads the rules' own files")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lineward_rules::{catalogue, rules};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The part of a `file!()` path below `rules/`.
fn below_rules(file: &str) -> &str {
    file.split_once("rules/").map_or(file, |(_, below)| below)
}

#[test]
fn the_id_is_the_path() {
    for rule in rules() {
        let file = below_rules(rule.file);
        let stem = file.trim_end_matches(".rs").replace('_', "-");
        let (folder, name) = stem.split_once('/').unwrap();
        assert!(
            rule.id == name || rule.id == format!("{folder}-{name}"),
            "{} in {file}",
            rule.id
        );
    }
}

#[test]
fn every_file_is_registered_once() {
    let registered: Vec<_> = rules()
        .map(|rule| PathBuf::from(below_rules(rule.file)))
        .collect();
    let unique: BTreeSet<_> = registered.iter().cloned().collect();
    assert_eq!(unique.len(), registered.len());
    let mut files = BTreeSet::new();
    for folder in [
        "account",
        "application",
        "boundary",
        "configuration",
        "exemption",
        "job_run",
        "passrole",
        "role",
        "session",
        "statement",
        "trust",
    ] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            files.insert(Path::new(folder).join(entry.unwrap().file_name()));
        }
    }
    assert_eq!(
        files, unique,
        "a rule's file without its `mod` line or its `&x::RULE`"
    );
}

#[test]
fn every_page_has_a_title_and_says_why_and_how() {
    for rule in rules() {
        assert!(
            !rule.title().is_empty() && !rule.title().ends_with('.'),
            "{}",
            rule.id
        );
        for heading in ["## Why it matters", "## How to fix"] {
            assert!(
                rule.page().contains(heading),
                "{} lacks `{heading}`",
                rule.id
            );
        }
    }
}

#[test]
fn ids_name_faults() {
    for rule in rules() {
        for word in ["no-", "ensure-", "check-"] {
            assert!(!rule.id.starts_with(word), "{}", rule.id);
        }
    }
}

#[test]
fn the_catalogue_is_current() {
    let path = root().join("CATALOGUE.md");
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(&path, catalogue::catalogue()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written,
        catalogue::catalogue(),
        "run `UPDATE=1 cargo test -p lineward-rules`"
    );
}
