//! Keys with their values within longer texts.

use std::sync::LazyLock;

use regex_lite::Regex;

use super::key::{self, Telling};
use super::marker::Marker;
use super::{REFERENCE, hide, regex};

/// A way of writing a key and its value: what comes up to the value, and how far the value goes.
struct Assignment {
    /// One of these stands in each.
    marks: &'static [char],
    opening: Regex,
    value: Regex,
}

/// The ways, in the order they are looked for.
static ASSIGNMENTS: LazyLock<[Assignment; 4]> = LazyLock::new(|| {
    let assignment = |marks, opening, value| Assignment {
        marks,
        opening: regex(opening),
        value: regex(value),
    };
    [
        // "key=value with blanks", quoted whole.
        assignment(
            &['"'],
            r#""(?<key>[A-Za-z0-9_.-]+)="#,
            r#"^(?:[^"\\]|\\.)*"#,
        ),
        assignment(&['\''], r"'(?<key>[A-Za-z0-9_.-]+)=", r"^[^']*"),
        // key=value, key: value, "key": "value", within a longer text. A quote without its end goes to
        // the end of the text.
        assignment(
            &['=', ':'],
            r#"(?<key>[A-Za-z0-9_.-]+)\\?["']?\s*[=:]\s*"#,
            r#"^(?:\\"(?:[^"\\]|\\[^"])*\\"|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"']+|["'](?s:.+))"#,
        ),
        // --key value.
        assignment(
            &['-'],
            r"(?<key>--?[A-Za-z][A-Za-z0-9_.-]*)\s+",
            r#"^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s-]\S*)"#,
        ),
    ]
});

/// The token after a scheme of authentication.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| regex(r#"^\s+-?[^\s"'-][^\s"']*"#));

/// Whether a text may hold such a key and something after it: all others are passed by.
pub(super) fn may_stand_in(text: &str) -> bool {
    let between = |byte: u8| byte == b'=' || byte == b':' || byte <= b' ';
    text.bytes().any(between) && key::has_mark(text)
}

/// A text in which the value of each telling key is hidden, however it is assigned.
pub(super) fn redact(text: &str) -> String {
    let whole = text.to_owned();
    ASSIGNMENTS.iter().fold(whole, |text, assignment| {
        if text.contains(assignment.marks) {
            assignment.redact(&text)
        } else {
            text
        }
    })
}

impl Assignment {
    /// Puts the values of telling keys out of sight. The value of another key is looked through in its
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
            let reference = is_reference(after);
            let telling = Telling::of(key) != Telling::Nothing;
            if (reference || (telling && !(key == "secret" && is_arn(&redacted))))
                && let Some((value, after)) = self.value(after)
            {
                if reference || is_hidden(value) {
                    redacted.push_str(value);
                } else {
                    redacted.push(hide(key, value).letter());
                }
                rest = after;
            }
        }
        redacted.push_str(rest);
        redacted
    }

    /// The value that a text begins with, and the rest. A scheme of authentication goes on to its
    /// token, unless an option follows.
    fn value<'a>(&self, text: &'a str) -> Option<(&'a str, &'a str)> {
        let value = self.value.find(text).filter(|value| !value.is_empty())?;
        let (mut given, mut after) = text.split_at_checked(value.end())?;
        while ends_in_scheme(given)
            && let Some(token) = TOKEN.find(after)
        {
            (given, after) = text.split_at_checked(given.len() + token.end())?;
        }
        Some((given, after))
    }
}

fn ends_in_scheme(value: &str) -> bool {
    let ends = |scheme: &str| {
        let end = value.len().checked_sub(scheme.len());
        let end = end.and_then(|at| value.get(at..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(scheme))
    };
    ends("basic") || ends("bearer")
}

/// Whether a text ends in the beginning of a secret's ARN, in which `secret:` is no key.
fn is_arn(text: &str) -> bool {
    let mut parts = text.rsplit(':');
    let opening = [parts.next(), parts.next()] == [Some(""), Some("secret")];
    opening
        && parts.nth(2) == Some("secretsmanager")
        && parts.next().is_some_and(|part| part.starts_with("aws"))
        && parts.next().is_some_and(|part| part.ends_with("arn"))
}

/// Whether a value is hidden already: a marker's letter with nothing but punctuation after it.
fn is_hidden(value: &str) -> bool {
    let mut letters = value.trim_end_matches([',', ';', '}', ']', ')']).chars();
    letters.next().and_then(Marker::of).is_some() && letters.next().is_none()
}

/// Whether a value, quoted or not, is a reference to a secret.
fn is_reference(value: &str) -> bool {
    value
        .trim_start_matches(['"', '\'', '\\'])
        .starts_with(REFERENCE)
}
