//! The first run on an old estate opens nothing until somebody chose.

use lineward_sandbox::Options;

use crate::harness::{Bed, Run};

fn bed() -> Bed {
    Bed::new(Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    })
}

fn run(bed: &Bed, arguments: &[&str]) -> Run {
    let mut command = bed.command(arguments);
    let at_most = ("LINEWARD_PAGERDUTY__MAX_EVENTS", "3");
    command.envs([at_most]).output().unwrap().into()
}

#[test]
fn more_than_anybody_could_read_is_refused_with_the_choice() {
    let bed = bed();
    // A run that pages nobody, or looks at a part, settles nothing.
    run(&bed, &["audit"]);
    let account = bed.planted().into_iter().next().unwrap()[2].clone();
    run(&bed, &["audit", "--account", &account, "--baseline"]);
    let refused = run(&bed, &["audit", "--notify"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("--baseline") && refused.stderr.contains("--first-run=page"));
    assert!(!refused.stdout.is_empty());
    assert_eq!(bed.sandbox.pagerduty().requests, 0);
}

#[test]
fn a_baseline_settles_it() {
    let bed = bed();
    run(&bed, &["audit", "--baseline"]);
    let quiet = run(&bed, &["audit", "--notify"]);
    assert_eq!(
        (quiet.code, bed.sandbox.pagerduty().requests),
        (1, 0),
        "{}",
        quiet.stderr
    );
}

#[test]
fn to_page_settles_it() {
    let bed = bed();
    let pages = run(&bed, &["audit", "--notify", "--first-run=page"]);
    assert_eq!(pages.code, 1, "{}", pages.stderr);
    let before = bed.sandbox.pagerduty().incidents.len();
    assert!(before >= 4);
    let again = run(&bed, &["audit", "--notify"]);
    assert_eq!(again.code, 1, "{}", again.stderr);
    assert_eq!(bed.sandbox.pagerduty().incidents.len(), before);
}
