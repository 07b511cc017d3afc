//! Secrets in configuration: told by the key or by the shape of the value, and put out of sight.
//!
//! An estate is redacted as it is collected, so no secret reaches a snapshot, a report or a log.

use std::sync::LazyLock;

use regex_lite::Regex;

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// A reference to AWS Secrets Manager, which EMR Serverless resolves: no secret itself.
const REFERENCE: &str = "EMR.secret@";

/// Words in a key that make its value a secret. A key is split at everything that is no letter, and
/// where a small letter is followed by a capital.
const SECRET_WORDS: [&str; 9] = [
    "apikey",
    "credential",
    "credentials",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "token",
];

/// Two words that together make a value a secret.
const SECRET_PAIRS: [(&str, &str); 6] = [
    ("access", "key"),
    ("account", "key"),
    ("api", "key"),
    ("app", "key"),
    ("auth", "key"),
    ("private", "key"),
];

/// Last words of keys that name a place, a size or a switch rather than a secret.
const HARMLESS_LAST_WORDS: [&str; 14] = [
    "arn",
    "class",
    "enabled",
    "endpoint",
    "expiration",
    "file",
    "id",
    "interval",
    "location",
    "name",
    "path",
    "provider",
    "timeout",
    "url",
];

/// Values that are secrets whatever their key: keys of AWS, tokens of GitHub, Slack and the like,
/// JSON web tokens, private keys.
static SECRET_SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?:\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"|\bgh[pousr]_[A-Za-z0-9]{36,}",
        r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
        r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
        r"|\bhvs\.[A-Za-z0-9_-]{20,}",
        r"|-----BEGIN [A-Z ]*PRIVATE KEY-----)",
    ))
});

/// One of these stands in every text with a key that [`names_secret`], in any case.
const KEY_MARKS: [&str; 8] = [
    "credential",
    "key",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "token",
];

/// One of these stands in every text that [`SECRET_SHAPES`] finds something in.
const SHAPE_MARKS: [&str; 7] = ["AKIA", "ASIA", "gh", "xox", "eyJ", "hvs.", "-----BEGIN "];

/// The password in a URL: `scheme://user:password@host`.
static URL_PASSWORD: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?<before>[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+(?<after>@)"));

/// `key=value` within a longer text, such as submit parameters.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"(?<key>[A-Za-z0-9_.-]+)(?<sign>=|["']?\s*:\s*)(?<value>"[^"]*"|'[^']*'|[^\s,;&"']+)"#)
});

/// `"key=value with blanks"`, an assignment that is quoted whole.
static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r#"(?<before>["'])(?<key>[A-Za-z0-9_.-]+)(?<sign>=)"#,
        r#"(?<value>(?:[^"'\\]|\\.)*)(?<after>["'])"#,
    ))
});

/// `--password value`, an option and its value as two words.
static OPTION: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?<key>--?[A-Za-z][A-Za-z0-9_.-]*)(?<sign>\s+)(?<value>[^\s-][^\s]*)")
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
        text(value)
    }
}

/// A text in which whatever is secret by shape, or assigned to a secret key, is redacted.
///
/// Most texts hold nothing that a pattern could act on, and finding that out costs far less than the
/// patterns do.
pub fn text(text: &str) -> String {
    let mut text = text.to_owned();
    let small = text.to_ascii_lowercase();
    if KEY_MARKS.iter().any(|mark| small.contains(mark)) {
        text = assignments(&QUOTED, &text);
        text = assignments(&ASSIGNMENT, &text);
        text = assignments(&OPTION, &text);
    }
    if text.contains('@') {
        let password = format!("${{before}}{REDACTED}${{after}}");
        text = URL_PASSWORD.replace_all(&text, password).into_owned();
    }
    if SHAPE_MARKS.iter().any(|mark| text.contains(mark)) {
        text = SECRET_SHAPES.replace_all(&text, REDACTED).into_owned();
    }
    text
}

/// Arguments, each redacted by itself and, after an option that names a secret, whole.
pub fn arguments(arguments: &[String]) -> Vec<String> {
    let before = std::iter::once("").chain(arguments.iter().map(String::as_str));
    let redacted = arguments.iter().zip(before).map(|(argument, before)| {
        if before.starts_with('-') && !before.contains('=') && !argument.starts_with('-') {
            property(before, argument)
        } else {
            text(argument)
        }
    });
    redacted.collect()
}

fn assignments(pattern: &Regex, text: &str) -> String {
    pattern
        .replace_all(text, |found: &regex_lite::Captures<'_>| {
            let group = |name| found.name(name).map_or("", |group| group.as_str());
            let (key, value) = (group("key"), group("value"));
            let bare = value.trim_matches(['"', '\'']);
            let secret = names_secret(key) && !bare.starts_with(REFERENCE);
            let value = if secret { REDACTED } else { value };
            [group("before"), key, group("sign"), value, group("after")].concat()
        })
        .into_owned()
}

/// Whether a key's words say that its value is secret.
fn names_secret(key: &str) -> bool {
    let words = words(key);
    if words
        .last()
        .is_some_and(|last| HARMLESS_LAST_WORDS.contains(&last.as_str()))
    {
        return false;
    }
    let pairs = || words.iter().zip(words.iter().skip(1));
    words
        .iter()
        .any(|word| SECRET_WORDS.contains(&word.as_str()))
        || pairs().any(|(a, b)| SECRET_PAIRS.contains(&(a.as_str(), b.as_str())))
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
    fn each_word_of_a_secret_key_has_a_mark() {
        let pairs = SECRET_PAIRS.iter().map(|(_, second)| second);
        for word in SECRET_WORDS.iter().chain(pairs) {
            assert!(KEY_MARKS.iter().any(|mark| word.contains(mark)), "{word}");
        }
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
