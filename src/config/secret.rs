//! Secrets: named in the configuration, read when they are needed, never shown.

use std::fmt;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};

/// A secret: `env:NAME`, or the secret itself.
#[derive(Clone, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct Secret(String);

/// Why a secret can't be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable isn't there.
    #[error("environment variable `{0}` is not set")]
    NotSet(String),
}

impl Secret {
    /// The secret of this reference.
    pub fn reveal(&self) -> Result<String, SecretError> {
        match self.0.strip_prefix("env:") {
            Some(name) => std::env::var(name).map_err(|_| SecretError::NotSet(name.to_owned())),
            None => Ok(self.0.clone()),
        }
    }

    /// A name that tells secrets apart and gives nothing away, fit to be stored.
    pub fn name(&self) -> String {
        if self.0.starts_with("env:") {
            return self.0.clone();
        }
        let digest = Sha256::digest(self.0.as_bytes());
        let first = digest.first_chunk().copied().unwrap_or_default();
        format!("inline:{:08x}", u32::from_be_bytes(first))
    }

    /// The secret whose stored name this is, where the name tells where to find it.
    pub fn from_name(name: &str) -> Option<Self> {
        name.starts_with("env:").then(|| Self(name.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.name())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        for unsupported in ["ssm:", "secretsmanager:"] {
            if text.starts_with(unsupported) {
                return Err(D::Error::custom(format!(
                    "`{unsupported}` can't be read by this version, expected `env:NAME`"
                )));
            }
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_secret_shows_neither_in_its_name_nor_in_debug_output() {
        let secret = Secret("R0123456789".into());
        assert!(secret.name().starts_with("inline:"));
        assert!(!format!("{secret:?} {}", secret.name()).contains("R0123"));
        assert_ne!(secret.name(), Secret("R0123456780".into()).name());
        assert_eq!(secret.reveal().unwrap(), "R0123456789");
    }

    #[test]
    fn a_reference_is_found_again_by_its_name() {
        let secret = Secret("env:LINEWARD_TEST_NOT_SET".into());
        assert_eq!(Secret::from_name(&secret.name()), Some(secret.clone()));
        let error = secret.reveal().unwrap_err().to_string();
        assert_eq!(
            error,
            "environment variable `LINEWARD_TEST_NOT_SET` is not set"
        );
    }
}
