//! Values that are secrets whatever their key: what they begin with is public, the rest is not.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

use super::words::WORDS;

/// What a private key begins with; it goes to its end.
const PRIVATE_KEY: &str = "-----BEGIN ";

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    let shapes = WORDS
        .shapes()
        .map(|(mark, rest)| regex_lite::escape(mark) + rest);
    let shapes: Vec<_> = shapes.collect();
    super::regex(&format!(
        r"(?s){PRIVATE_KEY}[A-Z ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END[^-]*-----|\z)|\b(?:{})",
        shapes.join("|")
    ))
});

/// The password in a URL: `scheme://user:password@host`, and Oracle's `user/password@host`.
static URL_PASSWORD: LazyLock<Regex> = LazyLock::new(|| {
    super::regex(concat!(
        r"(?i)(?<before>[a-z][a-z0-9+.-]*://[^\s/:@,]*:|jdbc:oracle:[a-z]+:[^\s/@]*/)",
        r"(?<password>[^\s,]+)(?<after>@)",
    ))
});

/// The public beginnings that a marker may show: at most four characters.
pub(super) fn prefixes() -> impl Iterator<Item = &'static str> {
    WORDS.shapes().map(|(mark, _)| prefix(mark))
}

fn prefix(mark: &'static str) -> &'static str {
    mark.get(..4).unwrap_or(mark)
}

/// The public beginning of the first such secret in a text, empty for a private key.
pub(crate) fn find(text: &str) -> Option<&'static str> {
    if !has_mark(text) {
        return None;
    }
    PATTERN.find(text).map(|found| prefix_of(found.as_str()))
}

/// Whether such a secret stands in a text.
pub(crate) fn has_secret(text: &str) -> bool {
    find(text).is_some()
}

/// A text with each such secret replaced by what `hide` makes of its public beginning.
pub(super) fn replace(text: String, hide: impl Fn(&str) -> char) -> String {
    if !has_mark(&text) {
        return text;
    }
    let hide = |found: &Captures| hide(prefix_of(found.get(0).map_or("", |found| found.as_str())));
    let replaced = PATTERN.replace_all(&text, |found: &Captures| hide(found).to_string());
    replaced.into_owned()
}

/// A text with the password of each URL replaced by what `hide` makes of it.
pub(super) fn replace_url_passwords(text: String, hide: impl Fn(&str) -> char) -> String {
    if !text.contains('@') {
        return text;
    }
    let replaced = URL_PASSWORD.replace_all(&text, |found: &Captures| {
        let part = |name| found.name(name).map_or("", |part| part.as_str());
        format!(
            "{}{}{}",
            part("before"),
            hide(part("password")),
            part("after")
        )
    });
    replaced.into_owned()
}

/// The passwords of the URLs in a text.
pub(crate) fn url_passwords(text: &str) -> impl Iterator<Item = &str> {
    let urls = text.contains('@').then(|| URL_PASSWORD.captures_iter(text));
    let passwords = urls.into_iter().flatten();
    passwords.filter_map(|found| found.name("password").map(|password| password.as_str()))
}

/// Whether a text holds what such a secret begins with: all others are passed by.
pub(super) fn has_mark(text: &str) -> bool {
    text.contains(PRIVATE_KEY) || WORDS.shapes().any(|(mark, _)| text.contains(mark))
}

fn prefix_of(found: &str) -> &'static str {
    let shape = WORDS.shapes().find(|(mark, _)| found.starts_with(mark));
    shape.map_or("", |(mark, _)| prefix(mark))
}
