//! The running server, over a plain socket.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::*;

fn send(sandbox: &Sandbox, line: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(sandbox.server.address).unwrap();
    let length = body.len();
    let head = format!("{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}");
    let request = format!("{head}content-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn signed(key: &str) -> String {
    let scope = format!("{key}/20261123/us-east-1/emr-serverless/aws4_request");
    format!("authorization: AWS4-HMAC-SHA256 Credential={scope}, Signature=0\r\n")
}

#[test]
fn only_who_is_known_is_answered_and_every_call_is_counted() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let ask = |headers: &str| send(&sandbox, "GET /applications", headers, "");
    assert!(ask(&signed(AUDITOR_KEY)).starts_with("HTTP/1.1 200"));
    assert!(ask("").contains("MissingAuthenticationTokenException"));
    assert!(ask(&signed("AKIAELSEWHERE0000000")).contains("UnrecognizedClientException"));
    let calls = sandbox.calls();
    assert_eq!(calls.operations["emr-serverless:ListApplications"], 3);
    assert_eq!(sandbox.calls_by_account().len(), 1);
    assert_eq!((calls.in_flight, calls.peak_in_flight), (0, 1));
}

#[test]
fn mending_an_application_drops_its_finding() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let expected = sandbox.expected();
    let found = expected
        .iter()
        .find(|it| it.resource.contains("/applications/"));
    let id = found.unwrap().resource.rsplit('/').next().unwrap();
    let body = format!(r#"{{"application":"{id}"}}"#);
    let answer = send(&sandbox, "POST /_sandbox/mend", "", &body);
    assert!(answer.ends_with(r#"{"done":true}"#), "{answer}");
    assert_eq!(sandbox.expected().len(), expected.len() - 1);
    assert!(!sandbox.mend(id));
}

#[test]
fn an_event_is_kept_though_its_answer_is_lost() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    sandbox.fail_pagerduty(PagerDutyFault::DropAfter, 1);
    let body = serde_json::json!({
        "routing_key": "0".repeat(32), "event_action": "trigger", "dedup_key": "k",
        "payload": { "summary": "s", "source": "lineward", "severity": "error" },
    });
    let enqueue = || send(&sandbox, "POST /v2/enqueue", "", &body.to_string());
    assert_eq!(enqueue(), "");
    assert!(enqueue().starts_with("HTTP/1.1 202"));
    assert_eq!(sandbox.pagerduty().incidents[0].triggers, 2);
}

#[test]
fn dropping_the_handle_ends_the_server() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let address = sandbox.server.address;
    assert!(TcpStream::connect(address).is_ok());
    drop(sandbox);
    assert!(TcpStream::connect(address).is_err());
}
