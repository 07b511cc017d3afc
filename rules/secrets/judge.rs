//! Whether a value is a secret under its key: asked of all that is hidden, so that a rule may judge it.
//!
//! Redaction hides more than it knows to be secret. What is judged here cries no wolf: it must be a
//! secret by its shape, or one that its key tells of and that is no place, switch or reference.

use super::key::{self, Grade, Key, tells};
use super::words::{WORDS, has};
use super::{payload, random, shape};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// A secret, with its public beginning, empty where it has none.
    Secret(&'static str),
    /// Not known to be one.
    Unclear,
}

/// The longest name of a column, as most databases have it.
const LONGEST_COLUMN: usize = 64;

/// The longest word in the name of a kind, and how long one is at most whose letters and digits change as
/// they do in a random token: `s3v4`.
const LONGEST_WORD: usize = 40;
const SHORT_WORD: usize = 8;

/// What ends the first value of several: those of a query, of options or of a list.
const SEPARATORS: [char; 5] = ['&', ';', ',', '?', '\n'];

/// Judges a value under its key, quoted or not.
pub(crate) fn judge(key: &Key, value: &str) -> Judgement {
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
    !is_port && is_plausible(&Key::of("password"), password)
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
fn is_told(key: &Key, value: &str) -> bool {
    if key.grade.is_none() {
        return random::is_bare_secret(value) && !key.is_identifier();
    }
    let mut parts = value.split(SEPARATORS).filter(|part| !part.is_empty());
    let object = value.starts_with(['{', '[']);
    let whole = !object && parts.next().is_some_and(|part| is_secret(key, part));
    whole
        || parts.any(|part| {
            let pair = part.split_once(['=', ':']);
            pair.is_some_and(|(key, value)| is_secret(&Key::of(key), value))
        })
}

fn is_secret(key: &Key, value: &str) -> bool {
    let brackets = |letter: char| letter.is_whitespace() || "\"'\\}])".contains(letter);
    let value = value.trim_start_matches(['"', '\'', '\\', ' ']);
    let value = value.trim_end_matches(brackets);
    match key.grade {
        None => false,
        Some(Grade::Doubtful) => {
            (random::is_random(value) && !payload::is_payload(value))
                || random::is_basic_credentials(value)
                || (random::is_uuid(value) && key.is_secret_id())
        }
        Some(Grade::Secret) => is_plausible(key, value),
    }
}

/// Whether a value under a key of secrets could be one.
fn is_plausible(key: &Key, value: &str) -> bool {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    if key.is_of_passwords() && digits {
        return value.len() >= 4;
    }
    value.len() >= 3
        && value.contains(char::is_alphanumeric)
        && !(!key.is_of_passwords() && (is_quantity(value) || is_name(key, value)))
        && !is_switch(value)
        && !is_placeholder(value)
        && !is_location(value)
        && !is_dotted_name(value)
}

/// Whether a value needs no hiding under a key that tells of a secret: an ARN, a measure, the name of a
/// kind or of columns, or a working directory. What holds a token is hidden whole at once, as it would be
/// once the token's marker stood there.
pub(crate) fn is_evident(key: &Key, value: &str) -> bool {
    let value = bare(value);
    if is_arn(value) {
        return true;
    }
    if shape::has_secret(value) || random::is_bare_secret(value) {
        return false;
    }
    if key.is_measure() && is_quantity(value) || key.is_directory() && is_directory(value) {
        return true;
    }
    let is_kind = || key.is_about_a_secret() && is_kind(value);
    let is_columns = || key.is_of_data() && value.split(',').all(|part| is_column(part.trim()));
    key.grade == Some(Grade::Doubtful) && (is_kind() || is_columns())
}

fn is_switch(value: &str) -> bool {
    has(&WORDS.values.switches, &value.to_ascii_lowercase())
}

/// The whole of an ARN: `arn:partition:service:region:account:resource`, with no more than ARNs have.
fn is_arn(value: &str) -> bool {
    let mut parts = value.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    let plain = |part: &str, more: &str| {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || more.contains(letter);
        part.chars().all(plain)
    };
    let partition = next() == "arn" && next().starts_with("aws");
    let (service, region, account, resource) = (next(), next(), next(), next());
    let numbers = account.bytes().all(|byte| byte.is_ascii_digit()) || account == "aws";
    partition
        && !service.is_empty()
        && plain(service, "-")
        && plain(region, "-")
        && numbers
        && !resource.is_empty()
        && plain(resource, "_+=,.@/:*-")
        && !shape::has_secret(resource)
}

/// An absolute path of plain names, none of them random.
fn is_directory(value: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    let mut segments = value
        .strip_prefix('/')
        .into_iter()
        .flat_map(|path| path.split('/'));
    value.starts_with('/')
        && segments.all(|name| name.chars().all(plain) && !random::is_random(name))
}

/// The name of a kind, a mechanism or a place: `api_key`, `SCRAM-SHA-512`, `PBEWithMD5AndDES`.
fn is_kind(value: &str) -> bool {
    let word = |word: &str| {
        let words = key::words(word);
        let single = words.iter().filter(|word| word.len() == 1).count();
        let plain = word.bytes().all(|letter| letter.is_ascii_alphanumeric());
        plain && word.len() <= LONGEST_WORD && (single <= 1 || word.len() <= SHORT_WORD)
    };
    !value.is_empty() && value.split(['_', '.', '-', '/', ':', ',']).all(word)
}

/// The name of a column: words of letters (`event_time`, `orders.customerId`), of which none tells of a
/// secret. One word alone may be anything, unless it is as short as `id`.
fn is_column(value: &str) -> bool {
    let words = key::words(value);
    let letters = value
        .bytes()
        .all(|byte| byte.is_ascii_alphabetic() || b"_.".contains(&byte));
    let short = words.len() == 1 && value.len() <= 2;
    let several = words.len() > 1 && words.iter().all(|word| word.len() > 1);
    letters && value.len() <= LONGEST_COLUMN && (short || several) && !tells(value)
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
fn is_name(key: &Key, value: &str) -> bool {
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
    value.contains('/') || (named && key.is_of_a_named_secret())
}

/// What stands for a value, hides it, or finds it elsewhere.
fn is_placeholder(value: &str) -> bool {
    let small = value.to_ascii_lowercase();
    let mut openings = WORDS.values.openings.iter();
    let opening = openings.any(|opening| small.starts_with(opening.as_str()));
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
    let telling = || name.contains('_') && tells(name);
    name.chars().all(plain) && (value.starts_with(['$', '%']) || telling())
}

fn is_stand_in(small: &str) -> bool {
    let joined: String = small.chars().filter(char::is_ascii_alphanumeric).collect();
    let yours = ["here", "key", "password", "secret", "token"];
    has(&WORDS.values.stand_ins, &joined)
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
            assert_eq!(
                judge(&Key::of(key), secret),
                Judgement::Secret(""),
                "{key}={secret}"
            );
            assert_eq!(
                judge(&Key::of(key), harmless),
                Judgement::Unclear,
                "{key}={harmless}"
            );
        }
    }

    #[test]
    fn the_public_beginning_of_a_shape_is_told_whatever_the_key() {
        assert_eq!(
            judge(&Key::of("a"), "x AKIAIOSFODNN7EXAMPLE"),
            Judgement::Secret("AKIA")
        );
        assert_eq!(
            judge(&Key::of("password.file"), "-----BEGIN PRIVATE KEY-----"),
            Judgement::Secret("")
        );
    }

    #[test]
    fn a_url_holds_a_secret_where_it_holds_a_password() {
        assert_eq!(
            judge(&Key::of("a"), "jdbc:postgresql://u:pw1@h/db"),
            Judgement::Secret("")
        );
        assert_eq!(
            judge(&Key::of("a"), "jdbc:postgresql://u:${PW}@h/db"),
            Judgement::Unclear
        );
        assert_eq!(
            judge(&Key::of("a"), "https://h:8443/x@1.jar"),
            Judgement::Unclear
        );
    }
}
