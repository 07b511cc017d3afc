//! What a run does not know, or another knows better.

use super::*;
use crate::ledger::KnownApplication;

/// The ledger in which these findings are known and have incidents.
fn remembered(findings: Vec<FindingRow>) -> Ledger {
    let known = findings
        .iter()
        .map(|row| (row.fingerprint.clone(), known(row)));
    Ledger {
        findings: known.collect(),
        ..opened(findings)
    }
}

#[test]
fn what_a_report_does_not_speak_of_is_not_mended() {
    let both = vec![
        finding("application-team-missing", Status::New),
        finding("spline-disabled", Status::New),
    ];
    let ledger = remembered(both);
    assert_eq!(actions(&planned(Vec::new(), &ledger)), NOTHING);
    let mended = vec![finding("spline-disabled", Status::Resolved)];
    let plan = planned(mended, &ledger);
    assert_eq!((actions(&plan), plan.shrunk.len()), (vec![], 1));
    let worse = vec![finding("spline-mode-invalid", Status::New)];
    let plan = planned(worse, &ledger);
    assert_eq!(actions(&plan), ["update"]);
    let incident = plan.intents().into_values().next().flatten().unwrap();
    assert_eq!((incident.findings.len(), incident.rules.len()), (3, 3));
}

/// An application as a run saw it that began at this second.
fn application(second: i64) -> KnownApplication {
    KnownApplication {
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        first_seen_at: Timestamp::UNIX_EPOCH,
        last_seen_at: Timestamp::from_second(second).unwrap(),
    }
}

#[test]
fn a_storm_is_not_resolved_by_a_run_that_was_overtaken() {
    let stormy = |findings, ledger: &Ledger| {
        changed(findings, ledger, |pagerduty, _| pagerduty.max_events = 1)
    };
    let first = stormy(many(4, Status::New), &Ledger::default());
    assert_eq!(actions(&first), ["open", "open"]);
    let mut ledger = taken(&first);
    for row in many(4, Status::Ongoing) {
        let application_arn = row.resource.application().unwrap();
        ledger
            .applications
            .insert(application_arn, application(86_401));
        ledger.findings.insert(row.fingerprint.clone(), known(&row));
    }
    let plan = stormy(many(4, Status::Ongoing), &ledger);
    assert_eq!((actions(&plan), plan.shrunk.len()), (vec![], 0));
}

#[test]
fn what_was_contested_is_not_any_more_once_a_run_resolves_it() {
    let mut ledger = opened(vec![finding("spline-disabled", Status::New)]);
    for incident in ledger.incidents.values_mut() {
        incident.state = IncidentState::Intended;
        incident.is_contested = true;
    }
    let plan = planned(vec![finding("spline-disabled", Status::Resolved)], &ledger);
    assert_eq!(actions(&plan), ["resolve"]);
    assert!(
        plan.intents()
            .into_values()
            .flatten()
            .all(|it| !it.is_contested)
    );
}

#[test]
fn what_a_later_run_has_looked_at_is_left_to_it() {
    let seen = |second| Ledger {
        applications: BTreeMap::from([(Arn::from(APPLICATION), application(second))]),
        ..Ledger::default()
    };
    let new = || vec![finding("spline-disabled", Status::New)];
    assert_eq!(actions(&planned(new(), &seen(86_401))), NOTHING);
    assert_eq!(actions(&planned(new(), &seen(86_400))), ["open"]);
}

#[test]
fn an_incident_whose_key_is_another_now_is_told_through_it_and_the_old_one_is_named() {
    let mut ledger = opened(vec![finding("spline-disabled", Status::New)]);
    for incident in ledger.incidents.values_mut() {
        incident.key_digest = Some("00000000".into());
    }
    let worse = vec![
        finding("spline-disabled", Status::Ongoing),
        finding("application-team-missing", Status::New),
    ];
    let plan = planned(worse, &ledger);
    let Action::Trigger {
        lost_key, incident, ..
    } = &plan.changes[0].action
    else {
        panic!("{plan:?}")
    };
    assert_eq!(lost_key.as_ref(), Some(&incident.routing_key));
    assert_ne!(incident.key_digest.as_deref(), Some("00000000"));
}
