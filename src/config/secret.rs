//! Secrets: named in the configuration, read when they are needed, never shown.

use std::fmt;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_secretsmanager::error::ProvideErrorMetadata as _;
use futures_util::stream::{self, StreamExt as _};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};

/// The prefix of what Secrets Manager keeps.
const SECRETS_MANAGER: &str = "secretsmanager:";

/// How many characters PagerDuty's routing keys have.
const KEY_LENGTH: usize = 32;

/// How many secrets are asked for at once.
const AT_ONCE: usize = 8;

/// Our code for no answer.
const UNREACHABLE: &str = "Unreachable";

/// A secret: `env:NAME`, `secretsmanager:ID` (a name or an ARN), or the secret itself.
#[derive(Clone, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct Secret(String);

/// Why a secret can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The variable isn't there.
    #[error("environment variable `{0}` is not set")]
    NotSet(String),
    /// Secrets Manager doesn't give it.
    #[error("secret `{id}`: {code}: {message}")]
    Refused {
        /// Its name or ARN.
        id: String,
        /// The error code.
        code: String,
        /// What is said of it.
        message: String,
    },
}

impl SecretError {
    /// Whether there is none of that name.
    pub fn is_gone(&self) -> bool {
        match self {
            Self::NotSet(_) => true,
            Self::Refused { code, .. } => code == "ResourceNotFoundException",
        }
    }

    /// Whether it may be had in a minute.
    pub fn is_passing(&self) -> bool {
        let Self::Refused { code, .. } = self else {
            return false;
        };
        [UNREACHABLE, "InternalServiceError"].contains(&code.as_str()) || code.contains("Throttl")
    }
}

impl Secret {
    /// The secret, where nobody need be asked for it.
    pub fn at_hand(&self) -> Option<Result<String, SecretError>> {
        if let Some(name) = self.0.strip_prefix("env:") {
            let value = std::env::var(name).map(|it| it.trim().to_owned());
            return Some(value.map_err(|_| SecretError::NotSet(name.to_owned())));
        }
        let is_elsewhere = self.0.starts_with(SECRETS_MANAGER);
        (!is_elsewhere).then(|| Ok(self.0.clone()))
    }

    /// A name that tells secrets apart and gives nothing away, fit to be stored.
    pub fn name(&self) -> String {
        if is_reference(&self.0) {
            return self.0.clone();
        }
        format!("inline:{}", digest(&self.0))
    }

    /// The secret whose stored name this is, where the name tells where to find it.
    pub fn from_name(name: &str) -> Option<Self> {
        is_reference(name).then(|| Self(name.to_owned()))
    }
}

/// Eight hexadecimal digits that tell secrets apart and give nothing away.
pub fn digest(secret: &str) -> String {
    let digest = Sha256::digest(secret.as_bytes());
    let first = digest.first_chunk().copied().unwrap_or_default();
    format!("{:08x}", u32::from_be_bytes(first))
}

/// A message without what may be a routing key: one that stands in a wrong place would be quoted.
pub(super) fn without_keys(message: &str) -> String {
    let mut parts: Vec<_> = message
        .split_inclusive(|letter: char| !letter.is_ascii_alphanumeric())
        .map(str::to_owned)
        .collect();
    for part in &mut parts {
        let word = part.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        if word.len() >= KEY_LENGTH {
            let rest = part.split_off(word.len());
            *part = format!("[{} characters]{rest}", part.len());
        }
    }
    parts.concat()
}

fn is_reference(text: &str) -> bool {
    text.starts_with("env:") || text.starts_with(SECRETS_MANAGER)
}

/// The secrets of these references, in their order.
pub async fn reveal(secrets: &[Secret]) -> Vec<Result<String, SecretError>> {
    let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let revealed = stream::iter(secrets).map(async |secret| match secret.at_hand() {
        Some(text) => text,
        None => fetch(secret.0.trim_start_matches(SECRETS_MANAGER), &config).await,
    });
    revealed.buffered(AT_ONCE).collect().await
}

/// Asks Secrets Manager, in the Region of the secret's ARN where it has one.
async fn fetch(id: &str, config: &SdkConfig) -> Result<String, SecretError> {
    let region = id.split(':').nth(3).filter(|_| id.starts_with("arn:"));
    let region = region.map(|it| aws_config::Region::new(it.to_owned()));
    let mut config = aws_sdk_secretsmanager::config::Builder::from(config);
    if let Some(region) = region {
        config = config.region(region);
    }
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(Duration::from_secs(15))
        .build();
    let client = aws_sdk_secretsmanager::Client::from_conf(config.timeout_config(timeouts).build());
    let refused = |code: &str, message: &str| SecretError::Refused {
        id: id.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
    };
    let answer = client.get_secret_value().secret_id(id).send().await;
    let answer = answer.map_err(|error| match (error.code(), error.message()) {
        (Some(code), message) => refused(code, message.unwrap_or_default()),
        (None, _) => refused(UNREACHABLE, "Secrets Manager gave no answer"),
    })?;
    let text = answer
        .secret_string
        .ok_or_else(|| refused("NoText", "the secret is no text"))?;
    Ok(text.trim().to_owned())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.name())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.starts_with("ssm:") {
            return Err(D::Error::custom(
                "`ssm:` can't be read by this version, expected `env:NAME` or `secretsmanager:ID`",
            ));
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
        assert_eq!(secret.at_hand(), Some(Ok("R0123456789".into())));
    }

    #[test]
    fn a_reference_is_found_again_by_its_name() {
        let secret = Secret("env:LINEWARD_TEST_NOT_SET".into());
        assert_eq!(Secret::from_name(&secret.name()), Some(secret.clone()));
        let error = secret.at_hand().unwrap().unwrap_err().to_string();
        assert_eq!(
            error,
            "environment variable `LINEWARD_TEST_NOT_SET` is not set"
        );
    }
}
