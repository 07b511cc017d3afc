//! Text with wildcards and policy variables.

use crate::iam::context::{Context, Known};
use crate::iam::document::Version;
use crate::iam::truth::Truth;
use wildcard::{Token, covers, lowercased, split};

mod wildcard;

pub(super) use wildcard::covers_action;
pub use wildcard::covers_resource;

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
