//! Secrets in configuration: told by the key or by the shape of the value, and put out of sight.
//!
//! An estate is redacted as it is collected, so no secret reaches a snapshot, a report or a log. Where
//! it is not clear where a secret ends, more is put out of sight rather than less.

use std::sync::LazyLock;

use regex_lite::Regex;

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// A reference to AWS Secrets Manager, which EMR Serverless resolves: no secret itself.
const REFERENCE: &str = "EMR.secret@";

/// What makes a value a secret wherever it stands in its key, read without case and punctuation.
const SECRET_PARTS: [&str; 15] = [
    "accesskey",
    "accountkey",
    "apikey",
    "appkey",
    "authkey",
    "authorization",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "signature",
    "token",
];

/// Words that make a value a secret only where they stand alone.
const SECRET_WORDS: [&str; 3] = ["auth", "pass", "sas"];

/// What looks like a part of a secret key and is none.
const HARMLESS_PARTS: [&str; 2] = ["secretsmanager", "tokenizer"];

/// Last words of keys that name a place, a size or a switch rather than a secret.
const HARMLESS_LAST_WORDS: [&str; 13] = [
    "arn",
    "class",
    "enabled",
    "endpoint",
    "expiration",
    "file",
    "interval",
    "location",
    "name",
    "path",
    "provider",
    "timeout",
    "url",
];

/// One of these stands in every text that a key or a scheme of authentication makes secret.
const KEY_MARKS: [&str; 11] = [
    "auth",
    "basic",
    "bearer",
    "credential",
    "key",
    "pass",
    "pwd",
    "sas",
    "secret",
    "signature",
    "token",
];

/// One of these stands in every text that [`SECRET_SHAPES`] finds something in.
const SHAPE_MARKS: [&str; 8] = [
    "AKIA",
    "ASIA",
    "gh",
    "github_pat_",
    "xox",
    "eyJ",
    "hvs.",
    "-----BEGIN ",
];

/// Values that are secrets whatever their key: private keys to their end, keys of AWS, tokens of
/// GitHub, Slack, Vault and the like, JSON web tokens.
static SECRET_SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?s)(?:-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END[^-]*-----|\z)",
        r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"|\bgh[pousr]_[A-Za-z0-9]{36,}",
        r"|\bgithub_pat_[A-Za-z0-9_]{20,}",
        r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
        r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
        r"|\bhvs\.[A-Za-z0-9_-]{20,})",
    ))
});

/// The password in a URL: `scheme://user:password@host`, and Oracle's `user/password@host`.
static URL_PASSWORD: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?i)(?<before>[a-z][a-z0-9+.-]*://[^\s/:@,]*:|jdbc:oracle:[a-z]+:[^\s/@]*/)",
        r"[^\s,]+(?<after>@)",
    ))
});

/// `Bearer …` and `Basic …`, as in a header.
static SCHEME: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)(?<before>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{4,}"));

/// A way of writing a key and its value: what comes up to the value, and how far the value goes.
struct Assignment {
    opening: Regex,
    value: Regex,
}

/// The ways, in the order they are looked for.
static ASSIGNMENTS: LazyLock<[Assignment; 4]> = LazyLock::new(|| {
    let assignment = |opening, value| Assignment {
        opening: regex(opening),
        value: regex(value),
    };
    [
        // "key=value with blanks", quoted whole.
        assignment(r#""(?<key>[A-Za-z0-9_.-]+)="#, r#"^(?:[^"\\]|\\.)*"#),
        assignment(r"'(?<key>[A-Za-z0-9_.-]+)=", r"^[^']*"),
        // key=value, key: value, "key": "value", within a longer text.
        assignment(
            r#"(?<key>[A-Za-z0-9_.-]+)\\?["']?\s*[=:]\s*"#,
            r#"^(?:\\"(?:[^"\\]|\\[^"])*\\"|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"']+)"#,
        ),
        // --key value.
        assignment(
            r"(?<key>--?[A-Za-z][A-Za-z0-9_.-]*)\s+",
            r#"^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s-]\S*)"#,
        ),
    ]
});

fn regex(pattern: &str) -> Regex {
    #[expect(
        clippy::expect_used,
        reason = "the patterns are constants, and the tests use each"
    )]
    Regex::new(pattern).expect("a constant pattern is well-formed")
}

/// The value of a property, redacted where its key or its shape says that it is secret.
pub fn property(key: &str, value: &str) -> String {
    if value.starts_with(REFERENCE) || value.is_empty() {
        value.to_owned()
    } else if names_secret(key) {
        REDACTED.to_owned()
    } else {
        argument(value)
    }
}

/// A text in which whatever is secret by shape, or assigned to a secret key, is redacted.
///
/// Most texts hold nothing that a pattern could act on, and finding that out costs far less than the
/// patterns do.
pub fn text(text: &str) -> String {
    let mut text = text.to_owned();
    if SHAPE_MARKS.iter().any(|mark| text.contains(mark)) {
        text = SECRET_SHAPES.replace_all(&text, REDACTED).into_owned();
    }
    if text.contains('@') {
        let password = format!("${{before}}{REDACTED}${{after}}");
        text = URL_PASSWORD.replace_all(&text, password).into_owned();
    }
    let small = text.to_ascii_lowercase();
    if KEY_MARKS.iter().any(|mark| small.contains(mark)) {
        let scheme = format!("${{before}}{REDACTED}");
        text = SCHEME.replace_all(&text, scheme).into_owned();
        for assignment in ASSIGNMENTS.iter() {
            text = assignment.redact(&text);
        }
    }
    text
}

/// Arguments, each redacted by itself and, after an option that names a secret, whole.
pub fn arguments(arguments: &[String]) -> Vec<String> {
    let before = std::iter::once("").chain(arguments.iter().map(String::as_str));
    let redacted = arguments.iter().zip(before).map(|(given, before)| {
        let option = before.starts_with('-') && !before.contains('=');
        if option && !given.starts_with("--") {
            property(before, given)
        } else {
            argument(given)
        }
    });
    redacted.collect()
}

/// One argument: where the whole of it is `key=value`, the value goes to its end.
fn argument(given: &str) -> String {
    let is_key = |key: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        !key.is_empty() && key.bytes().all(plain)
    };
    match given.split_once('=') {
        Some((key, value)) if is_key(key) => format!("{key}={}", property(key, value)),
        _ => text(given),
    }
}

impl Assignment {
    /// Puts the values of secret keys out of sight. The value of another key is looked through in its
    /// turn, since one assignment may stand in another (`extraJavaOptions=-Dpassword=…`).
    fn redact(&self, text: &str) -> String {
        let mut redacted = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(found) = self.opening.captures(rest) {
            let key = found.name("key").map_or("", |key| key.as_str());
            let end = found.get(0).map_or(rest.len(), |opening| opening.end());
            let (opening, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            redacted.push_str(opening);
            rest = after;
            let secret = names_secret(key);
            let reference = is_reference(after);
            if (secret || reference)
                && let Some(value) = self.value.find(after)
                && let Some((value, after)) = after.split_at_checked(value.end())
            {
                redacted.push_str(if reference { value } else { REDACTED });
                rest = after;
            }
        }
        redacted.push_str(rest);
        redacted
    }
}

/// Whether a value, quoted or not, is a reference to a secret.
fn is_reference(value: &str) -> bool {
    value
        .trim_start_matches(['"', '\'', '\\'])
        .starts_with(REFERENCE)
}

/// Whether a key says that its value is secret.
fn names_secret(key: &str) -> bool {
    let words = words(key);
    let last = words.last().map_or("", String::as_str);
    if HARMLESS_LAST_WORDS.contains(&last) {
        return false;
    }
    let mut joined = words.concat();
    for part in HARMLESS_PARTS {
        joined = joined.replace(part, "");
    }
    last == "key"
        || words
            .iter()
            .any(|word| SECRET_WORDS.contains(&word.as_str()))
        || SECRET_PARTS.iter().any(|part| joined.contains(part))
}

fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for letter in key.chars() {
        let boundary = !letter.is_alphabetic() || (after_small && letter.is_uppercase());
        if boundary && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if letter.is_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        after_small = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_say_secret_are_told_from_those_that_name_a_place() {
        for key in [
            "spark.datadog.apiKey",
            "spark.emr-serverless.driverEnv.DB_PASSWORD",
            "spark.hadoop.fs.s3a.secret.key",
            "spark.hadoop.fs.s3a.access.key",
            "spark.datahub.rest.token",
            "VAULT_TOKEN",
            "private_key",
        ] {
            assert!(names_secret(key), "{key}");
        }
        for key in [
            "spark.jars",
            "spark.spline.mode",
            "spark.hadoop.fs.s3a.aws.credentials.provider",
            "spark.datacom.secret.path",
            "spark.sql.tokenizer.mode",
            "spark.shuffle.keyOrdering",
        ] {
            assert!(!names_secret(key), "{key}");
        }
    }

    #[test]
    fn a_reference_to_a_secret_is_kept() {
        let reference = "EMR.secret@arn:aws:secretsmanager:eu-west-1:1:secret:x";
        assert_eq!(property("spark.password", reference), reference);
        assert_eq!(
            text("--conf spark.password=EMR.secret@x"),
            "--conf spark.password=EMR.secret@x"
        );
    }

    #[test]
    fn secrets_within_texts_are_put_out_of_sight() {
        let cases = [
            (
                "--conf spark.x.password=hunter2 --conf a=b",
                "--conf spark.x.password=[redacted] --conf a=b",
            ),
            (
                "--conf \"spark.x.password=two words\"",
                "--conf \"spark.x.password=[redacted]\"",
            ),
            (
                "--db-password hunter2 --n 3",
                "--db-password [redacted] --n 3",
            ),
            (
                r#"{"password": "two words", "n": 3}"#,
                r#"{"password": [redacted], "n": 3}"#,
            ),
            (
                "jdbc:postgresql://me:pw@host/db",
                "jdbc:postgresql://me:[redacted]@host/db",
            ),
            ("AKIAIOSFODNN7EXAMPLE", "[redacted]"),
            (
                "s3://bucket/spline-7.1.0.jar",
                "s3://bucket/spline-7.1.0.jar",
            ),
        ];
        for (before, after) in cases {
            assert_eq!(text(before), after);
        }
    }

    #[test]
    fn an_argument_after_a_secret_option_is_redacted_whole() {
        let given = ["--token", "a b c", "--count", "3"].map(String::from);
        assert_eq!(arguments(&given), ["--token", "[redacted]", "--count", "3"]);
    }

    #[test]
    fn each_part_of_a_secret_key_has_a_mark() {
        for part in SECRET_PARTS.iter().chain(&SECRET_WORDS) {
            assert!(KEY_MARKS.iter().any(|mark| part.contains(mark)), "{part}");
        }
    }

    #[test]
    fn no_way_of_writing_a_secret_lets_it_through() {
        for given in [
            "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\nhunter2",
            "-Dpassword=hunter2",
            "--conf spark.driver.extraJavaOptions=-Dtoken=hunter2",
            "--conf \"spark.driver.extraJavaOptions=-Da=b -Dtoken=hunter2\"",
            "spark.x.header.Authorization=Basic hunter2",
            "Authorization: Bearer hunter2.hunter2",
            "--header 'Authorization: Basic hunter2=='",
            "--conf \"spark.jaas=required password=\\\"hunter2\\\";\"",
            "password=a,hunter2",
            "x?a=b&X-Amz-Signature=a&hunter2",
            "--password \"two hunter2\"",
            "password = hunter2",
            "https://u:p/hunter2@h",
            "https://u:p@hunter2@h",
            "HTTPS://u:hunter2@h",
            "jdbc:oracle:thin:scott/hunter2@h",
            "'secret=two hunter2'",
            "{\\\"password\\\": \\\"hunter2\\\"}",
        ] {
            assert!(
                !text(given).contains("hunter2"),
                "{given} gives {}",
                text(given)
            );
        }
        for key in [
            "spark.spline.lineageDispatcher.http.producer.header.Authorization",
            "DBPassword",
            "PGPASSWORD",
            "spark.dbpassword",
            "DB_PASS",
            "AWSSecretKey",
            "secretkey",
            "accesstoken",
            "clientsecret",
            "spark.tokens",
            "x.passwords",
            "SECRETS",
            "fs.s3a.encryption.key",
            "datadog.key",
            "fs.azure.sas.container",
            "spark.redis.auth",
            "VAULT_SECRET_ID",
        ] {
            assert_eq!(property(key, "hunter2"), REDACTED, "{key}");
        }
        let given = [
            "password=two hunter2",
            "spark.db.password=a hunter2",
            "--password",
            "-hunter2",
        ];
        assert!(
            !arguments(&given.map(String::from))
                .concat()
                .contains("hunter2")
        );
    }

    #[test]
    fn what_lineage_is_judged_by_stays() {
        for (key, value) in [
            (
                "spark.jars",
                "s3://b/spline-7.1.0.jar, https://h:8443/token/x.jar,s3://b/y@1.jar",
            ),
            (
                "spark.jars.packages",
                "za.co.absa.spline.agent.spark:spark-3.5-spline-agent-bundle_2.12:2.2.3",
            ),
            (
                "spark.sql.queryExecutionListeners",
                crate::spark::SPLINE_LISTENER,
            ),
            (
                "spark.spline.lineageDispatcher.http.producer.url",
                "https://lineage.example.internal/producer",
            ),
            ("spark.hadoop.spline.mode", "DISABLED"),
        ] {
            assert_eq!(property(key, value), value);
        }
    }

    #[test]
    fn a_long_chain_of_assignments_is_looked_through_without_end_or_overflow() {
        let chain = "a=".repeat(50_000) + "password=hunter2";
        assert!(!text(&chain).contains("hunter2"));
    }

    proptest::proptest! {
        #[test]
        fn a_shape_has_a_mark(
            given in "(AKIA[0-9A-Z]{16}|gh[pousr]_[a-z]{36}|xox[abe]-[a-z]{10}|eyJ[a-z]{8}\\.[a-z]{8}\\.|hvs\\.[a-z]{20}|-----BEGIN [A-Z ]*PRIVATE KEY-----)"
        ) {
            proptest::prop_assert_ne!(text(&given), given);
        }

        #[test]
        fn any_text_is_redacted_without_a_panic(given: String, key: String) {
            text(&given);
            property(&key, &given);
            arguments(&[key, given]);
        }
    }

    #[test]
    fn redacting_twice_changes_nothing() {
        for given in ["password=x", "--token abc", "https://u:p@h", "secret: 'a'"] {
            assert_eq!(text(&text(given)), text(given));
        }
    }
}
