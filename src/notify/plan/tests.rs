//! What is told in which situation.

use super::*;
use crate::config::{FirstRun, GroupBy};
use crate::ledger::KnownFinding;
use crate::report::ApplicationRow;
use lineward_rules::Finding;

mod doubt;
mod storms;

const APPLICATION: &str = "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1";

fn finding(rule: &str, status: Status) -> FindingRow {
    on(APPLICATION, rule, status)
}

fn on(resource: &str, rule: &str, status: Status) -> FindingRow {
    FindingRow {
        status,
        ..crate::report::tests::finding(rule, resource)
    }
}

/// Findings on so many applications.
fn many(number: usize, status: Status) -> Vec<FindingRow> {
    let one = |index| {
        on(
            &format!("{APPLICATION}{index:03}"),
            "spline-disabled",
            status,
        )
    };
    (0..number).map(one).collect()
}

/// A plan for a day of 1970.
struct Run<'a> {
    ledger: &'a Ledger,
    day: i64,
    config: &'a str,
}

const KEYS: &str = "[pagerduty]\nrouting_key = 'R0123456789012345678901234567890'\ngrace = '0s'\n";

impl Run<'_> {
    fn plan(
        &self,
        findings: Vec<FindingRow>,
        change: impl FnOnce(&mut PagerDuty, &mut Report),
    ) -> Plan {
        let mut report = crate::report::tests::report(findings);
        report.run.started_at = Timestamp::from_second(self.day * 86_400).unwrap();
        let config: Config = toml::from_str(self.config).unwrap();
        let mut pagerduty = config.pagerduty.clone().unwrap();
        // Most of these are not about the first run that pages.
        pagerduty.first_run = FirstRun::Page;
        change(&mut pagerduty, &mut report);
        plan(&Situation {
            report: &report,
            ledger: self.ledger,
            config: &config,
            pagerduty: &pagerduty,
            routing: &routing(&config, &pagerduty, self.ledger),
            report_url: None,
            is_narrowed: false,
        })
    }
}

fn routing(config: &Config, pagerduty: &PagerDuty, ledger: &Ledger) -> Routing {
    let opened_with = ledger.incidents.values().map(|it| &it.routing_key);
    Routing::new(config, pagerduty, opened_with).unwrap()
}

fn planned(findings: Vec<FindingRow>, ledger: &Ledger) -> Plan {
    changed(findings, ledger, |_, _| ())
}

fn changed(
    findings: Vec<FindingRow>,
    ledger: &Ledger,
    change: impl FnOnce(&mut PagerDuty, &mut Report),
) -> Plan {
    let run = Run {
        ledger,
        day: 1,
        config: KEYS,
    };
    run.plan(findings, change)
}

/// The ledger once all of a plan was taken.
fn taken(plan: &Plan) -> Ledger {
    let changes = plan.changes.iter().map(|change| match &change.action {
        Action::Trigger { incident, .. } => (change.dedup_key.clone(), Some(incident.clone())),
        Action::Resolve { remembered, .. } => (change.dedup_key.clone(), remembered.clone()),
    });
    ledger(changes.collect())
}

/// The ledger of a run that was killed before it could tell.
fn killed(plan: &Plan) -> Ledger {
    ledger(plan.intents())
}

fn ledger(incidents: BTreeMap<String, Option<Incident>>) -> Ledger {
    let incidents = incidents.into_iter();
    Ledger {
        incidents: incidents
            .filter_map(|(key, incident)| Some((key, incident?)))
            .collect(),
        ..Ledger::default()
    }
}

fn opened(findings: Vec<FindingRow>) -> Ledger {
    taken(&planned(findings, &Ledger::default()))
}

fn actions(plan: &Plan) -> Vec<&'static str> {
    let action = |change: &Change| match change.action {
        Action::Trigger { is_new: true, .. } => "open",
        Action::Trigger { is_new: false, .. } => "update",
        Action::Resolve { .. } => "resolve",
    };
    plan.changes.iter().map(action).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn an_incident_is_told_only_what_is_new() {
    let known = opened(vec![finding("spline-disabled", Status::New)]);
    let again = vec![finding("spline-disabled", Status::Ongoing)];
    assert_eq!(actions(&planned(again, &known)), NOTHING);
    let more = vec![
        finding("application-team-missing", Status::New),
        finding("spline-disabled", Status::Ongoing),
    ];
    assert_eq!(actions(&planned(more, &known)), ["update"]);
    let both = opened(vec![
        finding("application-team-missing", Status::New),
        finding("spline-disabled", Status::New),
    ]);
    let fewer = vec![
        finding("application-team-missing", Status::Resolved),
        finding("spline-disabled", Status::Ongoing),
    ];
    assert_eq!(actions(&planned(fewer, &both)), ["update"]);
}

#[test]
fn an_incident_is_resolved_where_all_of_it_was_seen_mended() {
    let known = opened(vec![finding("spline-disabled", Status::New)]);
    let status = |status| planned(vec![finding("spline-disabled", status)], &known);
    assert_eq!(actions(&status(Status::Resolved)), ["resolve"]);
    assert_eq!(actions(&status(Status::Exempt)), ["resolve"]);
    assert_eq!(actions(&status(Status::Unseen)), NOTHING);
    let mut unknown = finding("spline-disabled", Status::Ongoing);
    unknown.verdict = Failing::Unknown;
    assert_eq!(actions(&planned(vec![unknown.clone()], &known)), NOTHING);
    // What an incident was never about doesn't hold it.
    let other = vec![
        finding("spline-disabled", Status::Resolved),
        FindingRow {
            verdict: Failing::Unknown,
            ..finding("interactive-endpoint-unaudited", Status::New)
        },
    ];
    assert_eq!(actions(&planned(other, &known)), ["resolve"]);
}

#[test]
fn what_was_not_looked_at_stays_part_of_its_incident() {
    let job = format!("{APPLICATION}/jobruns/1");
    let both = || {
        vec![
            finding("spline-disabled", Status::New),
            on(&job, "job-run-drops-lineage", Status::New),
        ]
    };
    let known = opened(both());
    let half = vec![
        finding("spline-disabled", Status::Ongoing),
        on(&job, "job-run-drops-lineage", Status::Unseen),
    ];
    assert_eq!(actions(&planned(half, &known)), NOTHING);
    let half = vec![
        finding("spline-disabled", Status::Resolved),
        on(&job, "job-run-drops-lineage", Status::Unseen),
    ];
    let plan = planned(half, &known);
    assert_eq!(actions(&plan), ["update"]);
    let known = taken(&plan);
    let all = vec![on(&job, "job-run-drops-lineage", Status::Resolved)];
    assert_eq!(actions(&planned(all, &known)), ["resolve"]);
}

#[test]
fn grouped_otherwise_an_incident_stays_while_it_was_not_looked_at() {
    let known = opened(vec![finding("spline-disabled", Status::New)]);
    let by_team = |status| {
        changed(
            vec![finding("spline-disabled", status)],
            &known,
            |pagerduty, _| {
                pagerduty.group_by = GroupBy::Team;
            },
        )
    };
    assert_eq!(actions(&by_team(Status::Unseen)), NOTHING);
    assert_eq!(actions(&by_team(Status::Ongoing)), ["open", "resolve"]);
}

#[test]
fn another_application_of_a_group_is_told() {
    let by_rule = |findings, ledger: &Ledger| {
        changed(findings, ledger, |pagerduty, _| {
            pagerduty.group_by = GroupBy::Rule;
        })
    };
    let first = by_rule(
        vec![finding("spline-disabled", Status::New)],
        &Ledger::default(),
    );
    let known = taken(&first);
    let both = vec![
        finding("spline-disabled", Status::Ongoing),
        on(&format!("{APPLICATION}2"), "spline-disabled", Status::New),
    ];
    assert_eq!(actions(&by_rule(both, &known)), ["update"]);
    let one = vec![finding("spline-disabled", Status::Ongoing)];
    assert_eq!(actions(&by_rule(one, &known)), NOTHING);
}

#[test]
fn what_a_killed_run_may_have_told_is_told_again_or_resolved() {
    let findings = |status| vec![finding("spline-disabled", status)];
    let known = killed(&planned(findings(Status::New), &Ledger::default()));
    // It counts as opened once it is first taken.
    assert_eq!(
        actions(&planned(findings(Status::Ongoing), &known)),
        ["open"]
    );
    assert_eq!(actions(&planned(Vec::new(), &known)), ["resolve"]);
    // It is owed even by a run that looks elsewhere.
    assert_eq!(
        actions(&planned(findings(Status::Unseen), &known)),
        ["open"]
    );
    let more = vec![
        finding("application-team-missing", Status::New),
        finding("spline-disabled", Status::Ongoing),
    ];
    let known = killed(&planned(more.clone(), &opened(findings(Status::New))));
    assert_eq!(actions(&planned(more, &known)), ["update"]);
}

#[test]
fn a_fault_that_is_back_is_told_though_nobody_knows_whether_its_end_was() {
    let known = opened(vec![finding("spline-disabled", Status::New)]);
    let mended = planned(vec![finding("spline-disabled", Status::Resolved)], &known);
    assert_eq!(actions(&mended), ["resolve"]);
    let killed = killed(&mended);
    let back = vec![finding("spline-disabled", Status::New)];
    assert_eq!(actions(&planned(back, &killed)), ["update"]);
    assert_eq!(actions(&planned(Vec::new(), &killed)), ["resolve"]);
}

#[test]
fn what_another_run_may_still_open_is_resolved_until_none_can_be_that_late() {
    let known = killed(&planned(
        vec![finding("spline-disabled", Status::New)],
        &Ledger::default(),
    ));
    let run = |ledger: &Ledger, day| {
        let run = Run {
            ledger,
            day,
            config: KEYS,
        };
        run.plan(Vec::new(), |_, _| ())
    };
    let once = run(&known, 2);
    assert_eq!(actions(&once), ["resolve"]);
    let resolved = taken(&once);
    assert_eq!(resolved.incidents.len(), 1);
    let twice = run(&resolved, 3);
    assert_eq!(actions(&twice), ["resolve"]);
    assert_eq!(taken(&twice).incidents.len(), 0);
    // And it may be opened anew.
    let back = vec![finding("spline-disabled", Status::New)];
    assert_eq!(actions(&planned(back, &resolved)), ["open"]);
}

#[test]
fn a_newborn_application_and_a_low_severity_wait() {
    let findings = || vec![finding("spline-disabled", Status::New)];
    let newborn = changed(findings(), &Ledger::default(), |pagerduty, report| {
        pagerduty.grace = SignedDuration::from_mins(15);
        report.applications = vec![ApplicationRow {
            created_at: Some(report.run.started_at),
            ..crate::report::tests::application(APPLICATION)
        }];
    });
    assert_eq!(actions(&newborn), NOTHING);
    let minor = changed(findings(), &Ledger::default(), |pagerduty, _| {
        pagerduty.min_severity = Severity::Critical;
    });
    assert_eq!(actions(&minor), NOTHING);
}

#[test]
fn what_can_not_be_told_pages_nobody() {
    let mut unknown = finding("spline-disabled", Status::New);
    unknown.verdict = Failing::Unknown;
    assert_eq!(
        actions(&planned(vec![unknown], &Ledger::default())),
        NOTHING
    );
}

/// A finding as the ledger knows it.
fn known(row: &FindingRow) -> KnownFinding {
    KnownFinding {
        finding: Finding {
            fingerprint: row.fingerprint.clone(),
            rule: row.rule.clone(),
            severity: row.severity,
            verdict: row.verdict,
            account: row.account.clone(),
            region: row.region.clone(),
            resource: row.resource.clone(),
            group: None,
            created_at: None,
            read_from: row.read_from.clone(),
            team: None,
            title: row.title.clone(),
            evidence: row.evidence.clone(),
            remediation: row.remediation.clone(),
        },
        first_seen_at: row.first_seen_at,
        last_seen_at: row.last_seen_at,
        baseline: false,
    }
}

#[test]
fn a_baseline_pages_nobody() {
    let row = finding("spline-disabled", Status::Ongoing);
    let known = KnownFinding {
        baseline: true,
        ..known(&row)
    };
    let findings = BTreeMap::from([(row.fingerprint.clone(), known)]);
    let ledger = Ledger {
        findings,
        ..Ledger::default()
    };
    assert_eq!(actions(&planned(vec![row.clone()], &ledger)), NOTHING);
    let more = vec![row, finding("application-team-missing", Status::New)];
    let plan = planned(more, &ledger);
    assert_eq!((actions(&plan), plan.incident_of.len()), (vec!["open"], 1));
}

#[test]
fn an_incident_is_told_again_after_a_while_if_asked_for() {
    let known = opened(vec![finding("spline-disabled", Status::New)]);
    let on_day = |day| {
        let run = Run {
            ledger: &known,
            day,
            config: KEYS,
        };
        let findings = vec![finding("spline-disabled", Status::Ongoing)];
        run.plan(findings, |pagerduty, _| {
            pagerduty.renotify = Some(SignedDuration::from_hours(48));
        })
    };
    assert_eq!(actions(&on_day(2)), NOTHING);
    assert_eq!(actions(&on_day(3)), ["update"]);
}

#[test]
fn one_incident_is_opened_for_all_faults_of_an_application() {
    let run = on(
        &format!("{APPLICATION}/jobruns/1"),
        "spline-listener-missing",
        Status::New,
    );
    let plan = planned(
        vec![finding("spline-disabled", Status::New), run],
        &Ledger::default(),
    );
    assert_eq!(actions(&plan), ["open"]);
    assert_eq!(plan.incident_of.len(), 2);
}

/// At most three incidents at once.
#[test]
fn a_rule_may_have_a_routing_key_of_its_own_and_its_own_incident() {
    let config = "[pagerduty]\nrouting_key = 'R0123456789012345678901234567890'\ngrace = '0s'\n\
        [pagerduty.rules]\nspline-disabled = 'R0123456789012345678901234567891'\n\
        [[team]]\nname = 'ads'\nrouting_key = 'R0123456789012345678901234567892'\n";
    let run = Run {
        ledger: &Ledger::default(),
        day: 1,
        config,
    };
    let mut nobody = on(
        &format!("{APPLICATION}2"),
        "spline-mode-invalid",
        Status::New,
    );
    nobody.team = Some("typo".into());
    let findings = vec![
        finding("spline-disabled", Status::New),
        finding("spline-mode-invalid", Status::New),
        nobody,
    ];
    let plan = run.plan(findings, |_, _| ());
    let mut keys: Vec<_> = plan
        .changes
        .iter()
        .map(|it| it.routing_key.clone())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 3);
    let told = |change: &Change| match &change.action {
        Action::Trigger { event, .. } => {
            serde_json::to_value(event).unwrap()["payload"]["custom_details"]["routed_by"].clone()
        }
        Action::Resolve { .. } => serde_json::Value::Null,
    };
    let mut why: Vec<_> = plan.changes.iter().map(|it| told(it).to_string()).collect();
    why.sort_unstable();
    assert_eq!(
        why,
        [
            "\"default key, since no `[[team]]` is called `typo`\"",
            "\"rule `spline-disabled`\"",
            "\"team `ads`\""
        ]
    );
}

#[test]
fn an_incident_is_resolved_through_the_key_that_opened_it() {
    let known = opened(vec![finding("spline-disabled", Status::New)]);
    let opened_with = known.incidents.values().next().unwrap().routing_key.clone();
    let run = Run {
        ledger: &known,
        day: 2,
        config: "[pagerduty]\nrouting_key = 'R0123456789012345678901234567893'\ngrace = '0s'\n",
    };
    let plan = run.plan(
        vec![finding("spline-disabled", Status::Resolved)],
        |_, _| (),
    );
    assert_eq!(plan.changes[0].routing_key, opened_with);
}

#[test]
fn a_first_run_asks_once_and_opens_the_rest_when_somebody_chose() {
    let ask = |findings, ledger: &Ledger, first_run| {
        changed(findings, ledger, |pagerduty, _| {
            (pagerduty.first_run, pagerduty.max_events) = (first_run, 3);
        })
    };
    let few = ask(many(3, Status::New), &Ledger::default(), FirstRun::Ask);
    assert_eq!((actions(&few), few.held), (vec!["open"; 3], 0));
    let first = ask(many(9, Status::New), &Ledger::default(), FirstRun::Ask);
    assert_eq!((actions(&first), first.held), (vec!["open"], 9));
    assert!(first.incident_of.is_empty());
    let asked = taken(&first);
    let again = ask(many(9, Status::Ongoing), &asked, FirstRun::Ask);
    assert_eq!((actions(&again), again.held), (vec![], 9));
    let owed = ask(many(9, Status::Ongoing), &killed(&first), FirstRun::Ask);
    assert_eq!(actions(&owed), ["open"]);
    let chosen = ask(many(9, Status::Ongoing), &asked, FirstRun::Page);
    let mut told = actions(&chosen);
    told.sort_unstable();
    assert_eq!(told, ["open", "open", "open", "open", "resolve"]);
}
