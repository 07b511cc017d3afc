//! Digests, by which it shows whether something is still what it was.

use sha2::{Digest as _, Sha256};

/// The SHA-256 of these parts, one after the other, in hexadecimal digits.
pub(crate) fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let digest = hash.finalize();
    let (first, rest) = digest.split_first_chunk().unwrap_or((&[0; 16], &[]));
    let second = rest.first_chunk().copied().unwrap_or_default();
    let (first, second) = (u128::from_be_bytes(*first), u128::from_be_bytes(second));
    format!("{first:032x}{second:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_digest_that_others_make() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256([&b"a"[..], b"bc"]), expected);
    }
}
