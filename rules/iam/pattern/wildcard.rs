//! Matching of `*` and `?`.

use crate::estate::glob;
pub(super) use crate::estate::glob::Token;

/// Lower case, but for wildcards: what stands between two is lowered as one text.
pub(super) fn lowercased(tokens: &[Token]) -> Vec<Token> {
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
pub(super) fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let is_colon = |token: &Token| matches!(token, Token::Byte(b':'));
    tokens.splitn(6, is_colon).collect()
}

/// Whether tokens cover the whole of a text.
pub(super) fn covers(pattern: &[Token], text: &[u8]) -> bool {
    glob::covers_tokens(pattern, text)
}

/// Whether a pattern of `Action` covers an action. Neither case nor variables count.
pub(in crate::iam) fn covers_action(pattern: &str, action: &str) -> bool {
    glob::covers_in_any_case(pattern.as_bytes(), action.as_bytes())
}

/// Whether a pattern of `Resource` without variables covers an ARN: as [`crate::iam::pattern::Pattern::matches_resource`], but
/// without a look at the context.
pub fn covers_resource(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let mut parts = arn.splitn(6, ':');
    let mut patterns = pattern.splitn(6, ':');
    let all = (&mut parts).take(6).all(|part| {
        let pattern = patterns.next().unwrap_or("*");
        glob::covers(pattern.as_bytes(), part.as_bytes())
    });
    all && patterns.next().is_none() && arn.splitn(6, ':').count() == 6
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
