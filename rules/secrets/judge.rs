//! Whether a value is a secret under its key: asked of all that is hidden, so that a rule may judge it.
//!
//! Redaction hides more than it knows to be secret. What is judged here cries no wolf: it must be a
//! secret by its shape, or one that its key tells of and that is no place, switch or reference.

use crate::secrets::key;
use crate::secrets::key::Telling;
use crate::secrets::{random, shape};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// A secret, with its public beginning, empty where it has none.
    Secret(&'static str),
    /// Not known to be one.
    Unclear,
}

/// What ends the first value of several: those of a query, of options or of a list.
const SEPARATORS: [char; 5] = ['&', ';', ',', '?', '\n'];

/// Words that are no secrets under any key.
const SWITCHES: [&str; 35] = [
    "all",
    "always",
    "anonymous",
    "any",
    "auto",
    "basic",
    "bearer",
    "default",
    "digest",
    "disable",
    "disabled",
    "enable",
    "enabled",
    "environment",
    "external",
    "false",
    "iam",
    "kerberos",
    "ldap",
    "never",
    "nil",
    "none",
    "null",
    "oauth",
    "oauth2",
    "off",
    "on",
    "optional",
    "plain",
    "required",
    "simple",
    "token",
    "true",
    "undefined",
    "yes",
];

/// What references, places and placeholders begin with, in small letters.
const OPENINGS: [&str; 31] = [
    "$(",
    "${",
    "#{",
    "%(",
    "(?",
    "***",
    "./",
    "../",
    "~/",
    "<",
    "{{",
    "{cipher}",
    "arn:",
    "classpath:",
    "emr.secret@",
    "enc(",
    "env:",
    "file:",
    "gcp-sm:",
    "hdfs:",
    "jdbc:",
    "kms:",
    "op:",
    "projects/",
    "s3:",
    "secretmanager:",
    "secretsmanager:",
    "sm:",
    "ssm:",
    "system:",
    "vault:",
];

/// What stands in for a secret in examples, without case and punctuation. `changeme` does not: it is
/// left in place and works.
const STAND_INS: [&str; 11] = [
    "dummy",
    "example",
    "fake",
    "hidden",
    "masked",
    "placeholder",
    "redacted",
    "replaceme",
    "sample",
    "tbd",
    "todo",
];

/// Judges a value under its key, quoted or not.
pub(crate) fn judge(key: &str, value: &str) -> Judgement {
    if let Some(prefix) = shape::find(value) {
        return Judgement::Secret(prefix);
    }
    let url = shape::url_passwords(value).any(is_url_password);
    Judgement::of(url || is_told(key, bare(value)))
}

/// Judges what stands where the password of a URL would.
pub(crate) fn judge_url_password(given: &str) -> Judgement {
    Judgement::of(is_url_password(given))
}

impl Judgement {
    fn of(secret: bool) -> Self {
        if secret {
            Self::Secret("")
        } else {
            Self::Unclear
        }
    }
}

/// Whether the password of a URL is one: `host:8443/a@b` has a port in its place.
fn is_url_password(password: &str) -> bool {
    let port = password.split_once('/').map_or("", |(port, _)| port);
    let is_port =
        !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    !is_port && is_plausible("password", Telling::Password, password)
}

/// A value without its quotes, its scheme of authentication and the brackets around it.
fn bare(value: &str) -> &str {
    let quotes = |letter: char| letter.is_whitespace() || "\"'\\".contains(letter);
    let value = value.trim_matches(quotes);
    let scheme = value.split_once(char::is_whitespace).filter(|(scheme, _)| {
        let known = ["basic", "bearer", "digest", "token"];
        known.iter().any(|known| scheme.eq_ignore_ascii_case(known))
    });
    scheme.map_or(value, |(_, value)| value.trim_matches(quotes))
}

/// Whether the key tells of a secret that the value is or, in a list or an object, holds.
fn is_told(key: &str, value: &str) -> bool {
    let telling = Telling::of(key);
    if telling == Telling::Nothing {
        return random::is_bare_secret(value) && !key::is_identifier(key);
    }
    let mut parts = value.split(SEPARATORS).filter(|part| !part.is_empty());
    let object = value.starts_with(['{', '[']);
    let whole = !object
        && parts
            .next()
            .is_some_and(|part| is_secret(key, telling, part));
    whole
        || parts.any(|part| {
            let pair = part.split_once(['=', ':']);
            pair.is_some_and(|(key, value)| is_secret(key, Telling::of(key), value))
        })
}

fn is_secret(key: &str, telling: Telling, value: &str) -> bool {
    let brackets = |letter: char| letter.is_whitespace() || "\"'\\}])".contains(letter);
    let value = value.trim_start_matches(['"', '\'', '\\', ' ']);
    let value = value.trim_end_matches(brackets);
    match telling {
        Telling::Nothing | Telling::Hint => false,
        Telling::Weak => {
            random::is_random(value)
                || random::is_basic_credentials(value)
                || (random::is_uuid(value) && key::is_secret_id(key))
        }
        Telling::Strong | Telling::Password => is_plausible(key, telling, value),
    }
}

/// Whether a value under a key of secrets could be one.
fn is_plausible(key: &str, telling: Telling, value: &str) -> bool {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    if telling == Telling::Password && digits {
        return value.len() >= 4;
    }
    value.len() >= 3
        && value.contains(char::is_alphanumeric)
        && !(telling == Telling::Strong && (is_quantity(value) || is_name(key, value)))
        && !SWITCHES
            .iter()
            .any(|switch| value.eq_ignore_ascii_case(switch))
        && !is_placeholder(value)
        && !is_location(value)
        && !is_dotted_name(value)
}

/// A number, with a unit or without: `0.75`, `7d`, `256mb`.
fn is_quantity(value: &str) -> bool {
    let number =
        value.trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == '%');
    let unit = value.len() - number.len();
    let plain = |letter: char| letter.is_ascii_digit() || "+-.".contains(letter);
    !number.is_empty() && unit <= 3 && number.chars().all(plain)
}

/// The name or the path of a secret that is stored elsewhere: `prod/db/credentials`, `db-secret`.
fn is_name(key: &str, value: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    let segment = |segment: &str| {
        segment.len() >= 2
            && segment.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && segment.chars().all(plain)
    };
    if !value.split('/').all(segment) || random::is_random(value) {
        return false;
    }
    let mut words = value.split(['-', '_', '.']);
    let named = words.clone().count() > 1
        && words.any(|word| ["credential", "credentials", "secret", "secrets"].contains(&word));
    value.contains('/') || (named && key::is_of_a_named_secret(key))
}

/// What stands for a value, hides it, or finds it elsewhere.
fn is_placeholder(value: &str) -> bool {
    let small = value.to_ascii_lowercase();
    let opening = OPENINGS.iter().any(|opening| small.starts_with(opening));
    let pattern = ["\\S", "\\w", "\\d", ".*", ".+", "[^"];
    opening
        || is_mask(&small)
        || is_variable(value)
        || is_stand_in(&small)
        || small.contains("(redacted")
        || pattern.iter().any(|pattern| value.contains(pattern))
        || (value.starts_with('{') && !value.contains(['"', ':']))
}

/// One character over and over: `xxxx`, `----`.
fn is_mask(small: &str) -> bool {
    let mut letters = small.chars();
    let first = letters.next().unwrap_or('x');
    (first == 'x' || !first.is_alphanumeric()) && letters.all(|letter| letter == first)
}

/// A variable of a shell, or its name: `$DB_PASSWORD`, `%DB_PASSWORD%`, `DB_PASSWORD`.
fn is_variable(value: &str) -> bool {
    let name = value.trim_matches(['$', '%']);
    let plain =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    let telling = || name.contains('_') && Telling::of(name) != Telling::Nothing;
    name.chars().all(plain) && (value.starts_with(['$', '%']) || telling())
}

fn is_stand_in(small: &str) -> bool {
    let joined: String = small.chars().filter(char::is_ascii_alphanumeric).collect();
    let yours = ["here", "key", "password", "secret", "token"];
    STAND_INS.contains(&joined.as_str())
        || (joined.starts_with("your") && yours.iter().any(|end| joined.ends_with(end)))
}

/// A path or the URL of a place, without user info.
fn is_location(value: &str) -> bool {
    if let Some((scheme, rest)) = value.split_once("://") {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "+.-:".contains(letter);
        let host = rest.split('/').next().unwrap_or_default();
        return scheme.chars().all(plain) && !host.contains('@');
    }
    value.starts_with('/') && !random::is_random(value)
}

/// The name of a class, a host or another key: at least three names with dots between.
fn is_dotted_name(value: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_$-".contains(letter);
    let name = |name: &str| {
        name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
            && name.chars().all(plain)
            && !random::is_random(name)
    };
    value.split('.').count() > 2 && value.split('.').all(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_judged_by_its_key() {
        let uuid = "123e4567-e89b-12d3-a456-426614174000";
        let hex = "5f4dcc3b5aa765d61d8327deb882cf99";
        for (key, secret, harmless) in [
            ("db.password", "changeme", "${DB_PASSWORD}"),
            ("db.password", "1234", "123"),
            ("db.password", "true story", "true"),
            ("api.token", "hunter2", "3600s"),
            ("api.token", uuid, "org.apache.x.TokenProvider"),
            ("api.token", "Bearer hunter2", "Bearer ${TOKEN}"),
            ("client.secret", "/aB3dE5fG7hJ9kL1mN3pQ", "/run/secrets/db"),
            ("client.secret", "Tr0ub4dor&3", "prod/db/credentials"),
            ("client.secret", "https://a@b/c", "https://b/c"),
            ("vault.secret_id", uuid, "prod/db"),
            ("cipher.key", hex, uuid),
            ("redis.auth", "dXNlcjpodW50ZXIy", "simple"),
            (
                "x.credentials",
                r#"{"user":"a","password":"hunter2"}"#,
                r#"{"type":"none"}"#,
            ),
            ("x.credentials", "user=a&password=hunter2", "default"),
        ] {
            assert_eq!(judge(key, secret), Judgement::Secret(""), "{key}={secret}");
            assert_eq!(judge(key, harmless), Judgement::Unclear, "{key}={harmless}");
        }
    }

    #[test]
    fn the_public_beginning_of_a_shape_is_told_whatever_the_key() {
        assert_eq!(
            judge("a", "x AKIAIOSFODNN7EXAMPLE"),
            Judgement::Secret("AKIA")
        );
        assert_eq!(
            judge("password.file", "-----BEGIN PRIVATE KEY-----"),
            Judgement::Secret("")
        );
    }

    #[test]
    fn a_url_holds_a_secret_where_it_holds_a_password() {
        assert_eq!(
            judge("a", "jdbc:postgresql://u:pw1@h/db"),
            Judgement::Secret("")
        );
        assert_eq!(
            judge("a", "jdbc:postgresql://u:${PW}@h/db"),
            Judgement::Unclear
        );
        assert_eq!(judge("a", "https://h:8443/x@1.jar"), Judgement::Unclear);
    }
}
