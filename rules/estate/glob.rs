//! Texts with wildcards.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::estate::Arn;

/// A text in which `*` stands for any text and `?` for any character.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
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

/// Whether `pattern`, with `*` and `?`, covers the whole of `text`. Linear but for the last star.
pub(crate) fn covers(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(&expected) if expected == b'?' || expected == byte => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after, from)) = star else {
                    return false;
                };
                star = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|&byte| byte == b'*'))
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
