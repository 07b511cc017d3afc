//! Text that anybody may have written, made fit for a terminal.

use std::borrow::Cow;

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

/// Control characters, and the marks that Unicode has for the direction of writing.
fn is_hostile(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_shown_and_letters_of_all_scripts_stay() {
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\u{a}");
        assert_eq!(plain("evil\u{202e}txt"), "evil\\u{202e}txt");
        assert_eq!(plain("Größe 数据"), "Größe 数据");
    }
}
