//! What the generator promises.

use std::collections::BTreeSet;

use super::*;
use crate::{Access, Carrier};

fn options() -> Options {
    Options {
        now: Some("2026-11-23T12:00:00Z".parse().unwrap()),
        ..Options::default()
    }
}

fn applications(organization: &Organization) -> Vec<&Application> {
    organization
        .accounts
        .values()
        .filter(|account| account.is_readable())
        .flat_map(|account| account.applications.values().flat_map(|it| it.values()))
        .collect()
}

#[test]
fn the_same_options_give_the_same_organization() {
    let once = Organization::generate(&options());
    assert_eq!(once, Organization::generate(&options()));
    let other = Options {
        seed: 2,
        ..options()
    };
    assert_ne!(once, Organization::generate(&other));
}

#[test]
fn the_counts_are_those_asked_for() {
    let organization = Organization::generate(&options());
    assert_eq!(organization.accounts.len(), 12);
    assert_eq!(applications(&organization).len(), 40);
    let unreachable = |it: &&Expected| it.rule == "account-unreachable";
    assert_eq!(
        organization.expected().iter().filter(unreachable).count(),
        1
    );
}

#[test]
fn every_fault_occurs_among_72_applications() {
    let options = Options {
        applications: 72,
        ..options()
    };
    let organization = Organization::generate(&options);
    let planted: BTreeSet<_> = applications(&organization)
        .into_iter()
        .filter_map(|application| Some(application.planted.as_ref()?.fault))
        .collect();
    assert_eq!(planted, BTreeSet::from(Fault::ALL));
}

#[test]
fn one_application_in_six_of_many_is_faulty() {
    let planned = faulty(1200);
    assert_eq!(planned.iter().flatten().count(), 200);
    assert!(faulty(0).is_empty());
}

#[test]
fn a_planted_fault_changes_the_application_and_mending_undoes_it() {
    for (fault, runs) in Fault::ALL.into_iter().flat_map(|it| [(it, 0), (it, 3)]) {
        let options = Options {
            job_runs: runs,
            ..options()
        };
        let mut organization = Organization::generate(&options);
        let account = organization.auditor_account.clone();
        let id = organization
            .create_application(&account, "us-east-1", &options)
            .unwrap();
        let application = organization.application_mut(&id).unwrap();
        let compliant = application.clone();
        assert!(application.plant(fault), "{fault:?}");
        let unchanged = Application {
            planted: application.planted.clone(),
            ..compliant.clone()
        };
        assert_ne!(*application, unchanged, "{fault:?}");
        assert!(application.mend() && !application.mend());
        assert_eq!(*application, compliant, "{fault:?}");
    }
}

#[test]
fn a_fault_of_runs_or_sessions_is_that_of_one_name_whose_last_is_plain_to_see() {
    for (seed, job_runs) in (1..=8).zip([0, 1, 2, 3].into_iter().cycle()) {
        let options = Options {
            seed,
            applications: 240,
            job_runs,
            ..options()
        };
        let organization = Organization::generate(&options);
        for application in applications(&organization) {
            let fault = application.planted.as_ref().map(|it| it.fault);
            let held = match fault.map(Fault::carrier) {
                Some(Carrier::JobRuns) => &application.job_runs,
                Some(Carrier::Sessions) => &application.sessions,
                Some(Carrier::Application) | None => continue,
            };
            let names: BTreeSet<_> = held.values().map(|it| it["name"].as_str()).collect();
            assert!(held.len() >= 2 && names.len() == 1, "{fault:?}");
            let mut times: Vec<_> = held.values().map(crate::field::created_at).collect();
            times.sort_by(f64::total_cmp);
            assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 59.9));
            if fault == Some(Fault::JobReplacesJars) {
                let defaults = spark::defaults(&mut application.detail.clone()).cloned();
                let jars = defaults.unwrap()["spark.jars"].clone();
                assert!(jars.as_str().unwrap().contains("spline"), "{jars}");
            }
        }
    }
}

#[test]
fn runs_have_the_label_of_their_application_and_only_its_fault_keeps_idle_workers_warm() {
    let options = Options {
        applications: 240,
        ..options()
    };
    let mut organization = Organization::generate(&options);
    let mended = organization.accounts.values_mut();
    for application in mended.flat_map(|account| account.applications.values_mut()) {
        for application in application.values_mut() {
            assert_consistent(application);
            application.mend();
            assert_consistent(application);
        }
    }
}

fn assert_consistent(application: &Application) {
    let label = application.text("releaseLabel");
    let started = application
        .job_runs
        .values()
        .chain(application.sessions.values());
    let mut labels = started.map(|it| it["releaseLabel"].as_str());
    assert!(labels.all(|it| it == Some(label)), "{application:?}");
    let fault = application.planted.as_ref().map(|it| it.fault);
    let unused = application.job_runs.is_empty() && application.sessions.is_empty();
    let warm = unused && application.text("state") == "STARTED";
    assert_eq!(
        warm,
        fault == Some(Fault::InitialCapacityIdle),
        "{application:?}"
    );
}

#[test]
fn what_can_not_be_read_is_expected_once_and_hides_the_rest() {
    let refusing = Options {
        refused_scopes: 5,
        regions: vec!["us-east-1".into(), "eu-south-1".into()],
        ..options()
    };
    let mut organization = Organization::generate(&refusing);
    let expected = organization.expected();
    let scopes = expected.iter().filter(|it| it.rule == "scope-unreadable");
    assert_eq!(scopes.count(), 5);

    let row = expected
        .iter()
        .find(|it| it.resource.contains("/applications/"));
    let account = row.unwrap().account.clone();
    organization.auditor_account.clear();
    organization.accounts.get_mut(&account).unwrap().access = Access::AssumeHangs;
    let hidden = organization.expected();
    let of_account: Vec<_> = hidden.iter().filter(|it| it.account == account).collect();
    assert_eq!(of_account.len(), 1);
    assert_eq!(of_account[0].rule, "account-unreachable");
}
