//! Percent-encoding, as IAM encodes documents and as requests carry parameters.

/// Encodes all but the unreserved characters of RFC 3986; a space is `%20`.
pub(crate) fn encode(text: &str) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    let digit = |nibble: u8| digit(nibble).to_ascii_uppercase();
    let mut encoded = String::with_capacity(text.len() * 3 / 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

/// Decodes `%XX`; what isn't one stays as it is.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        match ahead(bytes.clone()).filter(|_| byte == b'%') {
            Some(value) => {
                decoded.push(value);
                bytes.nth(1);
            }
            None => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The value of two hexadecimal digits.
fn ahead(mut bytes: std::str::Bytes<'_>) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(bytes.next()?)? * 16 + digit(bytes.next()?)?;
    u8::try_from(value).ok()
}

/// The pairs of a query string.
pub(crate) fn query(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), decode(value))
    };
    text.split('&')
        .filter(|it| !it.is_empty())
        .map(pair)
        .collect()
}

/// The pairs of a form, in which a space may be `+`.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    query(&text.replace('+', "%20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_encoded_as_iam_encodes_them() {
        assert_eq!(
            encode(r#"{"a": "b+c*é"}"#),
            "%7B%22a%22%3A%20%22b%2Bc%2A%C3%A9%22%7D"
        );
    }

    #[test]
    fn decoding_undoes_encoding() {
        let hostile = "100% + \u{1F525} <&>\" %zz %4";
        assert_eq!(decode(&encode(hostile)), hostile);
        assert_eq!(decode(hostile), hostile);
    }

    #[test]
    fn a_plus_is_a_space_in_a_form_alone() {
        let pairs = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
        assert_eq!(form("a+b=c%2Bd"), pairs("a b", "c+d"));
        assert_eq!(query("a=1+2"), pairs("a", "1+2"));
        assert_eq!(query("states"), pairs("states", ""));
    }
}
