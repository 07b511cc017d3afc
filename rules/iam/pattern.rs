//! Text with wildcards and policy variables.

use super::context::{Context, Known};
use super::document::Version;
use super::truth::Truth;

/// Text of a policy, in which `*` and `?` may be wildcards and `${…}` may be variables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern<'a> {
    pieces: Vec<Piece<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece<'a> {
    Text(&'a str),
    /// `*`
    Any,
    /// `?`
    One,
    Variable {
        key: &'a str,
        default: Option<&'a str>,
    },
}

/// What a piece is once its variable was looked up.
#[derive(Clone, Copy, Debug)]
enum Token {
    Byte(u8),
    Any,
    One,
}

impl<'a> Pattern<'a> {
    /// Reads text in which `*` and `?` are wildcards.
    ///
    /// `${…}` is a variable in documents of version 2012-10-17 alone; in others it is text.
    pub fn wild(text: &'a str, version: Version) -> Self {
        Self::read(text, version, true)
    }

    /// Reads text without wildcards.
    pub fn literal(text: &'a str, version: Version) -> Self {
        Self::read(text, version, false)
    }

    fn read(text: &'a str, version: Version, wild: bool) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if version == Version::V2012
                && let Some(inner) = rest.strip_prefix("${")
                && let Some((name, after)) = inner.split_once('}')
            {
                pieces.push(variable(name));
                rest = after;
                continue;
            }
            let special = |at: &usize| {
                let here = rest.get(*at..).unwrap_or_default();
                (wild && here.starts_with(['*', '?'])) || here.starts_with("${")
            };
            let first = rest.chars().next().map_or(1, char::len_utf8);
            match rest.as_bytes().first() {
                Some(b'*') if wild => pieces.push(Piece::Any),
                Some(b'?') if wild => pieces.push(Piece::One),
                _ => {
                    let end = rest.char_indices().map(|(at, _)| at).skip(1).find(special);
                    let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
                    pieces.push(Piece::Text(text));
                    rest = after;
                    continue;
                }
            }
            rest = rest.get(first..).unwrap_or_default();
        }
        Self { pieces }
    }

    /// Whether it is a `*` alone, which matches everything.
    pub fn is_everything(&self) -> bool {
        !self.pieces.is_empty() && self.pieces.iter().all(|piece| *piece == Piece::Any)
    }

    /// Whether it holds a wildcard.
    pub fn has_wildcard(&self) -> bool {
        let mut pieces = self.pieces.iter();
        pieces.any(|piece| matches!(piece, Piece::Any | Piece::One))
    }

    /// The keys of its variables, with their defaults.
    pub fn variables(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        self.pieces.iter().filter_map(|piece| match *piece {
            Piece::Variable { key, default } => Some((key, default)),
            Piece::Text(_) | Piece::Any | Piece::One => None,
        })
    }

    /// Whether it matches the whole text, as a string.
    pub fn matches(&self, text: &str, context: &Context<'_>) -> Truth {
        match_tokens(&self.pieces, context, |tokens| {
            covers(tokens, text.as_bytes())
        })
    }

    /// Whether it matches without regard to case.
    pub fn matches_ignoring_case(&self, text: &str, context: &Context<'_>) -> Truth {
        let text = text.to_lowercase();
        match_tokens(&self.pieces, context, |tokens| {
            let lower: Vec<_> = lowercased(tokens);
            covers(&lower, text.as_bytes())
        })
    }

    /// Whether it matches the ARN of a resource, as an element `Resource`: a variable stands for something
    /// only behind the fifth colon.
    ///
    /// Source: IAM User Guide, "IAM policy elements: Variables and tags".
    pub fn matches_resource(&self, arn: &str, context: &Context<'_>) -> Truth {
        let mut colons = 0;
        let misplaced = self.pieces.iter().any(|piece| {
            if let Piece::Text(text) = piece {
                colons += text.matches(':').count();
            }
            colons < 5 && matches!(piece, Piece::Variable { .. })
        });
        if misplaced {
            return Truth::False;
        }
        self.matches_arn(arn, context)
    }

    /// Whether it matches an ARN: each of the six parts between colons for itself.
    ///
    /// A part that is missing from the pattern is taken as `*`, as IAM completes it.
    pub fn matches_arn(&self, arn: &str, context: &Context<'_>) -> Truth {
        if self.is_everything() {
            return Truth::True;
        }
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match_tokens(&self.pieces, context, |tokens| {
            let mut patterns = split(tokens);
            let given = patterns.len();
            patterns.resize(6.max(given), &[Token::Any]);
            parts.len() == 6
                && patterns
                    .iter()
                    .zip(&parts)
                    .all(|(pattern, part)| covers(pattern, part.as_bytes()))
        })
    }
}

/// The text with other words in the place of variables, by their keys; those without one stay.
pub fn replace_variables(text: &str, with: impl Fn(&str) -> Option<String>) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("${") {
        replaced.push_str(before);
        let Some((name, after)) = inner.split_once('}') else {
            replaced.push_str("${");
            rest = inner;
            continue;
        };
        let key = name.split(',').next().unwrap_or_default().trim();
        match with(key) {
            Some(word) => replaced.push_str(&word),
            None => replaced.extend(["${", name, "}"]),
        }
        rest = after;
    }
    replaced + rest
}

/// Whether a pattern of `Action` covers an action. Neither case nor variables count.
pub(super) fn covers_action(pattern: &str, action: &str) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    let (pattern, action) = (pattern.as_bytes(), action.as_bytes());
    loop {
        match (pattern.get(at), action.get(from)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                retry = Some((at, from));
                at += 1;
            }
            (Some(wanted), Some(byte)) if *wanted == b'?' || wanted.eq_ignore_ascii_case(byte) => {
                at += 1;
                from += 1;
            }
            (_, here) => match retry {
                Some((star, start)) if here.is_some() => {
                    retry = Some((star, start + 1));
                    (at, from) = (star + 1, start + 1);
                }
                _ => return false,
            },
        }
    }
}

/// Whether a pattern of `Resource` without variables covers an ARN: as [`Pattern::matches_resource`], but
/// without a look at the context.
pub fn covers_resource(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let mut parts = arn.splitn(6, ':');
    let mut patterns = pattern.splitn(6, ':');
    let all = (&mut parts).take(6).all(|part| {
        let pattern = patterns.next().unwrap_or("*");
        crate::glob::covers(pattern.as_bytes(), part.as_bytes())
    });
    all && patterns.next().is_none() && arn.splitn(6, ':').count() == 6
}

fn variable(name: &str) -> Piece<'_> {
    match name {
        "*" | "?" | "$" => return Piece::Text(name),
        _ => {}
    }
    let (key, default) = match name.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().trim_matches('\''))),
        None => (name, None),
    };
    Piece::Variable {
        key: key.trim(),
        default,
    }
}

/// Looks up the variables and asks. Without its variable nothing matches; of one that isn't known, the answer
/// is decided only if no text in its place would match.
fn match_tokens(
    pieces: &[Piece<'_>],
    context: &Context<'_>,
    matches: impl FnOnce(&[Token]) -> bool,
) -> Truth {
    let mut tokens = Vec::new();
    let mut known = true;
    for piece in pieces {
        match *piece {
            Piece::Text(text) => tokens.extend(text.bytes().map(Token::Byte)),
            Piece::Any => tokens.push(Token::Any),
            Piece::One => tokens.push(Token::One),
            Piece::Variable { key, default } => match (&*context.get(key), default) {
                (Known::One(value), _) => tokens.extend(value.bytes().map(Token::Byte)),
                // Of several values none is meant.
                (Known::Many(_) | Known::Absent, None) => return Truth::False,
                (Known::Many(_) | Known::Absent, Some(default)) => {
                    tokens.extend(default.bytes().map(Token::Byte));
                }
                (Known::Unknown, _) => {
                    known = false;
                    tokens.push(Token::Any);
                }
            },
        }
    }
    match (matches(&tokens), known) {
        (false, _) => Truth::False,
        (true, true) => Truth::True,
        (true, false) => Truth::Unknown,
    }
}

fn lowercased(tokens: &[Token]) -> Vec<Token> {
    let mut lower = Vec::with_capacity(tokens.len());
    let mut text = Vec::new();
    let flush = |text: &mut Vec<u8>, lower: &mut Vec<Token>| {
        let lowered = String::from_utf8_lossy(text).to_lowercase();
        lower.extend(lowered.bytes().map(Token::Byte));
        text.clear();
    };
    for token in tokens {
        match token {
            Token::Byte(byte) => text.push(*byte),
            Token::Any | Token::One => {
                flush(&mut text, &mut lower);
                lower.push(*token);
            }
        }
    }
    flush(&mut text, &mut lower);
    lower
}

/// The first five colons part a pattern.
fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let is_colon = |token: &Token| matches!(token, Token::Byte(b':'));
    tokens.splitn(6, is_colon).collect()
}

/// Wildcard matching in linear space; `?` stands for one character of UTF-8.
fn covers(pattern: &[Token], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let Some(&byte) = text.get(from) else {
            let rest = pattern.get(at..).unwrap_or_default();
            return rest.iter().all(|token| matches!(token, Token::Any));
        };
        match pattern.get(at) {
            Some(Token::Any) => {
                retry = Some((at, from));
                at += 1;
                continue;
            }
            Some(Token::One) => {
                at += 1;
                from += character_length(byte);
                continue;
            }
            Some(Token::Byte(wanted)) if *wanted == byte => {
                at += 1;
                from += 1;
                continue;
            }
            _ => {}
        }
        let Some((star, start)) = retry else {
            return false;
        };
        retry = Some((star, start + 1));
        (at, from) = (star + 1, start + 1);
    }
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
    use Truth::{False, True, Unknown};

    fn context() -> Context<'static> {
        Context::closed()
            .with("aws:PrincipalTag/Team", "red")
            .with("aws:username", "a*b")
            .unknown("aws:SourceIdentity")
    }

    fn wild(pattern: &str, text: &str) -> Truth {
        Pattern::wild(pattern, Version::V2012).matches(text, &context())
    }

    #[test]
    fn wildcards_match_as_iam_does() {
        assert_eq!(wild("a*c", "abbc"), True);
        assert_eq!(wild("a*c", "abcd"), False);
        assert_eq!(wild("a?c", "aäc"), True);
        assert_eq!(wild("*", ""), True);
        assert_eq!(wild("*b*b", "abab"), True);
        assert_eq!(wild("A", "a"), False);
    }

    #[test]
    fn variables_stand_for_their_value_without_wildcards() {
        assert_eq!(wild("role/${aws:PrincipalTag/team}-*", "role/red-x"), True);
        assert_eq!(wild("${aws:username}", "a*b"), True);
        assert_eq!(wild("${aws:username}", "axb"), False);
        assert_eq!(wild("x${*}y", "x*y"), True);
        assert_eq!(wild("x${*}y", "xzy"), False);
        assert_eq!(wild("${$}{x}", "${x}"), True);
        assert_eq!(wild("${open", "${open"), True);
    }

    #[test]
    fn a_missing_variable_matches_nothing_but_its_default() {
        assert_eq!(wild("${aws:PrincipalTag/None}*", "x"), False);
        assert_eq!(wild("${aws:PrincipalTag/None, 'blue'}", "blue"), True);
        assert_eq!(wild("${aws:PrincipalTag/Team, 'blue'}", "blue"), False);
    }

    #[test]
    fn an_unknown_variable_decides_nothing_but_what_no_value_would_match() {
        assert_eq!(wild("a-${aws:SourceIdentity}", "a-b"), Unknown);
        assert_eq!(wild("a-${aws:SourceIdentity}", "b-b"), False);
    }

    #[test]
    fn before_2012_a_variable_is_text() {
        let pattern = Pattern::wild("${aws:PrincipalTag/Team}", Version::V2008);
        assert_eq!(pattern.matches("red", &context()), False);
        assert_eq!(
            pattern.matches("${aws:PrincipalTag/Team}", &context()),
            True
        );
    }

    #[test]
    fn actions_are_covered_in_any_case() {
        for (pattern, action, expected) in [
            ("*", "iam:PassRole", true),
            ("IAM:pass*", "iam:PassRole", true),
            ("iam:PassRol?", "iam:PassRole", true),
            ("iam:*Role", "iam:PassRole", true),
            ("iam:Pass", "iam:PassRole", false),
            ("iam:PassRole*x", "iam:PassRole", false),
            ("", "iam:PassRole", false),
        ] {
            assert_eq!(covers_action(pattern, action), expected, "{pattern}");
        }
    }

    #[test]
    fn a_plain_resource_is_covered_as_any_other() {
        let role = "arn:aws:iam::111111111111:role/emr/red/exec";
        for pattern in [
            "*",
            "arn:aws:iam::111111111111:role/*",
            "arn:aws:iam::*:role/emr/*/exec",
            "arn:aws:iam:*:role/*",
            "arn:aws:iam::*",
            "arn:aws:iam::111111111111:role/emr/red/exec:x",
            "role",
            "",
        ] {
            let whole = Pattern::wild(pattern, Version::V2012);
            let expected = whole.matches_resource(role, &context()) == True;
            assert_eq!(covers_resource(pattern, role), expected, "{pattern}");
        }
    }

    #[test]
    fn a_variable_in_a_resource_stands_behind_the_fifth_colon() {
        let context = Context::closed().with("aws:PrincipalAccount", "1");
        let matches = |text| {
            let pattern = Pattern::wild(text, Version::V2012);
            pattern.matches_resource("arn:aws:iam::1:role/1", &context)
        };
        assert_eq!(
            matches("arn:aws:iam::${aws:PrincipalAccount}:role/*"),
            False
        );
        assert_eq!(matches("arn:aws:iam::*:role/${aws:PrincipalAccount}"), True);
    }

    #[test]
    fn the_parts_of_an_arn_are_matched_each_for_itself() {
        let arn = |pattern: &str| {
            let arn = "arn:aws:iam::111111111111:role/emr/red/exec";
            Pattern::wild(pattern, Version::V2012).matches_arn(arn, &context())
        };
        assert_eq!(arn("*"), True);
        assert_eq!(arn("arn:aws:iam::111111111111:role/*"), True);
        assert_eq!(arn("arn:aws:iam::*:role/emr/*/exec"), True);
        assert_eq!(arn("arn:aws:iam:*:role/*"), False);
        assert_eq!(arn("arn:aws:iam::*"), True);
        assert_eq!(
            arn("arn:aws:iam::111111111111:role/emr/${aws:PrincipalTag/Team}/*"),
            True
        );
    }
}
