//! What stands where a secret stood, and the single letters that stand for it during redaction.

use std::sync::LazyLock;

use super::shape;

/// What stands where something was hidden as a precaution, without being judged a secret.
pub const REDACTED: &str = "[redacted]";

/// What all markers begin with.
const OPENING: &str = "[redacted";

/// Every marker there is: the precaution, the secret, and the secret with each public prefix.
static MARKERS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let secrets = shape::prefixes().map(|prefix| format!("[redacted:secret:{prefix}]"));
    let plain = [REDACTED, "[redacted:secret]"].map(str::to_owned);
    plain.into_iter().chain(secrets).collect()
});

/// A marker, by its place among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marker(usize);

impl Marker {
    /// Hidden, but not judged a secret.
    pub(super) const PRECAUTION: Self = Self(0);

    /// A secret that shows a public prefix, or none (`""`).
    pub(super) fn secret(prefix: &str) -> Self {
        let place = shape::prefixes().position(|known| known == prefix);
        Self(place.map_or(1, |place| place + 2))
    }

    /// The first that hides a secret in a text.
    pub(super) fn first_secret(text: &str) -> Option<Self> {
        let markers = std::iter::successors(cut(text), |(_, _, after)| cut(after));
        let mut markers = markers.map(|(_, marker, _)| marker);
        markers.find(|marker| marker.is_secret())
    }

    /// Whether what it hides was judged a secret.
    pub(super) fn is_secret(self) -> bool {
        self != Self::PRECAUTION
    }

    /// The marker as it is read.
    pub(super) fn as_str(self) -> &'static str {
        MARKERS.get(self.0).map_or(REDACTED, String::as_str)
    }

    /// The letter that stands for it: no pattern takes it for a part of a key, and none cuts it.
    pub(super) fn letter(self) -> char {
        let offset = u32::try_from(self.0).unwrap_or_default();
        char::from_u32(u32::from(*LETTERS.start()) + offset).unwrap_or('\u{FFFD}')
    }

    /// The marker that a letter stands for.
    pub(super) fn of(letter: char) -> Option<Self> {
        let marker = LETTERS.contains(&letter);
        let offset = marker.then(|| u32::from(letter) - u32::from(*LETTERS.start()))?;
        usize::try_from(offset).ok().map(Self)
    }
}

/// The letters for markers, of Unicode's private use.
const LETTERS: std::ops::RangeInclusive<char> = '\u{E000}'..='\u{E03F}';

/// Whether something was hidden in a text.
pub fn is_hidden(text: &str) -> bool {
    cut(text).is_some()
}

/// The first marker of a secret in a text, as it stands.
pub fn secret_marker(text: &str) -> Option<&str> {
    let marker = Marker::first_secret(text)?.as_str();
    let at = text.find(marker)?;
    text.get(at..at + marker.len())
}

/// A text in which each marker is one letter.
pub(super) fn shrink(text: &str) -> String {
    let mut shrunk = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, marker, after)) = cut(rest) {
        shrunk.extend(before.chars().map(foreign));
        shrunk.push(marker.letter());
        rest = after;
    }
    shrunk.extend(rest.chars().map(foreign));
    shrunk
}

/// A shrunk text with its markers written out.
pub(super) fn expand(text: &str) -> String {
    let mut expanded = String::with_capacity(text.len());
    for letter in text.chars() {
        match Marker::of(letter) {
            Some(marker) => expanded.push_str(marker.as_str()),
            None => expanded.push(letter),
        }
    }
    expanded
}

/// The first marker in a text, with what is before and after.
fn cut(text: &str) -> Option<(&str, Marker, &str)> {
    let openings = text.match_indices(OPENING);
    openings.into_iter().find_map(|(at, _)| {
        let (before, from) = text.split_at_checked(at)?;
        let (place, after) = MARKERS
            .iter()
            .enumerate()
            .find_map(|(place, marker)| Some((place, from.strip_prefix(marker.as_str())?)))?;
        Some((before, Marker(place), after))
    })
}

/// A letter of the text itself: one that would pass for a marker's gives way.
fn foreign(letter: char) -> char {
    if LETTERS.contains(&letter) {
        '\u{FFFD}'
    } else {
        letter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_secret_marker_is_found_as_it_stands() {
        let text = "a [redacted] b [redacted:x] c [redacted:secret:AKIA] [redacted:secret]";
        assert_eq!(secret_marker(text), Some("[redacted:secret:AKIA]"));
        assert_eq!(
            secret_marker("x=[redacted:secret],"),
            Some("[redacted:secret]")
        );
        assert_eq!(secret_marker("[redacted] [redacted:secret:hunter2]"), None);
        assert!(is_hidden("a=[redacted] b"));
        assert!(!is_hidden("a=[redacted"));
    }

    #[test]
    fn a_marker_fits_into_submit_parameters_and_has_a_letter() {
        for marker in MARKERS.iter() {
            let odd = |letter: char| letter.is_whitespace() || "\"'\\,=".contains(letter);
            assert!(!marker.contains(odd), "{marker}");
            assert_eq!(expand(&shrink(marker)), *marker);
            assert_eq!(shrink(marker).chars().count(), 1, "{marker}");
        }
        assert!(MARKERS.len() <= LETTERS.count());
    }

    #[test]
    fn letters_of_the_text_never_become_markers() {
        assert_eq!(expand(&shrink("a\u{E000}b")), "a\u{FFFD}b");
    }
}
