//! No secret gets out, wherever in an answer of AWS it stands: each is a canary of its own, and all that
//! Lineward writes is searched for each.

use std::collections::BTreeMap;
use std::path::Path;

use lineward_sandbox::{Account, Application, Block, Cause, Options, Organization};
use serde_json::{Value, json};

use crate::harness::Bed;

/// The ways in which a canary is written down, `@` in its place.
const FORMS: [&str; 9] = [
    "password=@",
    "load --token @ now",
    "https://me:@@host.example.com/x",
    "AKIA@",
    "https://hooks.slack.com/services/T0/B0/@",
    "-Xmx1g -Dpw=@",
    "s3://bucket/x?X-Amz-Signature=@",
    "Authorization: Bearer @",
    "ghp_0123456789abcdefghij@",
];

/// The canaries that were given out: each with the place where it sits.
#[derive(Default)]
struct Aviary {
    canaries: BTreeMap<String, String>,
}

impl Aviary {
    /// A new canary: 16 capitals and digits.
    fn canary(&mut self, place: &str) -> String {
        let canary = format!("CANARY{:09}X", self.canaries.len());
        self.canaries.insert(canary.clone(), place.to_owned());
        canary
    }

    /// A text with a new canary in it, by this form.
    fn text(&mut self, form: usize, place: &str) -> String {
        let form = FORMS[form % FORMS.len()];
        let canary = self.canary(&format!("{place}: {form}"));
        match form.strip_prefix("https://me:@") {
            Some(after) => format!("https://me:{canary}{after}"),
            None => form.replace('@', &canary),
        }
    }

    /// A property with a canary in its key, and one in its value.
    fn properties(&mut self, form: usize, place: &str) -> Value {
        let key = self.text(form, &format!("key of {place}"));
        let told = self.canary(&format!("{place} password"));
        let value = self.text(form, &format!("value of {place}"));
        json!({ key: "x", "spark.x.password": told, "spark.x.options": value })
    }

    fn configuration(&mut self, form: usize, place: &str) -> Value {
        json!([{
            "classification": self.text(form, &format!("classification of {place}")),
            "properties": self.properties(form, place),
            "configurations": [{
                "classification": "inner",
                "properties": self.properties(form, &format!("inner {place}")),
            }],
        }])
    }

    fn monitoring(&mut self, form: usize, place: &str) -> Value {
        json!({
            "s3MonitoringConfiguration": { "logUri": self.text(form, &format!("log URI of {place}")) },
            "prometheusMonitoringConfiguration": {
                "remoteWriteUrl": self.text(form, &format!("Prometheus of {place}")),
            },
        })
    }

    fn image(&mut self, form: usize, place: &str) -> Value {
        json!({ "imageUri": self.text(form, &format!("image of {place}")) })
    }

    fn fill(&mut self, form: usize, application: &mut Application) {
        let detail = &mut application.detail;
        detail["name"] = self.text(form, "application").into();
        detail["releaseLabel"] = self.text(form, "label of application").into();
        detail["runtimeConfiguration"] = self.configuration(form, "application");
        detail["monitoringConfiguration"] = self.monitoring(form, "application");
        detail["imageConfiguration"] = self.image(form, "application");
        let image = self.image(form, "worker");
        detail["workerTypeSpecifications"] = json!({ "Driver": { "imageConfiguration": image } });
        detail["tags"] = self.properties(form, "tags of application");
        for run in application.job_runs.values_mut() {
            run["name"] = self.text(form, "job run").into();
            run["releaseLabel"] = self.text(form, "label of job run").into();
            run["tags"] = self.properties(form, "tags of job run");
            run["configurationOverrides"] = json!({
                "applicationConfiguration": self.configuration(form, "job run"),
                "monitoringConfiguration": self.monitoring(form, "job run"),
            });
            run["jobDriver"] = if form.is_multiple_of(2) {
                json!({ "sparkSubmit": {
                    "entryPoint": self.text(form, "entry point"),
                    "entryPointArguments": ["--password", self.canary("argument"), self.text(form, "argument")],
                    "sparkSubmitParameters": self.text(form, "submit parameters"),
                } })
            } else {
                json!({ "hive": {
                    "query": self.text(form, "query"),
                    "initQueryFile": self.text(form, "file of queries"),
                    "parameters": self.text(form, "parameters of Hive"),
                } })
            };
        }
        for session in application.sessions.values_mut() {
            session["name"] = self.text(form, "session").into();
            session["tags"] = self.properties(form, "tags of session");
            session["configurationOverrides"] =
                json!({ "runtimeConfiguration": self.configuration(form, "session") });
        }
    }

    /// A statement that a canary stands in, and one more for an external id.
    fn statement(&mut self, form: usize, place: &str) -> String {
        let statement = json!({
            "Sid": self.text(form, &format!("Sid of {place}")),
            "Effect": "Allow",
            "Principal": { "AWS": "arn:aws:iam::999999999999:root" },
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": { "sts:ExternalId": self.canary(&format!("external id of {place}")) },
                "StringLike": { "aws:UserAgent": [self.text(form, &format!("condition of {place}"))] },
            },
        });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }

    fn fill_iam(&mut self, form: usize, account: &mut Account) {
        account.name = self.text(form, "account");
        for role in account
            .roles
            .iter_mut()
            .filter(|role| role.is_of_boundary())
        {
            role.tags
                .push((self.text(form, "key of role's tag"), "x".into()));
            role.tags
                .push(("note".into(), self.text(form, "role's tag")));
            role.inline
                .push(("canaries".into(), self.statement(form, "inline policy")));
            if !role.trust.contains("emr-serverless") {
                role.trust = self.statement(form, "trust");
            }
        }
        for policy in &mut account.policies {
            policy
                .tags
                .push(("note".into(), self.text(form, "policy's tag")));
            for version in &mut policy.versions {
                version.document = self.statement(form, "managed policy");
            }
        }
    }

    fn fill_all(&mut self, organization: &mut Organization) {
        for (form, account) in organization.accounts.values_mut().enumerate() {
            self.fill_iam(form, account);
            let applications = account
                .applications
                .values_mut()
                .flat_map(BTreeMap::values_mut);
            for (number, application) in applications.enumerate() {
                self.fill(form + number, application);
            }
        }
    }

    /// The places of those that stand in a text.
    fn escaped(&self, text: &str) -> Vec<&String> {
        let marks = text.match_indices("CANARY");
        let canaries = marks.filter_map(|(at, _)| text.get(at..at + 16));
        canaries
            .filter_map(|canary| self.canaries.get(canary))
            .collect()
    }
}

/// Refuses what lets names be kept of what could not be read, and what makes gaps.
fn refuse(organization: &mut Organization) {
    let blocked = ["GetApplication", "ListJobRuns", "ListSessions", "GetJobRun"];
    let accounts = organization
        .accounts
        .values_mut()
        .filter(|account| account.is_readable());
    for (account, operation) in accounts.zip(blocked) {
        account.blocks.push(Block {
            region: None,
            service: "emr-serverless".into(),
            operation: Some(operation.into()),
            cause: Cause::AccessDenied,
        });
    }
}

/// All files below a folder.
fn files(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if !path.ends_with("lineward.toml") {
            let bytes = std::fs::read(&path).unwrap();
            let text = zstd::decode_all(&bytes[..]).unwrap_or(bytes);
            found.push((
                path.display().to_string(),
                String::from_utf8_lossy(&text).into_owned(),
            ));
        }
    }
}

#[test]
fn no_canary_gets_out() {
    let mut aviary = Aviary::default();
    let external_id = aviary.canary("external id of the configuration");
    let bed = Bed::new(Options {
        external_id: Some(external_id.clone()),
        refusal_note: Some(format!(
            "ExternalId={external_id} {}",
            (0..FORMS.len())
                .map(|form| aviary.text(form, "refusal"))
                .collect::<Vec<_>>()
                .join("\n")
        )),
        denied: 2,
        ..Options::default()
    });
    bed.sandbox
        .update(|organization| aviary.fill_all(organization));
    let configuration = format!("[organization]\nexternal_id = '{external_id}'\n");
    bed.configure_alone(&configuration);
    let mut written = Vec::new();
    for name in ["a.jsonl", "b.jsonl.zst"] {
        bed.run(&["collect", "-o", name]);
    }
    bed.sandbox.update(refuse);
    for format in ["json", "table"] {
        let run = bed.run(&["audit", "-vv", "--notify", "--format", format]);
        assert!(!run.stdout.is_empty(), "{format}: {}", run.stderr);
        written.push((format!("{format} report"), run.stdout));
        written.push((format!("log of {format}"), run.stderr));
    }
    written.push((
        "events".into(),
        format!("{:?}", bed.sandbox.pagerduty().events),
    ));
    files(bed.path(), &mut written);
    assert!(aviary.canaries.len() >= 120, "{}", aviary.canaries.len());
    assert!(written.iter().any(|(name, _)| name.contains("ledger")));
    for (name, text) in &written {
        assert!(!text.is_empty());
        assert_eq!(aviary.escaped(text), [""; 0], "{name}");
    }
    let snapshot = written
        .iter()
        .find(|(name, _)| name.ends_with("a.jsonl"))
        .unwrap();
    let hidden = snapshot.1.matches("[redacted").count();
    assert!(hidden >= 120, "{hidden}");
}
