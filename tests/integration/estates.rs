//! The cases of `tests/estates`: whole applications with the findings they must cause, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lineward::config::Config;
use lineward_rules::Context;
use lineward_rules::estate::{Account, Application, JobRun, Session, Slice};
use lineward_rules::finding::Failing;
use lineward_rules::{Finding, Remediation, judge};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    source: String,
    #[serde(default)]
    config: String,
    #[serde(default)]
    application: Map<String, Value>,
    #[serde(default)]
    set: BTreeMap<String, String>,
    #[serde(default)]
    unset: Vec<String>,
    #[serde(default)]
    job_run: Vec<Map<String, Value>>,
    #[serde(default)]
    session: Vec<Map<String, Value>>,
    expected: BTreeSet<String>,
}

/// An example with other fields.
fn with<T: serde::Serialize + DeserializeOwned>(example: &T, fields: &Map<String, Value>) -> T {
    let mut value = serde_json::to_value(example).unwrap();
    value.as_object_mut().unwrap().extend(fields.clone());
    serde_json::from_value(value).unwrap()
}

/// The application after the remedy's new runtime configuration, if the remedy has one.
fn mended(application: &Application, remediation: &Remediation) -> Option<Application> {
    let body = remediation.aws_cli.split_once("<<'EOF'\n")?.1;
    let body: Value = serde_json::from_str(body.split_once("\nEOF\n")?.0).unwrap();
    Some(with(
        application,
        &Map::from_iter([("runtime_configuration".to_owned(), body)]),
    ))
}

/// The findings that outlive their own remedy.
fn unmended(slice: &Slice, findings: &[Finding], cx: &Context<'_>) -> Vec<String> {
    let mut left = Vec::new();
    for finding in findings {
        let application = slice.applications.first().unwrap();
        if let Some(application) = mended(application, &finding.remediation) {
            let slice = Slice {
                applications: vec![application],
                ..Slice::new(slice.account.clone())
            };
            let after = judge(&slice, cx).findings;
            let same = after.into_iter().filter(|it| it.rule == finding.rule);
            left.extend(same.map(|it| format!("{}: {}", it.rule, it.evidence)));
        }
    }
    left
}

fn found(case: &Case, folder: &Path) -> BTreeSet<String> {
    let path = folder.join("lineward.toml");
    std::fs::write(&path, &case.config).unwrap();
    let policy = Config::load(Some(&path), []).unwrap().policy();
    let mut application = Application::example();
    let defaults = &mut application.runtime_configuration[0].properties;
    defaults.retain(|key, _| !case.unset.contains(key));
    defaults.extend(case.set.clone());
    let runs = case.job_run.iter();
    let sessions = case.session.iter();
    let slice = Slice {
        applications: vec![with(&application, &case.application)],
        job_runs: runs.map(|run| with(&JobRun::example(), run)).collect(),
        sessions: sessions.map(|it| with(&Session::example(), it)).collect(),
        ..Slice::new(Account::example())
    };
    let cx = Context {
        now: "2026-11-23T12:00:00Z".parse().unwrap(),
        policy: &policy,
        organization: None,
    };
    let findings = judge(&slice, &cx).findings;
    let left = unmended(&slice, &findings, &cx);
    assert!(left.is_empty(), "{}: {left:?}", case.name);
    let told = findings.iter().map(|finding| {
        let verdict = match finding.verdict {
            Failing::Fail => "fail",
            Failing::Unknown => "unknown",
        };
        format!("{} {verdict}", finding.rule)
    });
    let all: Vec<_> = told.collect();
    let unique: BTreeSet<_> = all.iter().cloned().collect();
    assert_eq!(unique.len(), all.len(), "{}: {all:?}", case.name);
    unique
}

#[test]
fn every_case_causes_its_findings_and_no_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/estates");
    let scratch = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let cases: Cases = toml::from_str(&text).unwrap();
        for case in cases.case {
            assert!(!case.source.is_empty(), "{}", case.name);
            let found = found(&case, scratch.path());
            if found != case.expected {
                wrong.push(format!("{}: {found:?}, not {:?}", case.name, case.expected));
            }
            count += 1;
        }
    }
    assert!(count > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}
