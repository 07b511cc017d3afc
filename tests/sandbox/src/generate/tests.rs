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
    for fault in Fault::ALL {
        let mut organization = Organization::generate(&options());
        let account = organization.auditor_account.clone();
        let id = organization
            .create_application(&account, "us-east-1", &options())
            .unwrap();
        let application = organization.application_mut(&id).unwrap();
        let compliant = application.clone();
        // A plain application has no sessions to break.
        let can = fault.carrier() != Carrier::Sessions;
        assert_eq!(application.plant(fault), can, "{fault:?}");
        let parts =
            |it: &Application| (it.detail.clone(), it.job_runs.clone(), it.sessions.clone());
        assert_eq!(parts(application) != parts(&compliant), can, "{fault:?}");
        assert!(application.mend() == can && !application.mend());
        assert_eq!(*application, compliant, "{fault:?}");
    }
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
