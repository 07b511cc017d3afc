//! What a key tells of its value.

use super::words::{WORDS, has};

/// How much a key says that its value is a secret. Under both, the value is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grade {
    /// A word that stands for secrets and for much else (`key`, `auth`), or a key about a secret.
    Doubtful,
    /// A word that stands for secrets: `token`, `api key`, `password`.
    Secret,
}

/// A key, read by its words.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    words: Vec<String>,
    joined: String,
    /// How much it says, if anything: not so the name of a place, a switch or a column.
    pub(crate) grade: Option<Grade>,
}

/// Whether a text may hold a telling key: all others are passed by.
pub(super) fn has_mark(text: &str) -> bool {
    let small = text.to_ascii_lowercase();
    WORDS
        .keys
        .marks
        .iter()
        .any(|mark| small.contains(mark.as_str()))
}

impl Key {
    /// Reads a key.
    pub(crate) fn of(key: &str) -> Self {
        let words = words(key.strip_prefix("-D").unwrap_or(key));
        let mut key = Self {
            joined: words.concat(),
            words,
            grade: None,
        };
        key.grade = key.graded();
        key
    }

    fn graded(&self) -> Option<Grade> {
        if !has_mark(&self.joined) {
            return None;
        }
        let known = &WORDS.keys;
        let last = self.last();
        let alone = |list: &[String]| self.words.iter().any(|word| has(list, word));
        let is_webhook = ["url", "endpoint"].contains(&last) && self.joined.contains("webhook");
        let is_place = has(&known.places, last) && !is_webhook;
        let is_data = last == "key" && has(&known.data_keys, self.before_last());
        if is_place || is_data || self.words.iter().any(|word| word == "redaction") {
            return None;
        }
        let joined = without(self.joined.clone(), &known.harmless_parts);
        let mut named = without(joined.clone(), &known.doubtful_parts);
        if !has_part(last, &known.last_parts) {
            named = without(named, &known.last_parts);
        }
        let is_named = has_part(&named, &known.secret_parts) || alone(&known.secret_words);
        let is_about = has(&known.kinds, last) || has(&known.subjects, last);
        if is_named && (!is_about || self.joined.ends_with("externalid")) {
            return Some(Grade::Secret);
        }
        let part = has_part(&joined, &known.secret_parts) || joined.contains("signature");
        let doubtful = is_named || part || last == "key" || alone(&known.doubtful_words);
        doubtful.then_some(Grade::Doubtful)
    }

    /// Whether it is about a secret, such as its type, its age or its column.
    pub(crate) fn is_about_a_secret(&self) -> bool {
        has(&WORDS.keys.kinds, self.last())
    }

    /// Whether it may be the key of a table: any but one of a cipher.
    pub(crate) fn is_of_data(&self) -> bool {
        self.last() == "key" && !has(&WORDS.keys.ciphers, self.before_last())
    }

    /// Whether a number under it is a measure.
    pub(crate) fn is_measure(&self) -> bool {
        self.is_about_a_secret()
            || self
                .words
                .iter()
                .any(|word| has(&WORDS.keys.measures, word))
    }

    /// Whether it is that of the shell's working directory.
    pub(crate) fn is_directory(&self) -> bool {
        has(&WORDS.keys.directories, self.last())
    }

    /// Whether people make up its values themselves, so that a number may be a secret.
    pub(crate) fn is_of_passwords(&self) -> bool {
        has_part(&self.joined, &WORDS.keys.passwords)
    }

    /// Whether it names an identifier, a digest or a place, which may look random.
    pub(crate) fn is_identifier(&self) -> bool {
        has(&WORDS.keys.identifiers, self.last()) || has(&WORDS.keys.places, self.last())
    }

    /// Whether it names a secret by itself rather than its kind: AWS's word for a stored secret.
    pub(crate) fn is_of_a_named_secret(&self) -> bool {
        ["secret", "credential"]
            .iter()
            .any(|part| self.joined.contains(part))
    }

    /// Whether it is that of Vault's secret ids: UUIDs that are secrets.
    pub(crate) fn is_secret_id(&self) -> bool {
        self.joined.ends_with("secretid")
    }

    fn last(&self) -> &str {
        self.words.last().map_or("", String::as_str)
    }

    fn before_last(&self) -> &str {
        self.words.iter().rev().nth(1).map_or("", String::as_str)
    }
}

/// Whether a word of secrets stands in a name.
pub(crate) fn tells(name: &str) -> bool {
    Key::of(name).grade.is_some()
}

fn has_part(joined: &str, parts: &[String]) -> bool {
    parts.iter().any(|part| joined.contains(part.as_str()))
}

fn without(mut joined: String, parts: &[String]) -> String {
    for part in parts {
        if joined.contains(part.as_str()) {
            joined = joined.replace(part.as_str(), "");
        }
    }
    joined
}

/// The words of a name in small letters, cut at capitals and at what is no letter.
pub(crate) fn words(key: &str) -> Vec<String> {
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
    fn a_key_tells_by_its_words() {
        for (grade, keys) in [
            (
                Some(Grade::Secret),
                "spark.datadog.apiKey spark.emr-serverless.driverEnv.DB_PASSWORD VAULT_TOKEN private_key \
                 spark.hadoop.fs.s3a.secret.key spark.hadoop.fs.s3a.access.key KEYSTORE_PASSWORD pw \
                 spark.sql.catalog.x.client.assume-role.external-id sts:ExternalId",
            ),
            (
                Some(Grade::Doubtful),
                "spark.x.token.mechanism fs.s3a.encryption.key spark.redis.auth VAULT_SECRET_ID \
                 X-Amz-Signature alerts.webhook.url",
            ),
            (
                None,
                "spark.jars spark.spline.mode spark.hadoop.fs.s3a.aws.credentials.provider --partition-key \
                 spark.datacom.secret.path spark.sql.tokenizer.mode spark.shuffle.keyOrdering \
                 spark.redaction.regex",
            ),
        ] {
            for key in keys.split_whitespace() {
                assert_eq!(Key::of(key).grade, grade, "{key}");
            }
        }
    }

    #[test]
    fn each_telling_word_of_a_key_has_a_mark() {
        let known = &WORDS.keys;
        let lists = [
            &known.secret_parts,
            &known.secret_words,
            &known.doubtful_words,
        ];
        for part in lists.into_iter().flatten() {
            assert!(has_mark(part), "{part}");
        }
        assert!(has_mark("x.external-id") && has_mark("ExternalId"));
    }
}
