//! What becomes of a ledger.

use super::*;
use lineward_rules::Context;
use lineward_rules::estate::{
    Account, Application, Configuration, JobRun, Scope, Service, Session, Slice,
};
use lineward_rules::{Policy, judge};
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_key_is_told_once_and_a_run_against_itself_is_ongoing(
        before: BTreeSet<u8>, now: BTreeSet<u8>, looked: BTreeSet<u8>,
    ) {
        let changes = diff(before.clone(), now.clone(), |key| looked.contains(key));
        let keys: BTreeSet<_> = changes.keys().copied().collect();
        prop_assert_eq!(keys, before.union(&now).copied().collect::<BTreeSet<_>>());
        for (key, status) in changes {
            let expected = match (before.contains(&key), now.contains(&key), looked.contains(&key)) {
                (true, true, _) => Status::Ongoing,
                (false, _, _) => Status::New,
                (true, false, true) => Status::Resolved,
                (true, false, false) => Status::Unseen,
            };
            prop_assert_eq!(status, expected);
        }
        let same = diff(now.clone(), now, |_| true);
        prop_assert!(same.values().all(|status| *status == Status::Ongoing));
    }
}

fn slice(applications: Vec<Application>) -> Slice {
    let scope = Scope::audited(Region::from("eu-west-1"), Service::EmrServerless);
    Slice {
        scopes: vec![scope],
        applications,
        ..Slice::new(Account::example())
    }
}

fn after(ledger: &Ledger, slice: &Slice, second: i64) -> Ledger {
    let policy = Policy::default();
    let at = Timestamp::from_second(second).unwrap();
    let findings = judge(
        slice,
        &Context {
            now: at,
            policy: &policy,
            organization: None,
        },
    )
    .findings;
    let applications: Vec<_> = slice
        .applications
        .iter()
        .map(|application| SeenApplication {
            arn: application.arn.clone(),
            account: slice.account.id.clone(),
            region: application.region.clone(),
        })
        .collect();
    let mut looked = AuditedScopes::default();
    ByAccount::of(ledger).look(slice, &mut looked);
    looked.finish(ledger, at);
    ledger.after(&Seen {
        findings: &findings,
        applications: &applications,
        looked: &looked,
        ..Seen::told(at, BTreeMap::new())
    })
}

fn broken() -> Application {
    Application {
        runtime_configuration: Vec::new(),
        ..Application::example()
    }
}

#[test]
fn first_seen_stays_over_runs_and_a_mended_application_leaves_no_finding() {
    let first = after(&Ledger::default(), &slice(vec![broken()]), 1);
    let second = after(&first, &slice(vec![broken()]), 2);
    let known = second.findings.values().next().unwrap();
    assert_eq!(
        (
            known.first_seen_at.as_second(),
            known.last_seen_at.as_second()
        ),
        (1, 2)
    );
    let mended = after(&second, &slice(vec![Application::example()]), 3);
    assert_eq!(mended.findings.len(), 0);
    let application = mended.applications.values().next().unwrap();
    assert_eq!(application.first_seen_at.as_second(), 1);
}

#[test]
fn a_run_that_began_earlier_takes_nothing_from_a_later_one() {
    let later = after(&Ledger::default(), &slice(vec![broken()]), 5);
    let merged = after(&later, &slice(Vec::new()), 3);
    assert_eq!((merged.applications.len(), merged.findings.len()), (1, 1));
    assert_eq!(merged.updated_at.unwrap().as_second(), 5);
    let seen_earlier = after(&later, &slice(vec![broken()]), 3);
    let known = seen_earlier.findings.values().next().unwrap();
    assert_eq!(
        (
            known.first_seen_at.as_second(),
            known.last_seen_at.as_second()
        ),
        (3, 5)
    );
}

fn incident(state: IncidentState, second: i64) -> Incident {
    let at = Timestamp::from_second(second).unwrap();
    Incident {
        routing_key: "env:KEY".into(),
        key_digest: None,
        state,
        opened_at: at,
        told_at: at,
        findings: BTreeSet::new(),
        rules: BTreeSet::new(),
        severity: Severity::Low,
        summary: String::new(),
        is_taken: false,
        is_contested: false,
        not_judged: BTreeSet::new(),
    }
}

fn told(ledger: &Ledger, change: Option<&Incident>, second: i64) -> Option<(IncidentState, i64)> {
    let mut ledger = ledger.clone();
    let at = Timestamp::from_second(second).unwrap();
    ledger.change_incident("key", change, at);
    let incident = ledger.incidents.get("key");
    incident.map(|it| (it.state, it.told_at.as_second()))
}

#[test]
fn what_a_later_run_told_of_an_incident_stays() {
    use IncidentState::{Intended, Open, Resolved};
    let later = Ledger {
        incidents: BTreeMap::from([("key".into(), incident(Open, 5))]),
        ..Ledger::default()
    };
    assert_eq!(told(&later, Some(&incident(Open, 3)), 3), Some((Open, 5)));
    // Which of the two messages came last can't be known: it is told again.
    assert_eq!(told(&later, None, 3), Some((Intended, 5)));
    assert_eq!(
        told(&later, Some(&incident(Resolved, 3)), 3),
        Some((Intended, 5))
    );
    assert_eq!(told(&later, None, 6), None);
    assert_eq!(
        told(&later, Some(&incident(Resolved, 6)), 6),
        Some((Resolved, 6))
    );
    assert_eq!(
        told(&Ledger::default(), Some(&incident(Open, 3)), 3),
        Some((Open, 3))
    );
}

#[test]
fn what_an_earlier_run_told_in_between_makes_the_later_one_doubtful() {
    use IncidentState::{Intended, Open};
    let later = Timestamp::from_second(5).unwrap();
    for (earlier, last) in [
        // The later run resolved it, and then the earlier one opened it again.
        (Some(incident(Open, 3)), None),
        // The later run opened it, and then the earlier one resolved it.
        (None, Some(incident(Open, 5))),
    ] {
        let mut ledger = Ledger::default();
        ledger.change_incident("key", Some(&incident(Intended, 5)), later);
        ledger.change_incident("key", earlier.as_ref(), Timestamp::from_second(3).unwrap());
        ledger.change_incident("key", last.as_ref(), later);
        let state = ledger.incidents.get("key").map(|it| it.state);
        assert_eq!(state, Some(Intended));
        ledger.change_incident("key", None, Timestamp::from_second(9).unwrap());
        assert_eq!(ledger, Ledger::default());
    }
}

#[test]
fn what_a_later_run_saw_mended_or_gone_does_not_come_back_with_an_earlier_one() {
    let first = after(&Ledger::default(), &slice(vec![broken()]), 1);
    let mended = after(&first, &slice(vec![Application::example()]), 5);
    let late = after(&mended, &slice(vec![broken()]), 3);
    assert_eq!((late.applications.len(), late.findings.len()), (1, 0));

    let gone = after(&first, &slice(Vec::new()), 5);
    let late = after(&gone, &slice(vec![broken()]), 3);
    assert_eq!((late.applications.len(), late.findings.len()), (0, 0));
    assert!(late.is_overtaken(&broken().arn, Timestamp::from_second(3).unwrap()));
    // Unless it was made anew.
    let again = after(&late, &slice(vec![broken()]), 7);
    assert_eq!((again.findings.len(), again.gone.len()), (1, 0));
    let day = 86_400;
    assert!(after(&gone, &slice(Vec::new()), 6 + day).gone.is_empty());
}

#[test]
fn a_baseline_is_one_until_the_finding_was_gone() {
    let run = |ledger: &Ledger, broken_now, second, baseline| {
        let application = if broken_now {
            broken()
        } else {
            Application::example()
        };
        let slice = slice(vec![application]);
        let policy = Policy::default();
        let at = Timestamp::from_second(second).unwrap();
        let cx = Context {
            now: at,
            policy: &policy,
            organization: None,
        };
        let mut looked = AuditedScopes::default();
        ByAccount::of(ledger).look(&slice, &mut looked);
        looked.finish(ledger, at);
        ledger.after(&Seen {
            findings: &judge(&slice, &cx).findings,
            applications: &[],
            looked: &looked,
            baseline,
            ..Seen::told(at, BTreeMap::new())
        })
    };
    let is_baseline = |ledger: &Ledger| ledger.findings.values().any(|it| it.baseline);
    let first = run(&Ledger::default(), true, 1, true);
    let second = run(&first, true, 2, false);
    assert!(is_baseline(&first) && is_baseline(&second));
    let mended = run(&second, false, 3, false);
    assert!(!is_baseline(&run(&mended, true, 4, false)));
}

#[test]
fn a_finding_on_a_job_is_resolved_only_by_another_run_of_that_job() {
    let run = |name: &str, parameters: &str| {
        let mut run = JobRun::example();
        run.name = name.into();
        run.spark_submit.as_mut().unwrap().parameters = Some(parameters.into());
        run
    };
    let with = |job_runs: Vec<JobRun>| Slice {
        job_runs,
        ..slice(vec![Application::example()])
    };
    let drops = "--jars s3://b/mine.jar";
    let first = after(&Ledger::default(), &with(vec![run("daily", drops)]), 1);
    assert_eq!(first.findings.len(), 1);
    let idle = after(&first, &with(vec![run("hourly", "")]), 2);
    assert_eq!(idle.findings.len(), 1);
    let again = after(
        &first,
        &with(vec![run("daily", drops), run("daily", drops)]),
        2,
    );
    assert_eq!(
        again.findings.keys().collect::<Vec<_>>(),
        first.findings.keys().collect::<Vec<_>>()
    );
    let mended = after(&first, &with(vec![run("daily", "")]), 2);
    assert_eq!(mended.findings.len(), 0);
    let gone = after(&first, &slice(Vec::new()), 2);
    assert_eq!(gone.findings.len(), 0);
}

#[test]
fn a_job_and_a_session_of_one_name_say_nothing_of_each_other() {
    let memory = [("spark.driver.memory", "8g")];
    let drops = vec![Configuration::new("spark-defaults", &memory)];
    let session = |configuration| Session {
        name: "daily".into(),
        configuration,
        ..Session::example()
    };
    let run = |configuration| JobRun {
        name: "daily".into(),
        configuration,
        ..JobRun::example()
    };
    let with = |job_runs: Vec<JobRun>, sessions: Vec<Session>| Slice {
        job_runs,
        sessions,
        ..slice(vec![Application::example()])
    };
    let of_job = with(vec![run(drops.clone())], Vec::new());
    let of_session = with(Vec::new(), vec![session(drops)]);
    let sound_run = with(vec![run(Vec::new())], Vec::new());
    let sound_session = with(Vec::new(), vec![session(Vec::new())]);
    for (faulty, mended, other) in [
        (of_job, &sound_run, &sound_session),
        (of_session, &sound_session, &sound_run),
    ] {
        let first = after(&Ledger::default(), &faulty, 1);
        assert_eq!(first.findings.len(), 1);
        assert_eq!(after(&first, other, 2).findings.len(), 1);
        assert_eq!(after(&first, mended, 2).findings.len(), 0);
    }
}

#[test]
fn an_application_is_gone_only_where_the_run_looked() {
    let first = after(&Ledger::default(), &slice(vec![broken()]), 1);
    let mut elsewhere = slice(Vec::new());
    elsewhere.scopes[0].region = Region::from("us-east-1");
    let kept = after(&first, &elsewhere, 2);
    assert_eq!((kept.applications.len(), kept.findings.len()), (1, 1));
    let gone = after(&first, &slice(Vec::new()), 2);
    assert_eq!((gone.applications.len(), gone.findings.len()), (0, 0));
}

#[test]
fn a_later_minor_number_is_read_and_what_is_unknown_of_it_is_kept() {
    let known = after(&Ledger::default(), &slice(vec![broken()]), 1);
    let mut written = serde_json::to_value(&known).unwrap();
    let fingerprint = known.findings.keys().next().unwrap().to_string();
    written["schema"] = "lineward/ledger/1.7".into();
    written["later"] = serde_json::json!({ "a": [1] });
    written["organization"]["root"] = "r-1".into();
    written["findings"][&fingerprint]["ticket"] = "T-1".into();
    written["findings"][&fingerprint]["finding"]["score"] = 7.into();
    let read = Ledger::read(&serde_json::to_vec(&written).unwrap()).unwrap();
    let again: Value = serde_json::from_slice(&read.to_json().unwrap()).unwrap();
    assert_eq!(again, written);
    // What a run no longer finds takes its fields with it.
    let mended = after(&read, &slice(vec![Application::example()]), 2);
    let again: Value = serde_json::from_slice(&mended.to_json().unwrap()).unwrap();
    assert_eq!(
        (&again["later"]["a"][0], &again["schema"]),
        (&1.into(), &written["schema"])
    );
    assert!(again["findings"].get(&fingerprint).is_none());
}

#[test]
fn another_major_number_is_refused_and_an_older_minor_one_is_brought_up() {
    for schema in [
        "lineward/ledger/2",
        "lineward/ledger/10",
        "lineward/ledger/1.x",
        "lineward/estate/1",
    ] {
        let json = format!("{{\"schema\":\"{schema}\"}}");
        let error = Ledger::read(json.as_bytes()).unwrap_err();
        assert!(
            matches!(error, LedgerError::OtherSchema(_)),
            "{schema}: {error}"
        );
    }
    let json = r#"{"schema":"lineward/ledger/1","updated_at":null,"applications":{},"findings":{},"incidents":{}}"#;
    assert_eq!(Ledger::read(json.as_bytes()).unwrap().schema, SCHEMA);
    assert!(Ledger::read(b"[]").is_err());
}
