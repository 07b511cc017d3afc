//! How far a value goes that stands within a longer text: to the end of its word, as a shell has it.
//!
//! A word may be of several parts, some quoted (`a"b c"'d e'\ f`), and may itself stand within a quote
//! that was opened before it (`"-Da=b -Dpassword=x"`).

use std::sync::LazyLock;

use regex_lite::Regex;

use super::regex;

/// Parts of a word that stand within no quote. A quote without its end goes to the end of the text.
static WORD: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r#"^(?:\\"[^"'\\]*\\"|\\(?s:.)|"(?:[^"\\]|\\(?s:.))*"|'[^']*'|[^\s"'\\])*"#,
        r#"(?:["'\\](?s:.)*)?"#,
    ))
});

/// A quoted text, or what was hidden.
static PART: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"^(?:\\"(?:[^"\\]|\\[^"])*\\"|"(?:[^"\\]|\\(?s:.))*"|'[^']*'|[\u{E000}-\u{E03F}])"#)
});

/// A quote: what may stand within it, with blanks or up to the first.
struct Quote {
    text: Regex,
    word: Regex,
}

static DOUBLE: LazyLock<Quote> = LazyLock::new(|| Quote {
    text: regex(r#"^(?:[^"\\]|\\(?s:.))*"#),
    word: regex(concat!(
        r#"^(?:\\"(?:[^"\\]|\\[^"])*\\"|\\(?s:.)|[^\s"'\\]"#,
        r#"|'[^"']*'|'(?:[^"\\]|\\(?s:.))*)*"#,
    )),
});

static SINGLE: LazyLock<Quote> = LazyLock::new(|| Quote {
    text: regex(r"^[^']*"),
    word: regex(r#"^(?:\\"(?:[^"'\\]|\\[^"'])*\\"|[^\s"']|"[^"']*"|"[^']*)*"#),
});

/// What is quoted at a place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// It can't be told: some quote in the text has no end.
    Unknown,
    /// This quote is open, and an escaped character may follow.
    Known { open: Option<char>, escapes: bool },
}

impl Quotes {
    const NONE: Self = Self::Known {
        open: None,
        escapes: false,
    };

    /// What is quoted at the beginning of a text.
    pub(super) fn of(text: &str) -> Self {
        if Self::NONE.after(text) == Self::NONE {
            Self::NONE
        } else {
            Self::Unknown
        }
    }

    /// What is quoted after a text that begins where this holds.
    pub(super) fn after(self, text: &str) -> Self {
        text.chars().fold(self, Self::next)
    }

    fn next(self, letter: char) -> Self {
        let Self::Known { open, escapes } = self else {
            return self;
        };
        let (open, escapes) = match open {
            _ if escapes => (open, false),
            None | Some('"') if letter == '\\' => (open, true),
            None if is_quote(letter) => (Some(letter), false),
            Some(open) if open == letter => (None, false),
            _ => (open, false),
        };
        Self::Known { open, escapes }
    }

    /// The quote that is known to be open.
    pub(super) fn open(self) -> Option<char> {
        match self {
            Self::Known { open, .. } => open,
            Self::Unknown => None,
        }
    }

    /// Whether a quote may be open.
    pub(super) fn may_be_open(self) -> bool {
        self == Self::Unknown || self.open().is_some()
    }

    /// The quotes to write here so that what is quoted after them is what is quoted there.
    pub(super) fn restored(self, there: Self) -> String {
        if self.open() == there.open() {
            return String::new();
        }
        self.open().into_iter().chain(there.open()).collect()
    }
}

/// How long the word is that a text begins with, within an open quote or none.
pub(super) fn word(text: &str, open: Option<char>) -> usize {
    match open {
        // What looks like the end of the quote is the beginning of another where the word goes on: an
        // apostrophe stood before it.
        Some(quote) if !text.strip_prefix(quote).is_some_and(goes_on) => {
            past(text, quote, length(&within(quote).word, text), None)
        }
        _ => length(&WORD, text),
    }
}

/// How long the text is up to the end of a quote, which itself stands within another or none, and on to
/// the end of the word.
pub(super) fn quoted(text: &str, quote: char, around: Option<char>) -> usize {
    past(text, quote, length(&within(quote).text, text), around)
}

/// How long the value of an object's member is: one quoted text, unless it goes on.
pub(super) fn member(text: &str, open: Option<char>) -> usize {
    let part = length(&PART, text);
    if part > 0 && !text.get(part..).is_some_and(goes_on) {
        part
    } else {
        word(text, open)
    }
}

/// Goes on past the end of a quote, if the word does.
fn past(text: &str, quote: char, end: usize, around: Option<char>) -> usize {
    let after = text.get(end..).and_then(|rest| rest.strip_prefix(quote));
    match after.filter(|after| goes_on(after) && !around.is_some_and(|it| after.starts_with(it))) {
        Some(after) => end + quote.len_utf8() + word(after, around),
        None => end,
    }
}

/// Whether a word goes on: what follows is neither a blank nor the punctuation after a value.
fn goes_on(text: &str) -> bool {
    text.starts_with(|letter: char| !letter.is_whitespace() && !",;}])".contains(letter))
}

fn within(quote: char) -> &'static Quote {
    if quote == '"' { &DOUBLE } else { &SINGLE }
}

fn length(regex: &Regex, text: &str) -> usize {
    regex.find(text).map_or(0, |found| found.end())
}

/// Whether a letter is a quote.
pub(super) fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '\'')
}
