//! Limits, rate, deduplication and faults.

use super::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn event(action: &str, dedup_key: &str) -> Value {
    json!({
        "routing_key": KEY, "event_action": action, "dedup_key": dedup_key,
        "payload": { "summary": "s", "source": "lineward", "severity": "error" },
    })
}

fn send(pagerduty: &mut PagerDuty, event: &Value, second: u64) -> u16 {
    let now = Duration::from_secs(second);
    match pagerduty.enqueue(event.to_string().as_bytes(), now, 120) {
        Reaction::Answer(answer) => answer.status.as_u16(),
        Reaction::Drop => 0,
        Reaction::Hang => 1,
    }
}

#[test]
fn triggers_of_an_open_incident_update_it() {
    let mut pagerduty = PagerDuty::default();
    for _ in 0..3 {
        assert_eq!(send(&mut pagerduty, &event("trigger", "a"), 0), 202);
    }
    let mut other = event("trigger", "a");
    other["routing_key"] = json!(KEY.to_uppercase());
    send(&mut pagerduty, &other, 0);
    let triggers: Vec<_> = pagerduty
        .log
        .incidents
        .iter()
        .map(|it| it.triggers)
        .collect();
    assert_eq!(triggers, [3, 1]);
}

#[test]
fn a_trigger_after_a_resolve_opens_another_incident() {
    let mut pagerduty = PagerDuty::default();
    for action in ["trigger", "acknowledge", "resolve", "resolve", "trigger"] {
        assert_eq!(send(&mut pagerduty, &event(action, "a"), 0), 202);
    }
    let states: Vec<_> = pagerduty.log.incidents.iter().map(|it| it.state).collect();
    assert_eq!(states, [IncidentState::Resolved, IncidentState::Triggered]);
    assert_eq!(pagerduty.log.events.len(), 5);
}

#[test]
fn resolving_what_is_not_open_is_accepted_and_dropped() {
    let mut pagerduty = PagerDuty::default();
    assert_eq!(send(&mut pagerduty, &event("resolve", "never"), 0), 202);
    assert!(pagerduty.log.incidents.is_empty());
}

#[test]
fn the_121st_event_within_60_seconds_is_refused_and_not_ingested() {
    let mut pagerduty = PagerDuty::default();
    for second in 0..120 {
        assert_eq!(
            send(&mut pagerduty, &event("trigger", "a"), second / 4),
            202
        );
    }
    assert_eq!(send(&mut pagerduty, &event("trigger", "b"), 59), 429);
    assert_eq!(pagerduty.log.events.len(), 120);
    assert_eq!(send(&mut pagerduty, &event("trigger", "b"), 60), 202);
}

#[test]
fn each_limit_is_enforced() {
    let broken: [(&str, Value); 8] = [
        ("/routing_key", json!("short")),
        ("/event_action", json!("open")),
        ("/dedup_key", json!("d".repeat(256))),
        ("/payload/summary", json!("s".repeat(1025))),
        ("/payload/source", json!("")),
        ("/payload/severity", json!("high")),
        ("/payload", Value::Null),
        ("/payload/severity", Value::Null),
    ];
    for (pointer, value) in broken {
        let mut event = event("trigger", "a");
        *event.pointer_mut(pointer).unwrap() = value;
        let mut pagerduty = PagerDuty::default();
        assert_eq!(send(&mut pagerduty, &event, 0), 400, "{pointer}");
        assert_eq!(pagerduty.log.rejected.len(), 1);
        assert!(pagerduty.log.events.is_empty());
    }
    let mut event = event("trigger", "é");
    event["dedup_key"] = json!("é".repeat(255));
    event["payload"]["summary"] = json!("é".repeat(1024));
    assert_eq!(send(&mut PagerDuty::default(), &event, 0), 202);
    event["client"] = json!("c".repeat(512_000));
    assert_eq!(send(&mut PagerDuty::default(), &event, 0), 413);
}

#[test]
fn a_resolve_needs_a_key_and_a_trigger_is_given_one() {
    let mut pagerduty = PagerDuty::default();
    assert_eq!(send(&mut pagerduty, &event("resolve", ""), 0), 400);
    assert_eq!(send(&mut pagerduty, &event("trigger", ""), 0), 202);
    assert!(!pagerduty.log.incidents[0].dedup_key.is_empty());
}

#[test]
fn planted_faults_come_in_order_and_then_all_is_well() {
    let mut pagerduty = PagerDuty::default();
    pagerduty.faults.extend([
        PagerDutyFault::Status(503),
        PagerDutyFault::DropBefore,
        PagerDutyFault::DropAfter,
        PagerDutyFault::Hang,
    ]);
    let codes: Vec<_> = (0..5)
        .map(|_| send(&mut pagerduty, &event("trigger", "a"), 0))
        .collect();
    assert_eq!(codes, [503, 0, 0, 1, 202]);
    assert_eq!(pagerduty.log.incidents[0].triggers, 2);
    assert_eq!(pagerduty.log.requests, 5);
}
