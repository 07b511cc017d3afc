//! Configuration as it is met, with a secret in it and without: `cases.json`. All secrets are made up.

use serde::Deserialize;

use super::*;

/// What is told a secret, and what isn't.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// Properties: key and value.
    secret_properties: Vec<(String, String)>,
    /// Submit parameters, entry points and the like: what is to be hidden stands in the second place.
    secret_texts: Vec<(String, String)>,
    secret_arguments: Vec<Vec<String>>,
    harmless_properties: Vec<(String, String)>,
    harmless_texts: Vec<String>,
    harmless_arguments: Vec<Vec<String>>,
    /// Properties that are not hidden, either.
    open_properties: Vec<(String, String)>,
    /// Properties that are hidden, secrets or not.
    hidden_properties: Vec<(String, String)>,
}

fn cases() -> Cases {
    serde_json::from_str(include_str!("cases.json")).unwrap()
}

#[test]
fn properties_that_hold_a_secret_are_judged_so() {
    for (key, value) in cases().secret_properties {
        let redacted = property(&key, &value);
        assert!(secret_marker(&redacted).is_some(), "{key}: {redacted}");
        let submitted = text(&format!("--conf \"{key}={value}\" --conf a=b"));
        assert!(secret_marker(&submitted).is_some(), "{key}: {submitted}");
        for redacted in [redacted, submitted] {
            assert!(!redacted.contains(&value), "{key}: {redacted}");
        }
    }
}

#[test]
fn texts_and_arguments_that_hold_a_secret_are_judged_so() {
    let cases = cases();
    for (given, secret) in cases.secret_texts {
        let redacted = text(&given);
        assert!(secret_marker(&redacted).is_some(), "{given}: {redacted}");
        assert!(!redacted.contains(&secret), "{given}: {redacted}");
    }
    for given in cases.secret_arguments {
        let redacted = arguments(&given).join(" ");
        assert!(secret_marker(&redacted).is_some(), "{given:?}: {redacted}");
        assert!(!redacted.contains("hunter2"), "{given:?}: {redacted}");
    }
}

#[test]
fn what_holds_no_secret_is_not_judged_one() {
    let cases = cases();
    let properties = cases
        .harmless_properties
        .iter()
        .chain(&cases.open_properties);
    for (key, value) in properties {
        let redacted = property(key, value);
        assert_eq!(secret_marker(&redacted), None, "{key}={value}");
        let submitted = text(&format!("--conf {key}={value} --conf a=b"));
        assert_eq!(
            secret_marker(&submitted),
            None,
            "{key}={value}: {submitted}"
        );
    }
    for given in cases.harmless_texts {
        let redacted = text(&given);
        assert_eq!(secret_marker(&redacted), None, "{given}: {redacted}");
    }
    for given in cases.harmless_arguments {
        let redacted = arguments(&given).join(" ");
        assert_eq!(secret_marker(&redacted), None, "{given:?}: {redacted}");
    }
}

#[test]
fn what_is_evidently_no_secret_is_not_hidden() {
    for (key, value) in cases().open_properties {
        assert_eq!(property(&key, &value), value, "{key}");
        let submitted = format!("--conf {key}={value} --conf a=b");
        assert_eq!(text(&submitted), submitted);
    }
}

#[test]
fn what_may_be_a_secret_is_hidden_whole() {
    for (key, value) in cases().hidden_properties {
        let redacted = property(&key, &value);
        assert!(
            redacted.starts_with("[redacted") && redacted.ends_with(']'),
            "{key}={redacted}"
        );
        assert!(
            !text(&format!("--conf \"{key}={value}\" --conf a=b")).contains(&value),
            "{key}"
        );
    }
}

#[test]
fn a_public_prefix_is_shown_and_no_more() {
    for (value, marker) in [
        ("AKIAIOSFODNN7EXAMPLE", "[redacted:secret:AKIA]"),
        (
            "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
            "[redacted:secret:ghp_]",
        ),
        ("xoxb-123456789012-abcdefABCDEF", "[redacted:secret:xoxb]"),
        ("hvs.CAESIJ1234567890abcdefghij", "[redacted:secret:hvs.]"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.abc", "[redacted:secret:eyJ]"),
        (
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "[redacted:secret]",
        ),
    ] {
        assert_eq!(property("spark.x", value), marker);
        assert_eq!(property("spark.token", value), marker);
        assert_eq!(
            text(&format!("--token {value}")),
            format!("--token {marker}")
        );
    }
}
