//! What all rules have in common.
#![expect(clippy::disallowed_methods, reason = "reads the rules' own files")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lineward_rules::catalogue::{page, rules};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The part of a `file!()` path below `rules/`.
fn below_rules(file: &str) -> &str {
    file.split_once("rules/").map_or(file, |(_, below)| below)
}

#[test]
fn an_id_is_a_path() {
    for rule in rules() {
        let path = format!("catalogue/{}.rs", rule.id.replace('-', "_"));
        let file = below_rules(rule.file);
        let flat = |path: &str| path.replace('/', "_");
        assert_eq!(flat(file), flat(&path), "{} in {file}", rule.id);
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
    for entry in std::fs::read_dir(root().join("catalogue")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.is_dir() {
            for file in std::fs::read_dir(&folder).unwrap() {
                let file = file.unwrap().path();
                files.insert(file.strip_prefix(root()).unwrap().to_owned());
            }
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
        std::fs::write(&path, page::catalogue()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written,
        page::catalogue(),
        "run `UPDATE=1 cargo test -p lineward-rules`"
    );
}
