//! Matching of `*` and `?`.

/// What a piece is once its variable was looked up.
#[derive(Clone, Copy, Debug)]
pub(super) enum Token {
    Byte(u8),
    /// `*`
    Any,
    /// `?`
    One,
}

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

/// Wildcard matching in linear space; `?` stands for one character of UTF-8.
pub(super) fn covers(pattern: &[Token], text: &[u8]) -> bool {
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

/// Whether a pattern of `Action` covers an action. Neither case nor variables count.
pub(in crate::iam) fn covers_action(pattern: &str, action: &str) -> bool {
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
        crate::estate::glob::covers(pattern.as_bytes(), part.as_bytes())
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
