//! What a key tells of its value.

/// How much a key says that its value is a secret. All but the first are hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Telling {
    /// Nothing, or that it is none: the name of a place, a size or a switch.
    Nothing,
    /// A word of secrets stands in it, but it is the key of a table, an index or a key store.
    Hint,
    /// A word that stands for secrets and for much else: `key`, `auth`, `pass`.
    Weak,
    /// A word that stands for secrets: `token`, `api key`, `secret`.
    Strong,
    /// A word for what people make up themselves: a number may be one.
    Password,
}

/// What makes a value a secret wherever it stands in its key, read without case and punctuation.
const SECRET_PARTS: [&str; 15] = [
    "accesskey",
    "accountkey",
    "apikey",
    "appkey",
    "authkey",
    "authorization",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "signature",
    "token",
];

/// Which of them stand for passwords.
const PASSWORD_PARTS: [&str; 4] = ["passphrase", "passwd", "password", "pwd"];

/// Words that make a value a secret only where they stand alone.
const SECRET_WORDS: [&str; 3] = ["auth", "pass", "sas"];

/// What looks like a part of a secret key and is none.
const HARMLESS_PARTS: [&str; 2] = ["secretsmanager", "tokenizer"];

/// What tells of a secret only at the end of a key: in its midst it names a subject.
const LAST_PARTS: [&str; 2] = ["authorization", "credential"];

/// What is hidden for the word in it, but says nothing of a secret.
const DOUBTFUL_PARTS: [&str; 10] = [
    "clienttoken",
    "continuationtoken",
    "idempotencytoken",
    "nexttoken",
    "pagetoken",
    "passwordless",
    "secretkeyref",
    "signature",
    "tokenis",
    "tokeniz",
];

/// Last words of keys that name a place, a size or a switch rather than a secret.
const HARMLESS_LAST_WORDS: [&str; 13] = [
    "arn",
    "class",
    "enabled",
    "endpoint",
    "expiration",
    "file",
    "interval",
    "location",
    "name",
    "path",
    "provider",
    "timeout",
    "url",
];

/// Last words that make of a secret key the key of something about a secret.
const DOUBTFUL_LAST_WORDS: [&str; 53] = [
    "algorithm",
    "alias",
    "audience",
    "binding",
    "cache",
    "column",
    "columns",
    "days",
    "dir",
    "disabled",
    "encoding",
    "env",
    "expiry",
    "factory",
    "field",
    "fields",
    "format",
    "header",
    "host",
    "id",
    "ids",
    "issuer",
    "keytab",
    "kind",
    "length",
    "manager",
    "mechanism",
    "mode",
    "names",
    "parameter",
    "pattern",
    "policy",
    "prefix",
    "principal",
    "property",
    "ref",
    "region",
    "required",
    "role",
    "rotation",
    "scope",
    "separator",
    "service",
    "signature",
    "store",
    "strategy",
    "table",
    "ttl",
    "type",
    "uri",
    "user",
    "variable",
    "version",
];

/// What stands before `key` where the key is no secret, but one of data or of a key store.
const DATA_KEYS: [&str; 24] = [
    "bucket",
    "cache",
    "cluster",
    "dedup",
    "foreign",
    "group",
    "hash",
    "index",
    "join",
    "kms",
    "map",
    "merge",
    "object",
    "order",
    "partition",
    "primary",
    "public",
    "range",
    "row",
    "shard",
    "sort",
    "surrogate",
    "tag",
    "unique",
];

/// Last words of keys whose values are random and no secrets.
const IDENTIFIERS: [&str; 16] = [
    "checksum",
    "commit",
    "digest",
    "etag",
    "fingerprint",
    "hash",
    "id",
    "ids",
    "md",
    "resource",
    "revision",
    "role",
    "sha",
    "tag",
    "uuid",
    "version",
];

/// One of these stands in every text that a key or a scheme of authentication makes secret.
const MARKS: [&str; 11] = [
    "auth",
    "basic",
    "bearer",
    "credential",
    "key",
    "pass",
    "pwd",
    "sas",
    "secret",
    "signature",
    "token",
];

/// Whether a text may hold a telling key: all others are passed by.
pub(super) fn has_mark(text: &str) -> bool {
    let small = text.to_ascii_lowercase();
    MARKS.iter().any(|mark| small.contains(mark))
}

impl Telling {
    /// What this key tells.
    pub(crate) fn of(key: &str) -> Self {
        if !has_mark(key) {
            return Self::Nothing;
        }
        let words = words(key);
        let last = words.last().map_or("", String::as_str);
        if HARMLESS_LAST_WORDS.contains(&last) {
            return Self::Nothing;
        }
        let joined = without(words.concat(), &HARMLESS_PARTS);
        let alone = |word: &String| SECRET_WORDS.contains(&word.as_str());
        let part = has_part(&joined, &SECRET_PARTS);
        if last != "key" && !words.iter().any(alone) && !part {
            return Self::Nothing;
        }
        Self::strength(&words, last, joined)
    }

    /// How much a hidden key tells.
    fn strength(words: &[String], last: &str, joined: String) -> Self {
        let before_last = words.iter().rev().nth(1).map_or("", String::as_str);
        let mut named = without(joined, &DOUBTFUL_PARTS);
        if !has_part(last, &LAST_PARTS) {
            named = without(named, &LAST_PARTS);
        }
        if words.iter().any(|word| word == "redaction") {
            Self::Hint
        } else if DOUBTFUL_LAST_WORDS.contains(&last) {
            Self::Weak
        } else if has_part(&named, &PASSWORD_PARTS) {
            Self::Password
        } else if has_part(&named, &SECRET_PARTS) {
            Self::Strong
        } else if last == "key" && DATA_KEYS.contains(&before_last) {
            Self::Hint
        } else {
            Self::Weak
        }
    }
}

/// Whether a key names an identifier, a digest or a place, which may look random.
pub(crate) fn is_identifier(key: &str) -> bool {
    let words = words(key);
    let last = words.last().map_or("", String::as_str);
    IDENTIFIERS.contains(&last) || HARMLESS_LAST_WORDS.contains(&last)
}

/// Whether a key names a secret by itself rather than its kind: AWS's word for a stored secret.
pub(crate) fn is_of_a_named_secret(key: &str) -> bool {
    has_part(&words(key).concat(), &["secret", "credential"])
}

/// Whether a key is that of Vault's secret ids: UUIDs that are secrets.
pub(crate) fn is_secret_id(key: &str) -> bool {
    words(key).concat().ends_with("secretid")
}

fn has_part(joined: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| joined.contains(part))
}

fn without(mut joined: String, parts: &[&str]) -> String {
    for part in parts {
        if joined.contains(part) {
            joined = joined.replace(part, "");
        }
    }
    joined
}

fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for letter in key.chars() {
        let boundary = !letter.is_alphabetic() || (after_small && letter.is_uppercase());
        if boundary && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if letter.is_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        after_small = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_say_secret_are_told_from_those_that_name_a_place() {
        for key in [
            "spark.datadog.apiKey",
            "spark.emr-serverless.driverEnv.DB_PASSWORD",
            "spark.hadoop.fs.s3a.secret.key",
            "spark.hadoop.fs.s3a.access.key",
            "spark.datahub.rest.token",
            "VAULT_TOKEN",
            "private_key",
        ] {
            assert!(Telling::of(key) >= Telling::Strong, "{key}");
        }
        for key in [
            "spark.jars",
            "spark.spline.mode",
            "spark.hadoop.fs.s3a.aws.credentials.provider",
            "spark.datacom.secret.path",
            "spark.sql.tokenizer.mode",
            "spark.shuffle.keyOrdering",
        ] {
            assert_eq!(Telling::of(key), Telling::Nothing, "{key}");
        }
    }

    #[test]
    fn a_key_tells_by_its_words() {
        for (key, telling) in [
            ("spark.x.token.mechanism", Telling::Weak),
            ("--partition-key", Telling::Hint),
            ("fs.s3a.encryption.key", Telling::Weak),
            ("spark.redis.auth", Telling::Weak),
            ("KEYSTORE_PASSWORD", Telling::Password),
        ] {
            assert_eq!(Telling::of(key), telling, "{key}");
        }
    }

    #[test]
    fn each_part_of_a_secret_key_has_a_mark() {
        for part in SECRET_PARTS.iter().chain(&SECRET_WORDS) {
            assert!(MARKS.iter().any(|mark| part.contains(mark)), "{part}");
        }
    }
}
