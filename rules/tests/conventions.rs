//! What all rules have in common.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test, which reads the rules' own files"
)]

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

#[test]
fn every_rule_has_tests_of_its_own() {
    for rule in rules() {
        let text = std::fs::read_to_string(root().join(below_rules(rule.file))).unwrap();
        let tests = text.split_once("\n#[cfg(test)]\nmod tests {\n");
        assert!(
            tests.is_some_and(|(_, tests)| tests.contains("    #[test]\n")),
            "{} has no tests",
            rule.file
        );
    }
}

/// The rooms, each of which imports those after it alone.
const ROOMS: [&str; 12] = [
    "judge",
    "catalogue",
    "subject",
    "graph",
    "remedy",
    "lineage",
    "iam",
    "secrets",
    "settings",
    "finding",
    "spark",
    "estate",
];

/// All files of a room, those below its folder included.
fn files_of(room: &str) -> Vec<PathBuf> {
    let folder = root().join(room);
    let mut files = vec![root().join(format!("{room}.rs"))];
    if folder.is_dir() {
        files.extend(files_below(&folder));
    }
    files
}

/// The lines of a file up to its tests, which may look at everything.
fn without_tests(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| {
        pair.first() == Some(&"#[cfg(test)]") && pair.last().is_some_and(|next| next.ends_with('{'))
    });
    lines[..tests.unwrap_or(lines.len())].join("\n")
}

#[test]
fn no_room_imports_one_above_it() {
    for (place, room) in ROOMS.iter().enumerate() {
        let above = &ROOMS[..place];
        for file in files_of(room).iter().filter(|file| !is_of_tests(file)) {
            let text = std::fs::read_to_string(file).unwrap();
            for upper in above {
                assert!(
                    !without_tests(&text).contains(&format!("crate::{upper}::")),
                    "{} imports `{upper}`, which stands above `{room}`",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn the_rooms_are_all_there_is() {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        let is_code = path.is_dir() || path.extension().is_some_and(|end| end == "rs");
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if is_code && !["lib", "tests", "examples"].contains(&stem.as_str()) {
            found.insert(stem);
        }
    }
    assert_eq!(found, BTreeSet::from(ROOMS.map(String::from)));
}

/// All Rust files below a folder of the repository.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// Whether a file is a module of tests: it lies among tests, or its parent declares it for tests alone.
fn is_of_tests(file: &Path) -> bool {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    let folder = file.parent().unwrap();
    // Where the clone lies says nothing.
    let mut below = folder.strip_prefix(root()).unwrap().components();
    if stem == "tests" || below.any(|part| part.as_os_str() == "tests") {
        return true;
    }
    let declared = ["mod", "pub(crate) mod"].map(|word| format!("#[cfg(test)]\n{word} {stem};"));
    let parents = [folder.with_extension("rs"), folder.join("lib.rs")];
    let mut texts = parents.iter().flat_map(std::fs::read_to_string);
    texts.any(|text| declared.iter().any(|line| text.contains(line)))
}

#[test]
fn no_file_names_the_rule_of_another() {
    let ids: Vec<_> = rules().map(|rule| (rule.id, rule.file)).collect();
    for folder in ["rules", "src", "lambda"] {
        for file in files_below(&root().join("..").join(folder)) {
            if is_of_tests(&file) {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let code = without_tests(&text);
            let code = code.lines().filter(|line| !line.trim().starts_with("//"));
            for line in code {
                for (id, own) in &ids {
                    assert!(
                        !line.contains(&format!("\"{id}\"")) || file.ends_with(below_rules(own)),
                        "{} names the rule `{id}`: {line}",
                        file.display()
                    );
                }
            }
        }
    }
}

#[test]
fn every_id_that_a_page_names_is_a_rule() {
    let ids: BTreeSet<_> = rules().map(|rule| rule.id).collect();
    let families: BTreeSet<_> = rules()
        .map(|rule| below_rules(rule.file).split('/').nth(1).unwrap())
        .map(|family| format!("{}-", family.replace('_', "-")))
        .collect();
    for rule in rules() {
        for word in rule.doc.split('`').skip(1).step_by(2) {
            let is_kebab = word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            let is_of_family = families.iter().any(|family| word.starts_with(family));
            assert!(
                !is_kebab || !is_of_family || ids.contains(word),
                "{} names `{word}`, which isn't a rule",
                rule.id
            );
        }
    }
}
