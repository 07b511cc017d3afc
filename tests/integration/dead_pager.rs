//! A pager that takes nothing is told, and what was not taken is told again.

use lineward_sandbox::{Options, PagerDutyFault};

use crate::harness::{Bed, KEY, Run};

fn whole() -> Options {
    Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    }
}

#[test]
fn what_is_refused_for_one_reason_is_one_warning_and_opened_once_it_is_taken() {
    let bed = Bed::new(whole());
    let all = bed.planted().iter().filter(|row| row[1] == "fail").count();
    bed.sandbox.fail_pagerduty(PagerDutyFault::Status(400), all);
    let run = bed.run(&["audit", "--notify"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(run.stderr.matches("warning: ").count(), 1, "{}", run.stderr);
    assert!(
        run.stderr.contains(&format!("{all} not taken")),
        "{}",
        run.stderr
    );
    let (code, report) = bed.audit(&["--notify"]);
    let told = &report["notification"];
    assert_eq!((code, told["opened"].as_u64()), (1, Some(all as u64)));
    assert_eq!(told["updated"], 0);
}

#[test]
fn an_answer_that_is_not_pagerdutys_takes_nothing_and_leads_nowhere() {
    for fault in [PagerDutyFault::Proxy(200), PagerDutyFault::Redirect(307)] {
        let bed = Bed::new(whole());
        bed.sandbox.fail_pagerduty(fault, 1_000);
        let mut command = bed.command(&["audit", "--notify"]);
        let run: Run = command
            .env("LINEWARD_PAGERDUTY__SEND_TIMEOUT", "2s")
            .output()
            .unwrap()
            .into();
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.stderr.contains("PagerDuty: 0 opened"), "{}", run.stderr);
        assert!(bed.sandbox.pagerduty().events.is_empty());
    }
}

#[test]
fn findings_without_a_key_are_said() {
    let bed = Bed::new(whole());
    let text = std::fs::read_to_string(bed.path().join("lineward.toml")).unwrap();
    let text = text.replace("routing_key = 'env:KEY'\n", "");
    let text = format!("{text}[[team]]\nname = 'other'\nrouting_key = 'env:KEY'\n");
    std::fs::write(bed.path().join("lineward.toml"), text).unwrap();
    let run = bed.run(&["audit", "--notify"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(
        run.stderr.contains("there is no default key"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_key_goes_to_no_other_machine_in_the_open_and_one_that_can_not_be_is_said() {
    let bed = Bed::new(whole());
    for endpoint in [
        "http://192.0.2.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
    ] {
        let mut command = bed.command(&["audit", "--notify"]);
        command.env("LINEWARD_PAGERDUTY__ENDPOINT", endpoint);
        let run: Run = command.output().unwrap().into();
        assert_eq!(run.code, 2, "{endpoint}: {}", run.stderr);
    }
    for key in [&KEY[1..], "R01234567890123456789012345678-0"] {
        let mut command = bed.command(&["audit"]);
        let run: Run = command.env("KEY", key).output().unwrap().into();
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(
            run.stderr.contains("routing key of `[pagerduty]`"),
            "{}",
            run.stderr
        );
        let mut command = bed.command(&["audit", "--notify"]);
        let run: Run = command.env("KEY", key).output().unwrap().into();
        assert_eq!(run.code, 2, "{}", run.stderr);
    }
}
