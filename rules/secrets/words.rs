//! What redaction knows by name: the words and shapes of `words.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

/// All of `words.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// What keys are made of.
    pub(crate) keys: KeyWords,
    /// What values are made of.
    pub(crate) values: ValueWords,
    shape: Vec<ShapeGroup>,
}

/// Words and parts of keys, each as its comment in `words.toml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyWords {
    pub(crate) secret_parts: Vec<String>,
    pub(crate) secret_words: Vec<String>,
    pub(crate) passwords: Vec<String>,
    pub(crate) doubtful_words: Vec<String>,
    pub(crate) doubtful_parts: Vec<String>,
    pub(crate) harmless_parts: Vec<String>,
    pub(crate) last_parts: Vec<String>,
    pub(crate) places: Vec<String>,
    pub(crate) kinds: Vec<String>,
    pub(crate) subjects: Vec<String>,
    pub(crate) measures: Vec<String>,
    pub(crate) data_keys: Vec<String>,
    pub(crate) ciphers: Vec<String>,
    pub(crate) directories: Vec<String>,
    pub(crate) identifiers: Vec<String>,
    pub(crate) marks: Vec<String>,
}

/// What values are or begin with, likewise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValueWords {
    pub(crate) switches: Vec<String>,
    pub(crate) openings: Vec<String>,
    pub(crate) stand_ins: Vec<String>,
    pub(crate) public: Vec<String>,
}

/// Shapes of one source: what each begins with, and the pattern of what follows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShapeGroup {
    shapes: Vec<(String, String)>,
}

impl Words {
    /// What each shape begins with, and the pattern of what follows.
    pub(super) fn shapes(&self) -> impl Iterator<Item = (&str, &str)> {
        let shapes = self.shape.iter().flat_map(|group| &group.shapes);
        shapes.map(|(mark, rest)| (mark.as_str(), rest.as_str()))
    }
}

/// What redaction knows by name.
#[expect(
    clippy::expect_used,
    reason = "the file is a constant that the tests read"
)]
pub(crate) static WORDS: LazyLock<Words> = LazyLock::new(|| {
    toml::from_str(include_str!("words.toml")).expect("`words.toml` is well-formed")
});

/// Whether a word is in a list.
pub(crate) fn has(list: &[String], word: &str) -> bool {
    list.iter().any(|known| known == word)
}
