//! Keys with their values within longer texts.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

use super::key::{self, Key};
use super::marker::Marker;
use super::reach::{self, Quotes};
use super::{REFERENCE, hide, regex};

/// What a value is quoted with.
const QUOTES: [char; 3] = ['"', '\'', '\\'];

/// A way of writing a key and what comes up to its value.
struct Assignment {
    /// One of these stands in each.
    marks: &'static [char],
    opening: Regex,
}

/// The ways, in the order they are looked for.
static ASSIGNMENTS: LazyLock<[Assignment; 2]> = LazyLock::new(|| {
    let assignment = |marks, opening| Assignment {
        marks,
        opening: regex(opening),
    };
    [
        // key=value, key: value, "key": "value".
        assignment(
            &['=', ':'],
            r#"(?<key>[A-Za-z0-9_.-]+)(?<end>\\?["'])?\s*(?<sign>[=:])\s*"#,
        ),
        // --key value.
        assignment(&['-'], r"(?<key>--?[A-Za-z][A-Za-z0-9_.-]*)\s+"),
    ]
});

/// How far a value goes.
#[derive(Clone, Copy)]
enum Reach {
    /// To the end of the quote that the key stands in, blanks and all.
    Quote(char),
    /// It is the value of an object's member: one quoted text, or a word.
    Member,
    /// To the end of the word.
    Word,
}

/// The blanks before the token after a scheme of authentication.
static BLANKS: LazyLock<Regex> = LazyLock::new(|| regex(r"^\s+"));

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
        let mut quotes = Quotes::of(text);
        while let Some(found) = self.opening.captures(rest) {
            let part = |name| found.name(name).map_or("", |part| part.as_str());
            let (key, sign) = (part("key"), part("sign"));
            let end = found.get(0).map_or(rest.len(), |opening| opening.end());
            let (opening, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            redacted.push_str(opening);
            rest = after;
            quotes = quotes.after(opening);
            let key = Some(Key::of(key)).filter(|_| !(key == "secret" && is_arn(&redacted)));
            let empty = opening.ends_with(char::is_whitespace) && is_option(sign, after);
            let hidden = key
                .filter(|key| key.grade.is_some() && !empty)
                .and_then(|key| {
                    let (value, after) = value(after, reach(&redacted, &found, quotes), quotes)?;
                    Some((kept(&key, value, quotes)?, after))
                });
            let reference = || reference(after).map(|(value, after)| (value.to_owned(), after));
            if let Some((kept, after)) = hidden.or_else(reference) {
                quotes = quotes.after(&kept);
                redacted.push_str(&kept);
                rest = after;
            }
        }
        redacted.push_str(rest);
        redacted
    }
}

/// What stands where the value of a key stood, unless there is nothing to hide: a reference and what is
/// hidden already is not looked through again.
fn kept(key: &Key, value: &str, quotes: Quotes) -> Option<String> {
    if is_reference(value) || is_hidden(value) {
        return Some(value.to_owned());
    }
    let marker = hide(key, value)?.letter();
    Some(format!("{marker}{}", quotes.restored(quotes.after(value))))
}

/// How far the value goes after what was found, with which the text before ends.
fn reach(before: &str, found: &Captures, quotes: Quotes) -> Reach {
    let Some(sign) = found.name("sign") else {
        return Reach::Word;
    };
    if found.name("end").is_some() {
        return if sign.as_str() == ":" {
            Reach::Member
        } else {
            Reach::Word
        };
    }
    let opening = found.get(0).map_or("", |opening| opening.as_str());
    let quote = before
        .strip_suffix(opening)
        .and_then(|before| before.chars().next_back());
    match quote.filter(|&it| reach::is_quote(it) && quotes.may_be_open()) {
        Some(quote) => Reach::Quote(quote),
        None => Reach::Word,
    }
}

/// Whether the next option stands where a value would after a blank, which leaves the value empty.
fn is_option(sign: &str, text: &str) -> bool {
    text.starts_with(if sign == ":" { "--" } else { "-" })
}

/// The value that a text begins with, and the rest. A scheme of authentication goes on to its token,
/// unless an option follows.
fn value(text: &str, reach: Reach, quotes: Quotes) -> Option<(&str, &str)> {
    let open = quotes.open();
    let end = match reach {
        Reach::Quote(quote) => reach::quoted(text, quote, open.filter(|&it| it != quote)),
        Reach::Member => reach::member(text, open),
        Reach::Word => reach::word(text, open),
    };
    let (mut given, mut after) = text.split_at_checked(end).filter(|_| end > 0)?;
    while ends_in_scheme(given)
        && let Some(token) = token(after, open)
    {
        (given, after) = text.split_at_checked(given.len() + token)?;
    }
    Some((given, after))
}

/// How long the blanks and the token after a scheme of authentication are.
fn token(text: &str, open: Option<char>) -> Option<usize> {
    let blanks = BLANKS.find(text)?.end();
    let token = text
        .get(blanks..)
        .filter(|token| !token.starts_with("--"))?;
    let length = reach::word(token, open);
    (length > 0).then_some(blanks + length)
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

/// The reference to a secret that a text begins with, quoted or not, and the rest.
fn reference(text: &str) -> Option<(&str, &str)> {
    let bare = text.trim_start_matches(QUOTES);
    let rest = bare.strip_prefix(REFERENCE)?;
    let after = rest.trim_start_matches(|it: char| !it.is_whitespace() && !QUOTES.contains(&it));
    text.split_at_checked(text.len() - after.len())
}

/// Whether a value, quoted or not, is a reference to a secret, and no more.
fn is_reference(value: &str) -> bool {
    let value = value.trim_matches(QUOTES);
    super::is_reference(value) && !value.contains(QUOTES)
}
