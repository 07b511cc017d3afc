//! All that is wrong with a configuration, at once: what is wrong is cut out, and the rest is read on.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::secret::without_keys;
use super::{Config, twin};

/// How many mistakes are told at most.
const MOST: usize = 50;

/// Something in a configuration that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// In the file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// In the environment.
    Environment {
        /// The variable.
        name: String,
        /// What is wrong and what is allowed.
        message: String,
    },
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                path,
                line,
                column,
                message,
            } => write!(f, "{}:{line}:{column}: {message}", path.display()),
            Self::Environment { name, message } => {
                write!(f, "environment variable `{name}`: {message}")
            }
        }
    }
}

/// Mistakes, a line each.
pub(super) fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<_> = mistakes.iter().map(Mistake::to_string).collect();
    lines.join("\n")
}

/// What could be read of a file: its configuration without what is wrong in it, and what that is.
pub(super) fn read(path: &Path, text: &str) -> (Config, toml::Table, Vec<Mistake>) {
    let (tree, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        path,
        text,
        tree,
        cut: BTreeSet::new(),
        mistakes: Vec::new(),
    };
    if !errors.is_empty() {
        // What follows a mistake in the writing is read for something else than it is meant to be.
        for error in errors {
            reader.say(error.span().unwrap_or_default(), error.message());
        }
        return (Config::default(), toml::Table::new(), reader.mistakes);
    }
    reader.cut_blanks();
    let config = reader.config();
    let table = toml::Table::deserialize(reader.tree.into_deserializer());
    (config, table.unwrap_or_default(), reader.mistakes)
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    tree: Spanned<DeTable<'a>>,
    /// What was cut out: where its table begins, and its key.
    cut: BTreeSet<(usize, String)>,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn say(&mut self, at: Range<usize>, message: &str) {
        let (line, column) = position(self.text, at.start);
        // The error's own text would quote the line, which may hold a routing key.
        let mistake = Mistake::File {
            path: self.path.to_owned(),
            line,
            column,
            message: explained(message),
        };
        if self.mistakes.len() < MOST && !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
    }

    /// Reads on until nothing is wrong any more.
    fn config(&mut self) -> Config {
        loop {
            let error = match Config::deserialize(self.tree.clone().into_deserializer()) {
                Ok(config) => match twin(&config.team) {
                    None => return config,
                    Some((team, message)) => {
                        let at = self.name_of_team(team);
                        self.say(at.clone(), &message);
                        if self.cut_at(&at) {
                            continue;
                        }
                        return config;
                    }
                },
                Err(error) => error,
            };
            let at = error.span().unwrap_or_default();
            if !self.is_missing_by_cut(&error, &at) {
                self.say(at.clone(), error.message());
            }
            if !self.cut_at(&at) {
                return Config::default();
            }
        }
    }

    /// Whether a field is missing since it was wrong.
    fn is_missing_by_cut(&self, error: &Error, at: &Range<usize>) -> bool {
        let field = error.message().strip_prefix("missing field `");
        let field = field.and_then(|rest| rest.split('`').next());
        field.is_some_and(|field| self.cut.contains(&(at.start, field.to_owned())))
    }

    fn name_of_team(&self, team: usize) -> Range<usize> {
        let teams = self.tree.get_ref().get("team");
        let team = teams.and_then(|teams| teams.get_ref().get(team));
        let name = team.and_then(|team| team.get_ref().get("name"));
        name.map_or_else(Range::default, Spanned::span)
    }

    /// Cuts the smallest thing out that spans this place; whether there was any.
    fn cut_at(&mut self, at: &Range<usize>) -> bool {
        let start = self.tree.span().start;
        cut(self.tree.get_mut(), start, at, &mut self.cut)
    }

    fn cut_blanks(&mut self) {
        let mut blanks = Vec::new();
        find_blanks(self.tree.get_ref(), &mut blanks);
        for at in blanks {
            self.say(at.clone(), super::value::BLANK);
            self.cut_at(&at);
        }
    }
}

/// Cuts the smallest thing out of a table that spans a place.
fn cut(
    table: &mut DeTable<'_>,
    start: usize,
    at: &Range<usize>,
    done: &mut BTreeSet<(usize, String)>,
) -> bool {
    for (key, value) in table.iter_mut() {
        if cut_within(value, at, done) {
            return true;
        }
        if spans(&key.span(), at) || spans(&value.span(), at) {
            let key = key.clone();
            done.insert((start, key.get_ref().clone().into_owned()));
            table.remove(&key);
            return true;
        }
    }
    false
}

fn cut_within(
    value: &mut Spanned<DeValue<'_>>,
    at: &Range<usize>,
    done: &mut BTreeSet<(usize, String)>,
) -> bool {
    let start = value.span().start;
    match value.get_mut() {
        DeValue::Table(table) => cut(table, start, at, done),
        DeValue::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                if cut_within(item, at, done) {
                    return true;
                }
                if spans(&item.span(), at) {
                    let all = std::mem::replace(items, std::iter::empty().collect());
                    let left = all.into_iter().enumerate();
                    *items = left.filter(|(at, _)| *at != index).map(|it| it.1).collect();
                    return true;
                }
            }
            false
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => false,
    }
}

fn spans(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The strings that say nothing. Of routing keys that is told where they are looked at.
fn find_blanks(table: &DeTable<'_>, blanks: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        if !super::value::is_routing_key(key.get_ref()) {
            find_blank(value, blanks);
        }
    }
}

fn find_blank(value: &Spanned<DeValue<'_>>, blanks: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::String(text) if text.trim().is_empty() => blanks.push(value.span()),
        DeValue::Table(table) => find_blanks(table, blanks),
        DeValue::Array(items) => items.iter().for_each(|item| find_blank(item, blanks)),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {}
    }
}

/// The message of an error without what is secret, and with the word that was meant, where one is near.
pub(super) fn explained(message: &str) -> String {
    let shown = without_keys(message);
    match meant(message) {
        Some(word) => format!("{shown}; did you mean `{word}`?"),
        None => shown,
    }
}

/// The allowed word that is nearest to the one that is not.
fn meant(message: &str) -> Option<&str> {
    let (wrong, allowed) = message.strip_prefix("unknown ")?.split_once(", expected")?;
    let wrong = wrong.split('`').nth(1)?;
    nearest(wrong, allowed.split('`').skip(1).step_by(2))
}

/// The candidate that is a few letters from a word.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let word = plain(word);
    let distances = candidates.map(|candidate| {
        let distance = strsim::damerau_levenshtein(&word, &plain(candidate));
        (distance, candidate)
    });
    let (distance, candidate) = distances.min_by_key(|(distance, _)| *distance)?;
    let most = (word.chars().count() / 3).clamp(1, 4);
    (distance <= most).then_some(candidate)
}

/// The line and column of a byte, both from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    (line, last.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let (_, _, mistakes) = read(Path::new("x"), text);
        mistakes.iter().map(Mistake::to_string).collect()
    }

    #[test]
    fn all_mistakes_of_a_file_are_told_at_once() {
        let text = "[walk]\nconcurency = 3\ncall_timeout = '0s'\njob_runs = 7\n\
                    [[team]]\nname = ''\n[[team]]\naccounts = ['12']\n[[team]]\nname = 'ads'\n\
                    [[team]]\nname = 'Ads'\n[rules.spline-disable]\nenabled = false\n[stores]\n";
        let told = told(text);
        for expected in [
            "x:2:1: unknown field `concurency`",
            "did you mean `concurrency`?",
            "x:3:16: must be longer than nothing",
            "x:4:12: invalid type: integer `7`, expected a boolean",
            "x:6:8: must say something",
            "x:8:12: `12` is not an account id",
            "missing field `name`",
            "x:12:8: team `Ads` differs from team `ads` by case alone",
            "unknown rule `spline-disable`",
            "did you mean `spline-disabled`?",
            "unknown field `stores`",
            "did you mean `store`?",
        ] {
            let lines = told.iter().filter(|line| line.contains(expected));
            assert_eq!(lines.count(), 1, "{expected}: {told:#?}");
        }
        assert_eq!(told.len(), 9, "{told:#?}");
    }

    #[test]
    fn what_is_wrong_leaves_the_rest_as_it_is() {
        let text =
            "[walk]\nconcurrency = 3\njob_runs = 7\n[[team]]\nname = 'ads'\n[[team]]\nname = ' '\n";
        let (config, table, mistakes) = read(Path::new("x"), text);
        assert_eq!((config.walk.concurrency, config.team.len()), (3, 1));
        assert_eq!(table["walk"]["concurrency"].as_integer(), Some(3));
        assert_eq!(mistakes.len(), 2);
    }

    #[test]
    fn broken_writing_is_told_alone() {
        let told = told("[walk\nconcurrency = 'x'\n[team]\nname =\n");
        assert!(!told.is_empty() && told[0].starts_with("x:1:"), "{told:?}");
        assert!(told.iter().all(|line| !line.contains("usize")), "{told:?}");
    }

    #[test]
    fn only_a_near_word_is_proposed() {
        let words = ["severity", "enabled", "max-events"];
        let near = |word| nearest(word, words.into_iter());
        assert_eq!(near("severty"), Some("severity"));
        assert_eq!(near("MAX_EVENT"), Some("max-events"));
        assert_eq!(near("hours"), None);
    }
}
