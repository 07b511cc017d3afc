//! Words of a text that are random beyond doubt.

use crate::secrets::{key, random};

/// Whether the value of a key holds one.
pub(super) fn has_random(key: &str, text: &str) -> bool {
    random::may_hold_bare_secret(text) && cut(key, text).is_some()
}

/// The value of a key with a letter in the place of each.
pub(super) fn redact(key: &str, text: String, letter: char) -> String {
    if !has_random(key, &text) {
        return text;
    }
    let mut redacted = String::new();
    let (mut key, mut rest) = (key, text.as_str());
    while let Some((before, after)) = cut(key, rest) {
        redacted.push_str(before);
        redacted.push(letter);
        (key, rest) = ("", after);
    }
    redacted + rest
}

/// What is before and after the first such word, which may be the value of `key=` in turn. The word
/// before it may say that it is an identifier, as the key of all may of the first word.
fn cut<'a>(key: &str, text: &'a str) -> Option<(&'a str, &'a str)> {
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
        if random::is_bare_secret(token) && !key::is_identifier(key) {
            let (before, from) = text.split_at_checked(at + assigned.len())?;
            return Some((before, from.strip_prefix(token)?));
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
            assert_eq!(redact("", fill(before), 'X'), fill(after));
        }
    }
}
