//! Words of a text that are random beyond doubt, or that stand for a text with a secret in it.

use super::key::Key;
use super::marker::Marker;
use super::{payload, random};

/// How deep payloads are looked into: what is compressed can hold itself.
const DEEPEST: usize = 2;

/// The value of a key with a letter in the place of each. `depth` counts the payloads around it.
pub(super) fn redact(key: &str, text: &str, depth: usize) -> String {
    let mut redacted = String::with_capacity(text.len());
    let (mut key, mut rest) = (key, text);
    while let Some((before, marker, after)) = cut(key, rest, depth) {
        redacted.push_str(before);
        redacted.push(marker.letter());
        (key, rest) = ("", after);
    }
    redacted + rest
}

/// Whether a text holds a token that is long enough: most texts don't.
pub(super) fn may_stand_in(text: &str) -> bool {
    let mut runs =
        text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"+/-_".contains(letter));
    runs.any(|run| run.len() >= payload::SHORTEST)
}

/// The marker for a token under its key, if it is such a one.
pub(super) fn marker(key: &str, token: &str, depth: usize) -> Option<Marker> {
    if random::is_bare_secret(token) {
        let is_identifier = Key::of(key).is_identifier();
        return (!is_identifier).then(|| Marker::secret(""));
    }
    let text = (depth < DEEPEST)
        .then(|| payload::text_of(token))
        .flatten()?;
    let text = super::within("", &text, depth + 1);
    Marker::first_secret(&text)
}

/// What is before and after the first such word, which may be the value of `key=` in turn. The word
/// before it may say that it is an identifier, as the key of all may of the first word.
fn cut<'a>(key: &str, text: &'a str, depth: usize) -> Option<(&'a str, Marker, &'a str)> {
    let mut at = 0;
    let mut previous = key;
    for piece in text.split_inclusive(is_end) {
        let word = piece.trim_end_matches(is_end);
        let (assigned, token) = split(word);
        let key = if assigned.is_empty() {
            previous
        } else {
            assigned
        };
        if let Some(marker) = marker(key, token, depth) {
            let (before, from) = text.split_at_checked(at + assigned.len())?;
            return Some((before, marker, from.strip_prefix(token)?));
        }
        if word.len() > 1 {
            previous = word;
        }
        at += piece.len();
    }
    None
}

fn is_end(letter: char) -> bool {
    letter.is_whitespace() || "\"'\\".contains(letter)
}

/// `key=` and the token after it, which may end in `=` itself.
fn split(word: &str) -> (&str, &str) {
    let at = word.trim_end_matches('=').rfind('=').map_or(0, |at| at + 1);
    word.split_at_checked(at).unwrap_or(("", word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_taken() {
        let marker = Marker::secret("").letter().to_string();
        let token = "Qm9vV2l6Mx7kR3tN8pL2sD5fG9hJ1cZ4aY6uE0wT3bM=";
        for (before, after) in [
            ("--conf a.b={} --c", "--conf a.b=X --c"),
            ("{\"a\": \"{}\"}", "{\"a\": \"X\"}"),
            ("say {}", "say X"),
            ("s3://b/{} x,{} a.{}", "s3://b/{} x,{} a.{}"),
            (
                "--sheet-id {} --conf x.commit={}",
                "--sheet-id {} --conf x.commit={}",
            ),
        ] {
            let fill = |text: &str| text.replace("{}", token);
            assert_eq!(
                redact("", &fill(before), 0),
                fill(after).replace('X', &marker)
            );
        }
    }
}
