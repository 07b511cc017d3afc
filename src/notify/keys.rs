//! The routing keys, each read when it is needed.

use std::collections::BTreeMap;

use crate::config::{Secret, SecretError, digest, reveal};

/// How many characters PagerDuty's routing keys have.
const LENGTH: usize = 32;

/// Why a routing key can't be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeyError {
    /// The secret can't be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The secret is no routing key.
    #[error("it has {0} characters, PagerDuty's have 32")]
    Length(usize),
    /// The secret has what no routing key has.
    #[error("it has characters that are neither letters nor digits, PagerDuty's have none")]
    Letters,
}

impl KeyError {
    /// Whether there is none of that name.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Secret(error) if error.is_gone())
    }

    /// Whether it may be had in a minute.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Secret(error) if error.is_passing())
    }
}

/// What is known of a routing key.
#[derive(Clone, Debug)]
pub(super) enum Key {
    /// It lies elsewhere, and was not asked for yet.
    Unasked(Secret),
    /// It is what PagerDuty expects, as far as its form tells.
    Usable(String),
    /// It can't be used.
    Unusable(KeyError),
}

/// The routing keys by their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys(BTreeMap<String, Key>);

impl Keys {
    /// Adds a key; one that lies at hand is looked at.
    pub(super) fn add(&mut self, secret: &Secret) -> Result<(), KeyError> {
        let key = match secret.at_hand() {
            None => Key::Unasked(secret.clone()),
            Some(text) => Key::of(text),
        };
        let key = self.0.entry(secret.name()).or_insert(key);
        match key {
            Key::Unusable(error) => Err(error.clone()),
            Key::Unasked(_) | Key::Usable(_) => Ok(()),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Key> {
        self.0.get(name)
    }

    #[cfg(test)]
    pub(super) fn set(&mut self, name: &str, key: Key) {
        self.0.insert(name.to_owned(), key);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Why a key can't be used, and won't be in a minute.
    pub(super) fn fault(&self, name: &str) -> Option<&KeyError> {
        match self.0.get(name) {
            Some(Key::Unusable(error)) if !error.is_passing() => Some(error),
            _ => None,
        }
    }

    /// The digest of a key, where it could be read.
    pub(super) fn digest(&self, name: &str) -> Option<String> {
        match self.0.get(name) {
            Some(Key::Usable(key)) => Some(digest(key)),
            Some(Key::Unasked(_) | Key::Unusable(_)) | None => None,
        }
    }

    /// Why a key that lies at hand can't be one. A variable that isn't set says nothing of it.
    pub(super) fn look(secret: &Secret) -> Option<KeyError> {
        match Key::of(secret.at_hand()?) {
            Key::Unusable(error) if !error.is_gone() => Some(error),
            Key::Unusable(_) | Key::Unasked(_) | Key::Usable(_) => None,
        }
    }

    /// Asks for the keys that lie elsewhere, as far as they are `wanted`; whether there were any.
    pub(super) async fn reveal(&mut self, wanted: impl Fn(&str) -> bool) -> bool {
        let unasked = self.0.iter().filter_map(|(name, key)| match key {
            Key::Unasked(secret) if wanted(name) => Some((name.clone(), secret.clone())),
            Key::Unasked(_) | Key::Usable(_) | Key::Unusable(_) => None,
        });
        let (names, secrets): (Vec<_>, Vec<_>) = unasked.unzip();
        if secrets.is_empty() {
            return false;
        }
        for (name, text) in names.into_iter().zip(reveal(&secrets).await) {
            let key = Key::of(text);
            if let Key::Unusable(error) = &key {
                tracing::warn!("routing key `{name}` can't be used: {error}");
            }
            self.0.insert(name, key);
        }
        true
    }
}

impl Key {
    fn of(text: Result<String, SecretError>) -> Self {
        match text {
            Ok(text) if text.chars().count() != LENGTH => {
                Self::Unusable(KeyError::Length(text.chars().count()))
            }
            Ok(text) if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Self::Unusable(KeyError::Letters)
            }
            Ok(text) => Self::Usable(text),
            Err(error) => Self::Unusable(error.into()),
        }
    }
}
