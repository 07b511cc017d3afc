//! Bad input gets an error that says where and what to do, and nothing is sent anywhere.

use lineward_sandbox::Options;

use crate::harness::Bed;

fn bed() -> Bed {
    Bed::new(Options {
        accounts: 3,
        applications: 4,
        denied: 0,
        suspended: 0,
        ..Options::default()
    })
}

#[test]
fn a_mistake_in_the_configuration_is_told_with_file_and_line() {
    let bed = bed();
    let cases = [
        (
            "[walk]\nspeed = 3\n",
            "lineward.toml:2:1: unknown field `speed`, expected one of `concurrency`",
        ),
        (
            "[walk]\nconcurrency = 'many'\n",
            "lineward.toml:2:15: invalid type: string",
        ),
        (
            "[rules.spline-asleep]\nenabled = false\n",
            "unknown rule `spline-asleep`, expected one of `",
        ),
        (
            "[[exemption]]\nrule = 'spline-disabled'\nresource = 'nonsense'\nowner = 'a'\nreason = 'b'\nexpires = '2999-01-01'\n",
            "lineward.toml:3:12: malformed ARN `nonsense`",
        ),
        (
            "[pagerduty]\nrouting_key = 'R0123'\n",
            "routing key of `[pagerduty]`: it has 5 characters, PagerDuty's have 32",
        ),
    ];
    for (text, expected) in cases {
        std::fs::write(bed.path().join("lineward.toml"), text).unwrap();
        let run = bed.run(&["audit", "--notify"]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    assert_eq!(bed.sandbox.calls().total, 0);
    assert_eq!(bed.sandbox.pagerduty().requests, 0);
}

#[test]
fn wrong_usage_and_wrong_variables_are_told() {
    let bed = bed();
    for arguments in [
        &["audit", "--account", "12"][..],
        &["audit", "--region", "Ireland"],
        &["audit", "--since", "soon"],
        &["audit", "--format", "yaml"],
        &["audit", "--output", "."],
        &["audit", "--config", "absent.toml"],
        &["audit", "--store", "gs://bucket"],
        &["audit", "--estate", "absent.jsonl"],
        &[
            "audit",
            "--estate",
            "absent.jsonl",
            "--account",
            "111122223333",
        ],
        &["dance"],
        &[],
    ] {
        let run = bed.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert!(
            !run.stderr.is_empty() && !run.stderr.contains("panicked"),
            "{arguments:?}"
        );
    }
    let variable = [("LINEWARD_WALK__CONCURRENCY", "0")];
    let output = bed.command(&["audit"]).envs(variable).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("`LINEWARD_WALK__CONCURRENCY`: must be at least 1")
    );
    assert_eq!(bed.sandbox.calls().total, 0);
}

#[test]
fn paging_without_a_key_fails_before_anything_is_read() {
    let bed = bed();
    let output = bed
        .command(&["audit", "--notify"])
        .env_remove("KEY")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("environment variable `KEY` is not set")
    );
    let output = bed
        .command(&["audit", "--notify"])
        .env("KEY", "too-short")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        stderr.contains("has 9 characters") && !stderr.contains("too-short"),
        "{stderr}"
    );
    std::fs::write(bed.path().join("lineward.toml"), "").unwrap();
    assert!(
        bed.run(&["audit", "--notify"])
            .stderr
            .contains("needs a section `[pagerduty]`")
    );
    assert_eq!(bed.sandbox.calls().total, 0);
}

#[test]
fn without_credentials_the_links_of_the_chain_are_named() {
    let bed = bed();
    let output = bed
        .command(&["audit"])
        .env_remove("AWS_ACCESS_KEY_ID")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    for link in [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "web identity",
        "container",
    ] {
        assert!(stderr.contains(link), "{stderr}");
    }
}

#[test]
fn credentials_that_are_refused_and_an_endpoint_that_is_not_there_end_with_4() {
    let bed = bed();
    let wrong = bed
        .command(&["audit"])
        .env("AWS_ACCESS_KEY_ID", "AKIAWRONGWRONGWRONG0")
        .output();
    assert_eq!(wrong.unwrap().status.code(), Some(4));
    let nowhere = bed
        .command(&["audit"])
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .output();
    let nowhere = nowhere.unwrap();
    assert_eq!(nowhere.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("can't tell who the caller is"));
}

#[test]
fn a_snapshot_that_is_cut_or_of_another_kind_is_told() {
    let bed = bed();
    bed.run(&["collect", "-o", "estate.jsonl"]);
    let path = bed.path().join("estate.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    let cases = [
        (whole[..whole.len() / 2].to_owned(), "is truncated"),
        (
            whole.replacen("lineward/estate/1", "lineward/estate/7", 1),
            "is of schema `lineward/estate/7`",
        ),
        ("PK\u{3}\u{4}".to_owned(), "is not a snapshot"),
        (String::new(), "is empty"),
    ];
    for (text, expected) in cases {
        std::fs::write(&path, text).unwrap();
        let run = bed.run(&["audit", "--estate", "estate.jsonl", "--notify"]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
    assert_eq!(bed.sandbox.pagerduty().requests, 0);
}

#[test]
fn an_application_that_is_nowhere_is_a_mistake_and_a_region_counts_once() {
    let bed = bed();
    let run = bed.run(&["audit", "--application", "00fabsent0000000"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("no application `00fabsent0000000`"));
    let (_, once) = bed.audit(&["--region", "us-east-1"]);
    let (_, twice) = bed.audit(&["--region", "us-east-1", "--region", "us-east-1"]);
    assert_eq!(
        once["summary"]["applications"],
        twice["summary"]["applications"]
    );
}

#[test]
fn a_snapshot_of_the_future_is_refused() {
    let bed = bed();
    bed.run(&["collect", "-o", "estate.jsonl"]);
    let path = bed.path().join("estate.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    let year = jiff::Timestamp::now()
        .strftime("\"started_at\":\"%Y")
        .to_string();
    std::fs::write(&path, whole.replacen(&year, "\"started_at\":\"2999", 1)).unwrap();
    let run = bed.run(&["audit", "--estate", "estate.jsonl"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("is yet to come"), "{}", run.stderr);
}
