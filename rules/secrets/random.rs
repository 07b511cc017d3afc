//! Whether a token looks random: its alphabet, its order and its entropy.
//!
//! Entropy alone doesn't tell a key from a long name in camel case. What random tokens have besides is
//! that their characters change kind all the time and hardly ever spell words.

use super::payload;
use super::words::WORDS;

/// How long a random token is at least, where its key tells little.
const KEYED_LENGTH: usize = 16;

/// Its entropy in bits a character: 16 random hex digits seldom have less, and names seldom have more
/// without failing the other measures.
const KEYED_BITS: f64 = 2.8;

/// How long a random token is where no key tells of it: shorter ones are names, longer ones data.
const BARE_LENGTH: std::ops::RangeInclusive<usize> = 32..=128;

/// Its entropy: 32 random characters of base64 have some 4.6, hex digits never more than 4.
const BARE_BITS: f64 = 4.2;

/// One in so many characters may be one of `+/-_`: of random base64, one in 32 is.
const SYMBOLS_ONE_IN: usize = 8;

/// One in so many neighbours at least differ in kind: of random base64, one in two do.
const BREAKS_ONE_IN: usize = 4;

/// So many letters in a row, a vowel and a consonant among them, are a word.
const WORD: usize = 3;

/// So many percent of a token at most are words. One random token of base64 in a hundred has more, of
/// 16 characters one in thirty; most names in camel case have more than 60.
const WORDS_PERCENT: usize = 50;

/// Whether a token looks random enough to be a secret under a key that says little.
pub(crate) fn is_random(token: &str) -> bool {
    token.len() >= KEYED_LENGTH
        && in_base64(token)
        && (is_mixed_hex(token) || is_disordered(token))
        && !is_public(token)
        && entropy(token) >= KEYED_BITS
}

/// Whether a token is random beyond doubt, so that it is a secret under any key.
pub(crate) fn is_bare_secret(token: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| token.as_bytes().iter().any(kind);
    BARE_LENGTH.contains(&unpadded(token).len())
        && in_base64(token)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
        && has(|byte| byte.is_ascii_alphanumeric() && !byte.is_ascii_hexdigit())
        && is_disordered(token)
        && !is_public(token)
        && entropy(token) >= BARE_BITS
        && payload::text_of(token).is_none()
}

/// Whether a value is `user:password` in base64, as HTTP's basic authentication has it.
pub(crate) fn is_basic_credentials(token: &str) -> bool {
    token.len() >= 8
        && in_base64(token)
        && decode(token).is_some_and(|bytes| bytes.contains(&b':') && is_readable(&bytes))
}

/// Whether a token is a UUID.
pub(crate) fn is_uuid(token: &str) -> bool {
    let mut groups = token.split('-');
    let long = |group: &str| {
        (
            group.len(),
            group.bytes().all(|byte| byte.is_ascii_hexdigit()),
        )
    };
    let same = [8, 4, 4, 4, 12].into_iter().all(|length| {
        groups
            .next()
            .is_some_and(|group| long(group) == (length, true))
    });
    same && groups.next().is_none()
}

/// Whether all of it is base64 of either alphabet, with its padding.
pub(super) fn in_base64(token: &str) -> bool {
    unpadded(token).bytes().all(is_base64)
}

fn is_base64(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_')
}

fn unpadded(token: &str) -> &str {
    let one = token.strip_suffix('=').unwrap_or(token);
    one.strip_suffix('=').unwrap_or(one)
}

fn is_public(token: &str) -> bool {
    let mut public = WORDS.values.public.iter();
    public.any(|public| token.starts_with(public.as_str())) || is_uuid(token)
}

/// Hex digits of both kinds, as in a key of 16 bytes.
fn is_mixed_hex(token: &str) -> bool {
    token.bytes().all(|byte| byte.is_ascii_hexdigit())
        && token.bytes().any(|byte| byte.is_ascii_digit())
        && token.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether the characters change kind as often as by chance, and spell few words.
fn is_disordered(token: &str) -> bool {
    let token = unpadded(token).as_bytes();
    let symbols = token.iter().filter(|byte| kind(**byte) == Kind::Symbol);
    let neighbours = token.iter().zip(token.iter().skip(1));
    let breaks = neighbours.filter(|&(&one, &next)| is_break(kind(one), kind(next)));
    symbols.count() * SYMBOLS_ONE_IN <= token.len()
        && (breaks.count() + 1) * BREAKS_ONE_IN >= token.len()
        && in_words(token) * 100 <= token.len() * WORDS_PERCENT
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Upper,
    Lower,
    Digit,
    Symbol,
}

fn kind(byte: u8) -> Kind {
    match byte {
        b'A'..=b'Z' => Kind::Upper,
        b'a'..=b'z' => Kind::Lower,
        b'0'..=b'9' => Kind::Digit,
        _ => Kind::Symbol,
    }
}

/// Whether two neighbours differ in kind, other than at the capital of a word.
fn is_break(one: Kind, next: Kind) -> bool {
    one != next && (one, next) != (Kind::Upper, Kind::Lower)
}

/// How many characters are in words: small letters, with a capital before them or without.
fn in_words(token: &[u8]) -> usize {
    let runs = token.chunk_by(|&one, &next| !is_break(kind(one), kind(next)));
    let words = runs.filter_map(|run| {
        let small = run.iter().filter(|byte| byte.is_ascii_lowercase()).count();
        let word = run.len().min(small + 1);
        let mut letters = run.iter().rev().take(word).map(u8::to_ascii_lowercase);
        let vowels = letters.clone().any(|letter| b"aeiouy".contains(&letter));
        let consonants = letters.any(|letter| !b"aeiou".contains(&letter));
        (small > 1 && word >= WORD && vowels && consonants).then_some(word)
    });
    words.sum()
}

/// Shannon's entropy of the characters, in bits a character.
fn entropy(token: &str) -> f64 {
    let mut bytes = unpadded(token).as_bytes().to_vec();
    bytes.sort_unstable();
    let count = |number: usize| u32::try_from(number).map_or(f64::MAX, f64::from);
    let whole = count(bytes.len());
    let same = bytes.chunk_by(|one, next| one == next);
    same.map(|run| count(run.len()) / whole)
        .map(|share| -share * share.log2())
        .sum()
}

/// The bytes that base64 of either alphabet stands for.
pub(super) fn decode(token: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(token.len());
    for quad in unpadded(token).as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for byte in quad {
            bits = bits << 6 | sextet(*byte)?;
        }
        let missing = 4_usize.saturating_sub(quad.len());
        bits = (0..missing).fold(bits, |bits, _| bits << 6);
        let [_, decoded @ ..] = bits.to_be_bytes();
        bytes.extend(decoded.into_iter().take(3_usize.saturating_sub(missing)));
    }
    Some(bytes)
}

fn sextet(byte: u8) -> Option<u32> {
    let six = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(six))
}

/// Whether bytes are text: at most one in ten is no printable character.
fn is_readable(bytes: &[u8]) -> bool {
    let odd = |byte: &&u8| !byte.is_ascii_graphic() && !byte.is_ascii_whitespace();
    bytes.iter().filter(odd).count() * 10 <= bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_names_without_a_telling_key() {
        for token in [
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "f3TtK9q0ZbXw7Lm2RsVd8Yh4Nc6Pj1Ga",
            "0aB+9dKx/27QmZtLw3Rf8VnYc5HsJu1PeGi6To4X",
            "Qm9vV2l6Mx7kR3tN8pL2sD5fG9hJ1cZ4aY6uE0wT3bM=",
        ] {
            assert!(is_bare_secret(token), "{token}");
        }
        for token in [
            "mystack-dev-EmrServerlessJobRole-1XQ2Z9ABCDEF",
            "DailyCustomerOrdersAggregationJob2024",
            "warehouse/Raw/2024/01/CustomerOrders",
            "emr-7-2-0-Spark-3-5-1-prod-eu-west-1-a",
            "123e4567-E89b-12d3-a456-426614174000",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "9F86d081884c7d659a2feaa0c55ad015",
            "eyJ0YWJsZSI6Im9yZGVycyIsImRhdGUiOiIyMDI0LTAxLTAxIn0=",
            "AAAAC3NzaC1lZDI1NTE5AAAAIH2cX0vY8qkYbq3v1k9mUe4sZr7QxW5tLpJd",
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "HiveServer2ImpersonationTokenOfTeam7Logs",
            "Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1Zz",
        ] {
            assert!(!is_bare_secret(token), "{token}");
        }
    }

    #[test]
    fn a_shorter_token_is_random_under_a_key_that_says_little() {
        for token in [
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "a1b2c3d4e5f60718",
            "k9x2m4q7w1z8b3n6",
            "Zm9vYmFyMTIzNDU2Nzg5MA==",
        ] {
            assert!(is_random(token), "{token}");
        }
        for token in [
            "user_id_customer_2024",
            "partitionKeyForUser1",
            "footerKeyOfTeamLogs1",
            "TeamA1DbMasterKeyV2",
            "col1_col2_col3_col4_col5",
            "alias/prod-emr-logs-2024-v1-primary",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "mrk-1234abcd12ab34cd56ef1234567890ab",
            "20240101000000000000",
            "aaaaaaaaaaaaaaaa1111",
            "event_time",
        ] {
            assert!(!is_random(token), "{token}");
        }
    }

    #[test]
    fn basic_credentials_are_known() {
        assert!(is_basic_credentials("dXNlcjpodW50ZXIy"));
        assert!(!is_basic_credentials("authentication"));
    }
}
