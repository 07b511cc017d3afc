//! Container images: what stands after the colon of `team/secret:v1` is a tag.

use super::shape;

/// What an image's URI goes without.
const SCHEME: &str = "https://";

/// The URI of an image, redacted unless it is nothing but host, path, tag and digest.
pub fn image(uri: &str) -> String {
    if is_plain(uri) && !shape::has_secret(uri) {
        return uri.to_owned();
    }
    if uri.contains("://") {
        return super::text(uri);
    }
    // Credentials stand before the host with or without a scheme.
    let redacted = super::text(&format!("{SCHEME}{uri}"));
    redacted
        .strip_prefix(SCHEME)
        .unwrap_or(&redacted)
        .to_owned()
}

fn is_plain(uri: &str) -> bool {
    let (rest, digest) = uri.split_once('@').unwrap_or((uri, "sha256:"));
    let path = |letter: char| letter.is_ascii_alphanumeric() || "._/:-".contains(letter);
    let hex = digest.strip_prefix("sha256:");
    rest.chars().all(path)
        && !rest.contains("://")
        && hex.is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_kept_unless_a_secret_stands_in_it() {
        let digest = format!("registry:5000/emr@sha256:{}", "0a".repeat(32));
        for uri in [
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/secret:v1",
            &digest,
        ] {
            assert_eq!(image(uri), uri);
        }
        for uri in [
            "https://me:hunter2@registry.example.com/emr:v1",
            "me:hunter2@registry.example.com/emr:v1",
            "registry.example.com/emr:v1?token=hunter2",
            "registry.example.com/emr:ghp_0123456789abcdefghijklmnopqrstuhunter2",
        ] {
            assert!(!image(uri).contains("hunter2"), "{uri}: {}", image(uri));
        }
    }
}
