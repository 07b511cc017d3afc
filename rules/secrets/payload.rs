//! What base64 stands for: text, JSON, or either of them compressed. None of these is a secret itself, but
//! each may hold one.

use std::io::Read as _;

use flate2::read::{GzDecoder, ZlibDecoder};

use super::random;

/// As much of what is compressed is read: a payload in a configuration is smaller, a bomb isn't.
const MOST: u64 = 256 * 1024;

/// How long a token is at least to be looked into: `{"a":"hunter2"}` has 20 characters in base64.
pub(super) const SHORTEST: usize = 16;

/// The text that a token of base64 stands for, where it stands for one.
pub(crate) fn text_of(token: &str) -> Option<String> {
    let bytes = decoded(token)?;
    inflated(&bytes).or_else(|| readable(bytes))
}

/// Whether a token stands for JSON or for something compressed, which no secret does.
pub(crate) fn is_payload(token: &str) -> bool {
    let bytes = decoded(token);
    bytes.is_some_and(|bytes| {
        inflated(&bytes).is_some() || readable(bytes).is_some_and(|text| is_json(&text))
    })
}

fn decoded(token: &str) -> Option<Vec<u8>> {
    let long = token.len() >= SHORTEST && random::in_base64(token);
    long.then(|| random::decode(token)).flatten()
}

/// The text that zlib or gzip made of it, up to a limit.
fn inflated(bytes: &[u8]) -> Option<String> {
    let mut text = Vec::new();
    let read = match bytes {
        [0x1F, 0x8B, ..] => GzDecoder::new(bytes).take(MOST).read_to_end(&mut text),
        // A method of 8 with a checksum of the header's two bytes (RFC 1950).
        [method, flags, ..]
            if method & 0x0F == 8 && (u32::from(*method) << 8 | u32::from(*flags)) % 31 == 0 =>
        {
            ZlibDecoder::new(bytes).take(MOST).read_to_end(&mut text)
        }
        _ => return None,
    };
    read.ok()?;
    readable(text)
}

/// The text that bytes are: at most one character in ten is a control character or unknown.
fn readable(bytes: Vec<u8>) -> Option<String> {
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    let odd = |letter: &char| {
        (letter.is_control() && !letter.is_whitespace()) || *letter == char::REPLACEMENT_CHARACTER
    };
    let (count, length) = (text.chars().filter(odd).count(), text.chars().count());
    (length > 0 && count * 10 <= length).then_some(text)
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<serde_json::Value>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"job":"orders","day":"2024-01-01"}`, as it is, by zlib and by gzip.
    const JSON: &str = "eyJqb2IiOiJvcmRlcnMiLCJkYXkiOiIyMDI0LTAxLTAxIn0=";
    const ZLIB: &str = "eJyrVsrKT1KyUsovSkktKlbSUUpJrARyjQyMTHQNDIFIqRYAvXsJlQ==";
    const GZIP: &str = "H4sIAAAAAAACA6tWyspPUrJSyi9KSS0qVtJRSkmsBHKNDIxMdA0MgUipFgBbUIGHIwAAAA==";

    #[test]
    fn payloads_are_read_and_random_bytes_are_not() {
        for token in [JSON, ZLIB, GZIP] {
            let text = text_of(token);
            assert_eq!(
                text.as_deref(),
                Some(r#"{"job":"orders","day":"2024-01-01"}"#),
                "{token}"
            );
            assert!(is_payload(token), "{token}");
        }
        let words = text_of("0J/RgNC40LLQtdGCLCDQvNC40YAh0J/RgNC40LLQtdGC");
        assert_eq!(words.as_deref(), Some("Привет, мир!Привет"));
        for token in [
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "Qm9vV2l6Mx7kR3tN8pL2sD5fG9hJ1cZ4aY6uE0wT3bM=",
            "eJyrVsrKT1KyUsovSkktKlbSUUpJrARyjQyMTHQN",
        ] {
            assert_eq!(text_of(token), None, "{token}");
        }
    }

    #[test]
    fn a_bomb_is_read_to_the_limit() {
        use std::io::Write as _;
        let mut bomb = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        bomb.write_all(&vec![b'a'; 10_000_000]).unwrap();
        let text = inflated(&bomb.finish().unwrap()).unwrap();
        assert_eq!(text.len() as u64, MOST);
    }
}
