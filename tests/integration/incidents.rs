//! PagerDuty is told what broke and what was mended, each once.

use lineward_sandbox::{IncidentState, Options, PagerDutyFault};

use crate::harness::{Bed, Run, application_id};

fn whole() -> Options {
    Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    }
}

fn states(bed: &Bed) -> (usize, usize) {
    let incidents = bed.sandbox.pagerduty().incidents;
    let resolved = incidents
        .iter()
        .filter(|incident| incident.state == IncidentState::Resolved)
        .count();
    (incidents.len() - resolved, resolved)
}

/// How many findings page: one for each faulty application, the unknown one left out.
fn paging(bed: &Bed) -> usize {
    bed.planted().iter().filter(|row| row[1] == "fail").count()
}

#[test]
fn an_incident_is_opened_once_and_resolved_once() {
    let bed = Bed::new(whole());
    let all = paging(&bed);
    bed.audit(&["--notify"]);
    assert_eq!(states(&bed), (all, 0));
    bed.audit(&["--notify"]);
    assert_eq!(bed.sandbox.pagerduty().events.len(), all);
    let row = bed
        .planted()
        .into_iter()
        .find(|row| row[0] == "spline-disabled")
        .unwrap();
    bed.sandbox.mend(application_id(&row[4]));
    bed.audit(&["--notify"]);
    assert_eq!(states(&bed), (all - 1, 1));
    bed.audit(&["--notify"]);
    assert_eq!(bed.sandbox.pagerduty().events.len(), all + 1);
    assert!(bed.sandbox.pagerduty().rejected.is_empty());
}

#[test]
fn without_notify_nobody_is_told() {
    let bed = Bed::new(whole());
    bed.audit(&[]);
    assert_eq!(bed.sandbox.pagerduty().requests, 0);
}

#[test]
fn an_event_that_is_not_taken_at_first_is_sent_again() {
    for fault in [
        PagerDutyFault::Status(408),
        PagerDutyFault::Status(429),
        PagerDutyFault::Status(500),
        PagerDutyFault::Proxy(200),
        PagerDutyFault::Proxy(202),
        PagerDutyFault::Redirect(307),
        PagerDutyFault::DropBefore,
        PagerDutyFault::DropAfter,
    ] {
        let bed = Bed::new(whole());
        bed.sandbox.fail_pagerduty(fault, 2);
        let (code, _) = bed.audit(&["--notify"]);
        assert_eq!((code, states(&bed)), (1, (paging(&bed), 0)));
    }
}

#[test]
fn an_event_that_is_refused_is_said_and_sent_by_the_next_run() {
    let bed = Bed::new(whole());
    bed.sandbox.fail_pagerduty(PagerDutyFault::Status(400), 3);
    let run = bed.run(&["audit", "--notify"]);
    assert_eq!(run.code, 3);
    assert!(
        run.stderr.contains("3 not taken") && run.stderr.contains("HTTP 400"),
        "{}",
        run.stderr
    );
    bed.audit(&["--notify"]);
    assert_eq!(states(&bed), (paging(&bed), 0));
}

#[test]
fn an_account_that_is_closed_to_the_walk_keeps_its_incidents() {
    let bed = Bed::new(whole());
    let all = paging(&bed);
    bed.audit(&["--notify"]);
    let row = bed
        .planted()
        .into_iter()
        .find(|row| row[0] == "spline-disabled")
        .unwrap();
    bed.sandbox.update(|organization| {
        organization.accounts.get_mut(&row[2]).unwrap().access =
            lineward_sandbox::Access::AssumeDenied;
    });
    bed.audit(&["--notify"]);
    assert_eq!(states(&bed), (all + 1, 0));
    bed.sandbox.update(|organization| {
        organization.accounts.get_mut(&row[2]).unwrap().access = lineward_sandbox::Access::Open;
    });
    bed.audit(&["--notify"]);
    assert_eq!(states(&bed), (all, 1));
}

#[test]
fn a_finding_that_is_accepted_pages_nobody() {
    let bed = Bed::new(whole());
    let row = bed
        .planted()
        .into_iter()
        .find(|row| row[0] == "spline-disabled")
        .unwrap();
    bed.configure(&format!(
        "[[exemption]]\nrule = 'spline-disabled'\nresource = '{}'\nowner = 'ads'\nreason = 'test'\nexpires = '2999-01-01'\n",
        row[4]
    ));
    let (_, report) = bed.audit(&["--notify"]);
    assert_eq!(report["summary"]["exempt"], 1);
    assert_eq!(states(&bed), (paging(&bed) - 1, 0));
}

#[test]
fn incidents_may_be_grouped_by_rule_or_team() {
    let bed = Bed::new(whole());
    for (group_by, most) in [("rule", 26), ("team", 9)] {
        bed.sandbox.reset_pagerduty();
        let variable = ("LINEWARD_PAGERDUTY__GROUP_BY", group_by);
        let store = format!("file:{group_by}");
        let output = bed
            .command(&["audit", "--notify", "--store", &store])
            .envs([variable])
            .output();
        assert_eq!(output.unwrap().status.code(), Some(1));
        let (open, _) = states(&bed);
        assert!(
            open > 0 && open <= most && open < paging(&bed),
            "{group_by}: {open}"
        );
    }
}

#[test]
fn a_pagerduty_that_is_down_does_not_hold_the_ledger_up() {
    let bed = Bed::new(whole());
    let begun = std::time::Instant::now();
    let mut command = bed.command(&["audit", "--notify"]);
    command.env("LINEWARD_PAGERDUTY__ENDPOINT", "http://127.0.0.1:9");
    let run: Run = command.output().unwrap().into();
    assert_eq!(run.code, 3);
    assert!(begun.elapsed().as_secs() < 60 && run.stderr.contains("owed to the next run"));
    bed.audit(&["--notify"]);
    assert_eq!(states(&bed), (paging(&bed), 0));
}

#[test]
fn an_incident_whose_key_is_gone_is_said_once() {
    let bed = Bed::new(whole());
    let key = |key: &'static str| [("LINEWARD_PAGERDUTY__ROUTING_KEY", key)];
    let old = key("R0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    bed.command(&["audit", "--notify"])
        .envs(old)
        .output()
        .unwrap();
    let row = bed
        .planted()
        .into_iter()
        .find(|row| row[0] == "spline-disabled")
        .unwrap();
    bed.sandbox.mend(application_id(&row[4]));
    let new = || key("R0BBBBBBBBBBBBBBBBBBBBBBBBBBBBBB");
    let run: Run = bed
        .command(&["audit", "--notify"])
        .envs(new())
        .output()
        .unwrap()
        .into();
    assert!(
        run.stderr.contains("is gone, or another than it was"),
        "{}",
        run.stderr
    );
    assert_eq!(run.code, 3);
    let run: Run = bed
        .command(&["audit", "--notify"])
        .envs(new())
        .output()
        .unwrap()
        .into();
    assert_eq!(run.code, 1, "{}", run.stderr);
}

#[test]
fn what_could_not_be_sent_in_time_is_owed_to_the_next_run() {
    let bed = Bed::new(whole());
    bed.sandbox
        .set_options(|options| options.pagerduty_rate = 5);
    let mut command = bed.command(&["audit", "--notify", "--format", "json"]);
    command.env("LINEWARD_PAGERDUTY__SEND_TIMEOUT", "2s");
    let run: Run = command.output().unwrap().into();
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let (told, all) = (&report["notification"], paging(&bed) as u64);
    assert_eq!((run.code, told["opened"].as_u64()), (3, Some(5)));
    assert_eq!(told["owed"].as_u64(), Some(all - 5));
    bed.sandbox
        .set_options(|options| options.pagerduty_rate = 120);
    // Even by a run that looks at one account alone.
    let account = bed.planted().into_iter().next().unwrap()[2].clone();
    bed.audit(&["--notify", "--account", &account]);
    assert_eq!(states(&bed), (paging(&bed), 0));
}

#[test]
fn a_deleted_application_resolves_its_incident() {
    let bed = Bed::new(whole());
    bed.audit(&["--notify"]);
    let all = paging(&bed);
    let mut planted = bed.planted().into_iter();
    let row = planted.find(|row| row[0] == "spline-disabled").unwrap();
    bed.sandbox
        .update(|it| it.delete_application(application_id(&row[4])));
    bed.audit(&["--notify"]);
    assert_eq!(states(&bed), (all - 1, 1));
}

#[test]
fn a_key_that_was_rotated_under_its_name_resolves_nothing_and_takes_what_is_new() {
    let bed = Bed::new(whole());
    bed.audit(&["--notify"]);
    let planted = bed.planted();
    let mut rows = planted.iter().filter(|row| row[0].starts_with("spline-"));
    let (mended, worse) = (rows.next().unwrap(), rows.next().unwrap());
    bed.sandbox.mend(application_id(&mended[4]));
    bed.sandbox.update(|it| {
        let application = it.application_mut(application_id(&worse[4])).unwrap();
        application.detail["tags"] = serde_json::json!({});
    });
    let new = "R0CCCCCCCCCCCCCCCCCCCCCCCCCCCCCC";
    let mut command = bed.command(&["audit", "--notify"]);
    let run: Run = command.env("KEY", new).output().unwrap().into();
    assert!(run.stderr.contains("0 resolved"), "{}", run.stderr);
    let told = "warning: 2 incidents, ";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(run.stderr.contains("resolve the incident by hand"));
    let of_new = |it: &&lineward_sandbox::Incident| it.routing_key == new;
    let incidents = bed.sandbox.pagerduty().incidents;
    assert_eq!(incidents.iter().filter(of_new).count(), 1);
}
