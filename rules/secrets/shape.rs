//! Values that are secrets whatever their key: what they begin with is public, the rest is not.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

/// What a shape begins with, and the pattern of what follows.
const SHAPES: [(&str, &str); 31] = [
    // AWS: long-term and temporary key ids, and session tokens.
    ("AKIA", r"[0-9A-Z]{16}\b"),
    ("ASIA", r"[0-9A-Z]{16}\b"),
    ("IQoJb3JpZ2lu", r"[A-Za-z0-9+/_-]{50,}=*"),
    ("FwoGZXIvYXdz", r"[A-Za-z0-9+/_-]{50,}=*"),
    // GitHub and GitLab.
    ("ghp_", r"[A-Za-z0-9]{36,}"),
    ("gho_", r"[A-Za-z0-9]{36,}"),
    ("ghu_", r"[A-Za-z0-9]{36,}"),
    ("ghs_", r"[A-Za-z0-9]{36,}"),
    ("ghr_", r"[A-Za-z0-9]{36,}"),
    ("github_pat_", r"[A-Za-z0-9_]{20,}"),
    ("glpat-", r"[A-Za-z0-9_-]{20,}"),
    // Slack.
    ("xoxa-", r"[A-Za-z0-9-]{10,}"),
    ("xoxb-", r"[A-Za-z0-9-]{10,}"),
    ("xoxe-", r"[A-Za-z0-9-]{10,}"),
    ("xoxo-", r"[A-Za-z0-9-]{10,}"),
    ("xoxp-", r"[A-Za-z0-9-]{10,}"),
    ("xoxr-", r"[A-Za-z0-9-]{10,}"),
    ("xoxs-", r"[A-Za-z0-9-]{10,}"),
    ("xapp-", r"[A-Za-z0-9-]{20,}"),
    // HashiCorp Vault.
    ("hvs.", r"[A-Za-z0-9_-]{20,}"),
    ("hvb.", r"[A-Za-z0-9_-]{20,}"),
    // JSON web tokens.
    (
        "eyJ",
        r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    ),
    // Google, Stripe, Databricks, New Relic, SendGrid, npm, PyPI, Anthropic.
    ("AIza", r"[A-Za-z0-9_-]{35}"),
    ("ya29.", r"[A-Za-z0-9_-]{20,}"),
    ("sk_live_", r"[A-Za-z0-9]{16,}"),
    ("dapi", r"[0-9a-f]{32}(?:-[0-9]+)?\b"),
    ("NRAK-", r"[0-9A-Z]{27}\b"),
    ("SG.", r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("npm_", r"[A-Za-z0-9]{36}"),
    ("pypi-AgE", r"[A-Za-z0-9_-]{50,}"),
    ("sk-ant-", r"[A-Za-z0-9_-]{20,}"),
];

/// What a private key begins with; it goes to its end.
const PRIVATE_KEY: &str = "-----BEGIN ";

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    let shapes = SHAPES.map(|(mark, rest)| regex_lite::escape(mark) + rest);
    crate::secrets::regex(&format!(
        r"(?s){PRIVATE_KEY}[A-Z ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END[^-]*-----|\z)|\b(?:{})",
        shapes.join("|")
    ))
});

/// The password in a URL: `scheme://user:password@host`, and Oracle's `user/password@host`.
static URL_PASSWORD: LazyLock<Regex> = LazyLock::new(|| {
    crate::secrets::regex(concat!(
        r"(?i)(?<before>[a-z][a-z0-9+.-]*://[^\s/:@,]*:|jdbc:oracle:[a-z]+:[^\s/@]*/)",
        r"(?<password>[^\s,]+)(?<after>@)",
    ))
});

/// The public beginnings that a marker may show: at most four characters.
pub(super) fn prefixes() -> impl Iterator<Item = &'static str> {
    SHAPES.iter().map(|(mark, _)| prefix(mark))
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
    text.contains(PRIVATE_KEY) || SHAPES.iter().any(|(mark, _)| text.contains(mark))
}

fn prefix_of(found: &str) -> &'static str {
    let mut shapes = SHAPES.iter();
    let shape = shapes.find(|(mark, _)| found.starts_with(mark));
    shape.map_or("", |(mark, _)| prefix(mark))
}
