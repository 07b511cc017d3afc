//! Text that anybody may have written, made fit for a terminal.

use std::borrow::Cow;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

/// The text without what moves a cursor or turns the direction of writing: each such character is
/// shown as its escape.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|letter| {
        if is_hostile(letter) {
            letter.escape_unicode().to_string()
        } else {
            letter.to_string()
        }
    });
    Cow::Owned(shown.collect())
}

/// Control and format characters, and separators of lines, as Unicode has them.
fn is_hostile(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(letter);
    [
        GeneralCategory::Control,
        GeneralCategory::Format,
        GeneralCategory::LineSeparator,
        GeneralCategory::ParagraphSeparator,
    ]
    .contains(&category)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_shown_and_letters_of_all_scripts_stay() {
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\u{a}");
        assert_eq!(plain("evil\u{202e}txt"), "evil\\u{202e}txt");
        for hidden in [
            '\u{ad}',
            '\u{600}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{2028}',
            '\u{2029}',
            '\u{2060}',
            '\u{2066}',
            '\u{206f}',
            '\u{feff}',
            '\u{fff9}',
            '\u{110bd}',
            '\u{13430}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e007f}',
            '\u{85}',
        ] {
            assert!(
                !plain(&format!("a{hidden}b")).contains(hidden),
                "{hidden:?}"
            );
        }
        assert_eq!(plain("Größe 数据"), "Größe 数据");
    }
}
