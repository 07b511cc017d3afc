//! Secrets in configuration: told by the key or by the shape of the value, and put out of sight.
//!
//! An estate is redacted as it is collected, so no secret reaches a snapshot, a report or a log. Where
//! it is not clear where a secret ends, more is put out of sight rather than less. The marker that is
//! left says whether what stood there is judged a secret or was hidden as a precaution.

mod assignment;
mod document;
mod image;
mod judge;
pub(crate) mod key;
mod marker;
pub(crate) mod payload;
pub(crate) mod random;
mod reach;
pub(crate) mod shape;
mod word;
pub(crate) mod words;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

pub use document::document;
pub use image::image;
pub use marker::{REDACTED, is_hidden, secret_marker};

use judge::Judgement;
use key::Key;
use marker::Marker;

/// A reference to AWS Secrets Manager, which EMR Serverless resolves: no secret itself.
const REFERENCE: &str = "EMR.secret@";

/// How often a text is looked through until nothing is found any more. A text that then still changes
/// is hidden whole.
const PASSES: usize = 8;

/// `Bearer …` and `Basic …`, as in a header; what follows may be the next option instead.
static SCHEME: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)(?<before>\b(?:bearer|basic)\s+)(?<token>-?[A-Za-z0-9._~+/=][A-Za-z0-9._~+/=-]{3,})",
    )
});

fn regex(pattern: &str) -> Regex {
    #[expect(
        clippy::expect_used,
        reason = "the patterns are constants, and the tests use each"
    )]
    Regex::new(pattern).expect("a constant pattern is well-formed")
}

/// The value of a property, redacted where its key or its shape says that it is secret.
///
/// Where the whole of it is `key=value` in turn, that value goes to its end.
pub fn property(key: &str, value: &str) -> String {
    let mut key = key;
    let mut rest = value;
    let mut kept = String::new();
    loop {
        if rest.is_empty() || (!key.is_empty() && is_reference(rest)) {
            return kept + rest;
        }
        if let Some(marker) = whole(key, rest) {
            return kept + marker.as_str();
        }
        match rest.split_once('=') {
            Some((inner, value)) if is_key(inner) => {
                kept.extend([inner, "="]);
                (key, rest) = (inner, value);
            }
            _ => return kept + &within(key, rest, 0),
        }
    }
}

/// A text in which whatever is secret by shape, or assigned to a secret key, is redacted.
pub fn text(text: &str) -> String {
    whole("", text).map_or_else(|| within("", text, 0), |marker| marker.as_str().to_owned())
}

/// Arguments, each redacted by itself and, after an option that names a secret, whole.
pub fn arguments(arguments: &[String]) -> Vec<String> {
    let mut redacted: Vec<String> = Vec::with_capacity(arguments.len());
    for given in arguments {
        let option = redacted.last().filter(|before| is_option(before));
        // A private key begins with dashes, and is no option.
        let is_next = given.starts_with("--") && !given.starts_with("---");
        let key = option.filter(|_| !is_next);
        let key = key.map_or_else(String::new, |key| without_markers(&marker::shrink(key)));
        redacted.push(property(&key, given));
    }
    redacted
}

/// The marker for a value that is hidden whole: what its key tells of, and a random token.
fn whole(key: &str, value: &str) -> Option<Marker> {
    let told = Some(Key::of(key)).filter(|key| key.grade.is_some());
    let hidden = told.and_then(|key| hide(&key, &marker::shrink(value)));
    hidden.or_else(|| word::marker(key, value, 0))
}

/// The marker for the value of a key, in a shrunk text, if the key tells of a secret and the value may be one.
fn hide(key: &Key, value: &str) -> Option<Marker> {
    let hidden = key.grade.is_some() && !judge::is_evident(key, value);
    hidden.then(|| hide_as(value, |value| judge::judge(key, value)))
}

/// The marker for a value that is to be hidden. A secret's marker in it outlives it.
fn hide_as(value: &str, judge: impl Fn(&str) -> Judgement) -> Marker {
    let secret = |marker: &Marker| marker.is_secret();
    if let Some(marker) = value.chars().filter_map(Marker::of).find(secret) {
        return marker;
    }
    match judge(&without_markers(value)) {
        Judgement::Secret(prefix) => Marker::secret(prefix),
        Judgement::Unclear => Marker::PRECAUTION,
    }
}

fn without_markers(shrunk: &str) -> String {
    shrunk.replace(|letter| Marker::of(letter).is_some(), "")
}

/// The value of a key, of which parts are redacted. `depth` counts the payloads around it.
///
/// Most texts hold nothing that a pattern could act on, and finding that out costs far less than the
/// patterns do.
fn within(key: &str, text: &str, depth: usize) -> String {
    let marked = shape::has_mark(text) || text.contains('@') || assignment::may_stand_in(text);
    if !marked && !word::may_stand_in(text) {
        return text.to_owned();
    }
    let mut before = marker::shrink(text);
    for _ in 0..PASSES {
        let after = pass(key, before.clone(), depth);
        if after == before {
            return marker::expand(&after);
        }
        before = after;
    }
    let judge = |value: &str| judge::judge(&Key::of(""), value);
    hide_as(&before, judge).as_str().to_owned()
}

/// Looks through a shrunk text once. Each change leaves fewer letters that are no markers, so passes
/// come to an end.
fn pass(key: &str, text: String, depth: usize) -> String {
    let secret = |prefix: &str| Marker::secret(prefix).letter();
    let password = |given: &str| hide_as(given, judge::judge_url_password).letter();
    let mut text = shape::replace(text, secret);
    text = shape::replace_url_passwords(text, password);
    if assignment::may_stand_in(&text) {
        text = assignment::redact(&text);
        let auth = Key::of("auth");
        let replaced = SCHEME.replace_all(&text, |found: &Captures| {
            let part = |name| found.name(name).map_or("", |part| part.as_str());
            let marker = hide_as(part("token"), |token| judge::judge(&auth, token));
            format!("{}{}", part("before"), marker.letter())
        });
        text = replaced.into_owned();
    }
    word::redact(key, &text, depth)
}

/// Whether the whole of a value is a reference to a secret.
fn is_reference(value: &str) -> bool {
    value.starts_with(REFERENCE) && !value.contains(char::is_whitespace)
}

fn is_key(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    !key.is_empty() && key.bytes().all(plain)
}

fn is_option(argument: &str) -> bool {
    argument.starts_with('-') && !argument.contains('=')
}
