//! Secrets: named in the configuration, read when they are needed, never shown.

use std::fmt;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_secretsmanager::error::ProvideErrorMetadata as _;
use futures_util::stream::{self, StreamExt as _};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// What stands before the name of what Secrets Manager keeps.
const SECRETS_MANAGER: &str = "secretsmanager";

/// What stands before the name of what Systems Manager's Parameter Store keeps.
const PARAMETER_STORE: &str = "ssm";

/// The longest that a service may take to give one.
const LONGEST: Duration = Duration::from_secs(15);

/// How many characters PagerDuty's routing keys have.
const KEY_LENGTH: usize = 32;

/// How many secrets are asked for at once.
const AT_ONCE: usize = 8;

/// Our code for no answer.
const UNREACHABLE: &str = "Unreachable";

/// A secret: `env:NAME`, `secretsmanager:ID` or `ssm:NAME` (a name or an ARN), or the secret itself.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(String);

/// Why a secret can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The variable isn't there.
    #[error("environment variable `{0}` is not set")]
    NotSet(String),
    /// The service that keeps it doesn't give it.
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
            Self::Refused { code, .. } => {
                ["ResourceNotFoundException", "ParameterNotFound"].contains(&code.as_str())
            }
        }
    }

    /// Whether it may be had in a minute.
    pub fn is_passing(&self) -> bool {
        let Self::Refused { code, .. } = self else {
            return false;
        };
        [UNREACHABLE, "InternalServiceError", "InternalServerError"].contains(&code.as_str())
            || crate::collect::names_throttling(code)
    }
}

impl Secret {
    /// The secret, where nobody need be asked for it.
    pub fn at_hand(&self) -> Option<Result<String, SecretError>> {
        if let Some(name) = self.0.strip_prefix("env:") {
            let value = std::env::var(name).map(|it| it.trim().to_owned());
            return Some(value.map_err(|_| SecretError::NotSet(name.to_owned())));
        }
        let is_elsewhere = is_reference(&self.0);
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
    let before = text.split_once(':').map(|(before, _)| before);
    before.is_some_and(|it| ["env", SECRETS_MANAGER, PARAMETER_STORE].contains(&it))
}

/// The secrets of these references, in their order.
pub async fn reveal(secrets: &[Secret]) -> Vec<Result<String, SecretError>> {
    let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let revealed = stream::iter(secrets).map(async |secret| {
        if let Some(text) = secret.at_hand() {
            return text;
        }
        let fetched = match secret.0.split_once(':') {
            Some((PARAMETER_STORE, name)) => of_parameter_store(name, &config).await,
            Some((_, id)) => of_secrets_manager(id, &config).await,
            None => Ok(secret.0.clone()),
        };
        fetched.map(|text| text.trim().to_owned())
    });
    revealed.buffered(AT_ONCE).collect().await
}

/// Asks Secrets Manager, in the Region of the secret's ARN where it has one.
async fn of_secrets_manager(id: &str, config: &SdkConfig) -> Result<String, SecretError> {
    let client = aws_sdk_secretsmanager::Client::new(&within(config, id));
    let answer = client.get_secret_value().secret_id(id).send().await;
    let answer = answer.map_err(|error| refused(id, error.code(), error.message()))?;
    let text = answer.secret_string;
    text.ok_or_else(|| refused(id, Some("NoText"), Some("the secret is not a text")))
}

/// Asks Systems Manager's Parameter Store, likewise.
async fn of_parameter_store(name: &str, config: &SdkConfig) -> Result<String, SecretError> {
    let client = aws_sdk_ssm::Client::new(&within(config, name));
    let asked = client.get_parameter().name(name).with_decryption(true);
    let answer = asked.send().await;
    let answer = answer.map_err(|error| refused(name, error.code(), error.message()))?;
    let text = answer.parameter.and_then(|it| it.value);
    text.ok_or_else(|| refused(name, Some("NoText"), Some("the parameter has no value")))
}

/// The configuration for a call about `id`: of the Region of its ARN, if it is one, and with an end.
fn within(config: &SdkConfig, id: &str) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().operation_timeout(LONGEST).build();
    let config = config.to_builder().timeout_config(timeouts);
    let region = id.split(':').nth(3).filter(|_| id.starts_with("arn:"));
    match region {
        Some(region) => config.region(aws_config::Region::new(region.to_owned())),
        None => config,
    }
    .build()
}

fn refused(id: &str, code: Option<&str>, message: Option<&str>) -> SecretError {
    let none = match code {
        Some(_) => "no reason was given",
        None => "no answer came",
    };
    SecretError::Refused {
        id: id.to_owned(),
        code: code.unwrap_or(UNREACHABLE).to_owned(),
        message: message.unwrap_or(none).to_owned(),
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.name())
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
