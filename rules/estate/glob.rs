//! Texts with wildcards.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::estate::Arn;

/// A text in which `*` stands for any text and `?` for any character.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Glob(String);

impl Glob {
    /// Whether it covers the whole of a text.
    pub fn matches(&self, text: &str) -> bool {
        covers(self.0.as_bytes(), text.as_bytes())
    }

    /// The text as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Glob {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

/// An ARN in which `*` stands for any text and `?` for any character.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct ArnGlob(Glob);

impl ArnGlob {
    /// Whether the glob covers this ARN.
    pub fn matches(&self, arn: &Arn) -> bool {
        self.0.matches(arn.as_str())
    }

    /// One resource. No ARN that is judged holds a wildcard.
    pub fn exact(arn: &Arn) -> Self {
        Self(Glob(arn.to_string()))
    }

    /// The glob as it is written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl<'de> Deserialize<'de> for ArnGlob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let fields = text.split(':').count();
        if text == "*" || (text.starts_with("arn:") && (fields >= 6 || text.ends_with('*'))) {
            return Ok(Self(Glob(text)));
        }
        Err(serde::de::Error::custom(format!(
            "malformed ARN `{text}`, expected `arn:partition:service:region:account:resource`, \
             in which `*` and `?` are wildcards"
        )))
    }
}

/// A piece of a pattern.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token {
    /// A byte, which stands for itself.
    Byte(u8),
    /// `*`: any text.
    Any,
    /// `?`: one character of UTF-8.
    One,
}

impl From<u8> for Token {
    fn from(byte: u8) -> Self {
        match byte {
            b'*' => Self::Any,
            b'?' => Self::One,
            byte => Self::Byte(byte),
        }
    }
}

/// Whether `pattern`, with `*` and `?`, covers the whole of `text`.
pub(crate) fn covers(pattern: &[u8], text: &[u8]) -> bool {
    matches(pattern, text, Token::from, |one, other| one == other)
}

/// As [`covers`]; the case of ASCII letters doesn't count.
pub(crate) fn covers_in_any_case(pattern: &[u8], text: &[u8]) -> bool {
    let is_same = |one: u8, other: u8| one.eq_ignore_ascii_case(&other);
    matches(pattern, text, Token::from, is_same)
}

/// As [`covers`], of tokens: `*` and `?` may be text there.
pub(crate) fn covers_tokens(pattern: &[Token], text: &[u8]) -> bool {
    matches(pattern, text, |token| token, |one, other| one == other)
}

/// Linear in space, and in time but for the last star.
fn matches<T: Copy>(
    pattern: &[T],
    text: &[u8],
    token: impl Fn(T) -> Token,
    is_same: impl Fn(u8, u8) -> bool,
) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(from) {
        match pattern.get(at).map(|&piece| token(piece)) {
            Some(Token::Any) => {
                at += 1;
                retry = Some((at, from));
            }
            Some(Token::One) => {
                at += 1;
                from += character_length(byte);
            }
            Some(Token::Byte(wanted)) if is_same(wanted, byte) => {
                at += 1;
                from += 1;
            }
            Some(Token::Byte(_)) | None => {
                let Some((after, start)) = retry else {
                    return false;
                };
                retry = Some((after, start + 1));
                (at, from) = (after, start + 1);
            }
        }
    }
    let mut rest = pattern.get(at..).unwrap_or_default().iter();
    rest.all(|&piece| matches!(token(piece), Token::Any))
}

fn character_length(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_cover_whole_texts() {
        let cases = [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*b", "abab", true),
            ("a?c", "aéc", true),
            ("a??c", "aéc", false),
            ("*?", "é", true),
            (
                "arn:*:/applications/*",
                "arn:aws:/applications/x/jobruns/y",
                true,
            ),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(
                covers(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn a_malformed_arn_is_refused_with_what_is_expected() {
        #[derive(Debug, Deserialize)]
        struct Holder {
            #[expect(dead_code, reason = "only its parsing is tested")]
            resource: ArnGlob,
        }
        assert!(toml::from_str::<Holder>("resource = 'arn:aws:emr-serverless:*'").is_ok());
        let error = toml::from_str::<Holder>("resource = 'emr-serverless'").unwrap_err();
        assert!(
            error.to_string().contains("malformed ARN `emr-serverless`"),
            "{error}"
        );
    }
}
