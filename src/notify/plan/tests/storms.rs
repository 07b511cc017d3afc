//! More at once than anybody can read.

use super::*;

fn stormy(findings: Vec<FindingRow>, ledger: &Ledger) -> Plan {
    changed(findings, ledger, |pagerduty, _| pagerduty.max_events = 3)
}

fn set(findings: &mut [FindingRow], status: Status) {
    for finding in findings {
        finding.status = status;
    }
}

#[test]
fn a_storm_is_folded_into_one_incident_and_stays_there() {
    let first = stormy(many(10, Status::New), &Ledger::default());
    assert_eq!((actions(&first), first.folded), (vec!["open"; 4], 7));
    assert_eq!(first.incident_of.len(), 10);
    let known = taken(&first);
    let second = stormy(many(10, Status::Ongoing), &known);
    assert_eq!((actions(&second), second.folded), (vec![], 7));

    // One that is mended leaves it; the rest stays together.
    let mut fewer = many(10, Status::Ongoing);
    set(&mut fewer[9..], Status::Resolved);
    let third = stormy(fewer, &known);
    assert_eq!((actions(&third), third.folded), (vec![], 6));
    // And it is told if it comes back.
    let shrunk = ledger(third.intents());
    assert_eq!(
        actions(&stormy(many(10, Status::Ongoing)[6..].to_vec(), &shrunk)),
        ["open"]
    );

    // One more opens for itself, since it is no storm.
    let fourth = stormy(many(11, Status::Ongoing), &known);
    assert_eq!(actions(&fourth), ["open"]);

    let all = stormy(many(10, Status::Resolved), &known);
    assert_eq!(actions(&all), ["resolve"; 4]);
}

#[test]
fn a_storm_is_not_resolved_by_a_run_that_looked_elsewhere() {
    let known = taken(&stormy(many(10, Status::New), &Ledger::default()));
    assert_eq!(actions(&stormy(many(10, Status::Unseen), &known)), NOTHING);
    let mut some = many(10, Status::Unseen);
    set(&mut some[..9], Status::Resolved);
    assert_eq!(actions(&stormy(some, &known)), ["resolve"; 3]);
}

#[test]
fn what_is_critical_is_never_folded() {
    let mut findings = many(10, Status::New);
    for finding in &mut findings[2..9] {
        finding.severity = Severity::Critical;
    }
    let plan = stormy(findings.clone(), &Ledger::default());
    assert_eq!((plan.changes.len(), plan.folded), (8, 3));
    // Nor is what becomes critical.
    let known = taken(&plan);
    set(&mut findings, Status::Ongoing);
    findings[0].severity = Severity::Critical;
    let plan = stormy(findings, &known);
    assert_eq!((plan.changes.len(), plan.folded), (1, 2));
}
