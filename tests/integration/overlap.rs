//! Runs that overlap: what one saw before is not told over what another has seen since.

use std::process::{Child, Stdio};
use std::time::Duration;

use lineward_sandbox::{Access, Fault, IncidentState, Options};

use crate::harness::{Bed, Run, application_id, rows};

/// An application that is broken and has an incident, and a way to hold a run in the middle of its walk.
struct Overlap {
    bed: Bed,
    account: String,
    application: String,
    /// The incident of the application.
    incident: String,
    held: String,
}

impl Overlap {
    fn new() -> Self {
        let bed = Bed::new(Options {
            denied: 0,
            suspended: 0,
            ..Options::default()
        });
        bed.configure("[walk]\ncall_timeout = '6s'\n");
        let (_, report) = bed.audit(&["--notify"]);
        let row = rows(&report).find(|row| row["rule"] == "spline-disabled");
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let (account, resource) = (
            text(&row.unwrap()["account"]),
            text(&row.unwrap()["resource"]),
        );
        let incident = text(&row.unwrap()["incident"]["dedup_key"]);
        let held = bed.sandbox.view(|it| {
            let mut ids = it.accounts.keys();
            let other = ids.find(|id| **id != account && **id != it.auditor_account);
            other.unwrap().clone()
        });
        Self {
            bed,
            account,
            application: application_id(&resource).to_owned(),
            incident,
            held,
        }
    }

    /// Starts a run that waits for one account, once it has read the one that counts.
    fn start(&self) -> Child {
        self.bed.sandbox.update(|it| {
            it.accounts.get_mut(&self.held).unwrap().access = Access::AssumeHangs;
        });
        self.bed.sandbox.reset_calls();
        let mut command = self.bed.command(&["audit", "--notify", "--format", "json"]);
        let run = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = run.spawn().unwrap();
        let calls = || self.bed.sandbox.calls_by_account();
        while !calls().get(&self.account).is_some_and(has_read) {
            std::thread::sleep(Duration::from_millis(20));
        }
        // Its last answers are on their way.
        std::thread::sleep(Duration::from_millis(500));
        run
    }

    /// A later run that looks at the one account, and then the earlier one's end.
    fn overtake(&self, earlier: Child) -> (Run, Run) {
        let account = ["audit", "--notify", "--account", &self.account];
        let later = self.bed.run(&account);
        let earlier = earlier.wait_with_output().unwrap().into();
        (later, earlier)
    }

    /// Whether the incident of the application is open.
    fn is_open(&self) -> bool {
        let mut incidents = self.bed.sandbox.pagerduty().incidents.into_iter();
        incidents.any(|it| it.dedup_key == self.incident && it.state == IncidentState::Triggered)
    }
}

fn has_read(calls: &std::collections::BTreeMap<String, u64>) -> bool {
    calls.contains_key("iam:GetAccountAuthorizationDetails")
        && calls.contains_key("emr-serverless:GetApplication")
}

#[test]
fn what_broke_again_while_a_run_was_on_its_way_is_not_resolved_by_it() {
    let overlap = Overlap::new();
    overlap.bed.sandbox.mend(&overlap.application);
    let earlier = overlap.start();
    assert!(
        overlap
            .bed
            .sandbox
            .plant(&overlap.application, Fault::Disabled)
    );
    let (later, earlier) = overlap.overtake(earlier);
    assert!(later.stderr.contains("0 resolved"), "{}", later.stderr);
    assert!(earlier.stderr.contains("0 resolved"), "{}", earlier.stderr);
    assert!(overlap.is_open());
}

#[test]
fn what_was_mended_while_a_run_was_on_its_way_is_not_opened_again_by_it() {
    let overlap = Overlap::new();
    let earlier = overlap.start();
    overlap.bed.sandbox.mend(&overlap.application);
    let (later, earlier) = overlap.overtake(earlier);
    assert!(later.stderr.contains("1 resolved"), "{}", later.stderr);
    assert!(!overlap.is_open(), "{}", earlier.stderr);
    // Nor does the ledger call it open.
    let (_, report) = overlap
        .bed
        .audit(&["--notify", "--account", &overlap.account]);
    let is_there = rows(&report).any(|row| {
        let resource = row["resource"].as_str().unwrap_or_default();
        resource.ends_with(&overlap.application) && row["rule"] == "spline-disabled"
    });
    assert!(!is_there);
}
