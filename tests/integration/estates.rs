//! The cases of `tests/estates`: whole applications with the findings they must cause, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lineward::config::Config;
use lineward_rules::Context;
use lineward_rules::estate::{Account, Application, JobRun, Session, Slice};
use lineward_rules::finding::Failing;
use lineward_rules::{Finding, Remediation, judge, secrets};
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

/// A job run as it is collected: without its secrets.
fn job_run(fields: &Map<String, Value>) -> JobRun {
    let mut run = with(&JobRun::example(), fields);
    if run.hive.is_some() {
        run.spark_submit = None;
    }
    let submit = run.spark_submit.iter_mut().map(|it| &mut it.parameters);
    let hive = run.hive.iter_mut().map(|it| &mut it.parameters);
    for parameters in submit.chain(hive).flatten() {
        *parameters = secrets::text(parameters);
    }
    run
}

/// The application after its remedy was pasted into a shell, if the remedy changes it. What a person has to
/// supply is what the remedy gives as an example.
fn mended(application: &Application, remediation: &Remediation) -> Option<Application> {
    if !remediation.aws_cli.contains("update-application") {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let live = serde_json::json!({ "application": {
        "applicationId": application.id,
        "state": application.state,
        "runtimeConfiguration": application.runtime_configuration,
    }});
    std::fs::write(at("live.json"), live.to_string()).unwrap();
    std::fs::write(at("aws.sh"), include_str!("../sandbox/aws.sh")).unwrap();
    let aws = "aws() { sh \"$STATE/aws.sh\" \"$@\"; }";
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("{aws}\n{}", remediation.aws_cli)])
        .env("STATE", folder.path())
        .envs(examples(&remediation.aws_cli))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{}", remediation.aws_cli);
    let text = std::fs::read_to_string(at("live.json")).unwrap();
    let live: Value = serde_json::from_str(&text).unwrap();
    Some(with(application, &fields(&live["application"])))
}

/// What an update gave, as an estate has it.
fn fields(live: &Value) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut take = |field: &str, value: Value| drop(fields.insert(field.to_owned(), value));
    take(
        "runtime_configuration",
        live["runtimeConfiguration"].clone(),
    );
    if live.get("imageConfiguration").is_some() {
        take("image", Value::Null);
    }
    if live.get("workerTypeSpecifications").is_some() {
        take("worker_images", serde_json::json!({}));
    }
    if let Some(capacity) = live.get("maximumCapacity") {
        take("maximum_capacity", capacity.clone());
    }
    if let Some(stop) = live.get("autoStopConfiguration") {
        let minutes = stop["idleTimeoutMinutes"].clone();
        take(
            "auto_stop",
            serde_json::json!({ "enabled": stop["enabled"], "idle_timeout_minutes": minutes }),
        );
    }
    if let Some(monitoring) = live.get("monitoringConfiguration") {
        let managed = &monitoring["managedPersistenceMonitoringConfiguration"]["enabled"];
        take(
            "monitoring",
            serde_json::json!({ "managed_persistence": managed }),
        );
    }
    fields
}

/// The parameters that a remedy asks for, with its examples.
fn examples(commands: &str) -> Vec<(String, String)> {
    let asked = commands.lines().filter_map(|line| {
        let line = line.strip_prefix(": \"${")?;
        let (name, line) = line.split_once(":?")?;
        let (_, example) = line.strip_suffix("}\" &&")?.split_once(", such as ")?;
        Some((name.to_owned(), example.to_owned()))
    });
    asked.collect()
}

/// What stands where a command would take it, and is no value: a placeholder, or what is hidden here.
fn no_value(remediation: &Remediation) -> Option<&str> {
    let texts = [&remediation.aws_cli, &remediation.terraform];
    let lines = texts.into_iter().flat_map(|text| text.lines());
    let mut lines = lines.filter(|line| !line.trim_start().starts_with('#'));
    lines.find(|line| {
        let mut opened = line.split('<').skip(1);
        let is_named = |text: &str| text.starts_with(|letter: char| letter.is_ascii_lowercase());
        opened.any(|text| is_named(text) && text.contains('>')) || line.contains("[redacted")
    })
}

/// The findings that outlive their own remedy, and those on lineage that outlive the remedy of one of them.
fn unmended(slice: &Slice, findings: &[Finding], cx: &Context<'_>) -> Vec<String> {
    let is_on_lineage = |finding: &Finding| {
        let rule = finding.rule.as_str();
        rule.starts_with("spline-") || rule.starts_with("lineage-")
    };
    let mut left = Vec::new();
    for finding in findings {
        assert_eq!(no_value(&finding.remediation), None, "{}", finding.rule);
        let application = slice.applications.first().unwrap();
        if let Some(application) = mended(application, &finding.remediation) {
            let slice = Slice {
                applications: vec![application],
                ..Slice::new(slice.account.clone())
            };
            let after = judge(&slice, cx).findings.into_iter().filter(|after| {
                let is_one_change = is_on_lineage(finding) && is_on_lineage(after);
                after.rule == finding.rule || is_one_change && after.verdict == Failing::Fail
            });
            left.extend(after.map(|after| format!("{}: {}", after.rule, after.evidence)));
        }
    }
    left
}

/// What a case causes, and what its remedies leave behind.
fn found(case: &Case, folder: &Path) -> (BTreeSet<String>, Vec<String>) {
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
        job_runs: runs.map(job_run).collect(),
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
    (unique, left)
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
            let (found, left) = found(&case, scratch.path());
            if !left.is_empty() {
                wrong.push(format!("{}: not mended: {left:?}", case.name));
            }
            if found != case.expected {
                wrong.push(format!("{}: {found:?}, not {:?}", case.name, case.expected));
            }
            count += 1;
        }
    }
    assert!(count > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}
