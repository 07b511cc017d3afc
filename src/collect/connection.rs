//! The way to AWS: one HTTP client, explicit limits, and clients for an account and Region.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sts::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_sts::config::{Credentials, IdentityCache, SharedCredentialsProvider};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::{AggregatedBytes, ByteStream};
use lineward_rules::{AccountId, secrets};
use serde::Serialize;

use super::gap::{gap, names_throttling};
use crate::causes::in_one_line;

/// How often a call is tried. The SDK's three attempts end within two seconds, sooner than a quota of
/// one call a second lets a burst through.
const ATTEMPTS: u32 = 6;

/// How long an attempt may take at least, within the time that the call has.
const ATTEMPT: Duration = Duration::from_secs(10);

/// How many requests were sent, attempt by attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallCounts {
    /// All.
    pub made: u64,
    /// Those that were refused for coming too fast.
    pub throttled: u64,
}

/// Counts requests.
#[derive(Debug, Default)]
pub struct Calls {
    made: AtomicU64,
    throttled: AtomicU64,
}

impl Calls {
    /// How many there were so far.
    pub fn counts(&self) -> CallCounts {
        CallCounts {
            made: self.made.load(Ordering::Relaxed),
            throttled: self.throttled.load(Ordering::Relaxed),
        }
    }

    fn count(&self, is_throttled: bool) {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.throttled
            .fetch_add(u64::from(is_throttled), Ordering::Relaxed);
    }
}

/// Credentials, HTTP client and limits that all clients share.
#[derive(Debug)]
pub struct Connection {
    /// The requests that were sent.
    pub calls: Arc<Calls>,
    pub(super) config: SdkConfig,
    /// The ARN of the caller.
    pub caller: String,
    /// The caller's own account.
    pub own_account: AccountId,
    /// The caller's partition (`aws`).
    pub partition: String,
}

/// Why AWS can't be reached at all.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// No link of the credential chain gave any.
    #[error(
        "no AWS credentials: tried the environment (AWS_ACCESS_KEY_ID), the profile (AWS_PROFILE, \
         ~/.aws/config, SSO), a web identity token, the container's and the instance's endpoint; \
         set one of them up\n{0}"
    )]
    NoCredentials(String),
    /// The credentials were not accepted, or the call failed otherwise.
    #[error("can't tell who the caller is: {0}")]
    Refused(String),
}

impl Connection {
    /// Loads the SDK's usual chain, and asks STS whose credentials it found.
    pub async fn open(call_timeout: Duration) -> Result<Self, ConnectionError> {
        let calls = Arc::default();
        let config = load(call_timeout, &calls).await;
        let sts = aws_sdk_sts::Client::new(&config);
        let identity = sts
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| refusal(&error))?;
        let account = identity.account().unwrap_or_default();
        if !AccountId::is_valid(account) {
            let nobody = "the answer of GetCallerIdentity names no account";
            return Err(ConnectionError::Refused(nobody.into()));
        }
        let arn = identity.arn().unwrap_or_default();
        let partition = arn
            .split(':')
            .nth(1)
            .filter(|part| !part.is_empty())
            .unwrap_or("aws");
        Ok(Self {
            calls,
            caller: identity.arn().unwrap_or_default().to_owned(),
            own_account: AccountId::from(account),
            partition: partition.to_owned(),
            config,
        })
    }

    /// This connection with other credentials, which are known to be good until they expire.
    pub(super) fn with_credentials(&self, credentials: Credentials) -> SdkConfig {
        let provider = SharedCredentialsProvider::new(credentials);
        self.config
            .to_builder()
            .credentials_provider(provider)
            // There is nothing to refresh, and the shared cache holds 64 accounts.
            .identity_cache(IdentityCache::no_cache())
            .build()
    }
}

/// An HTTP client without the check of each SDK client that is made with it: that reads all roots of
/// the trust store into a TLS connector and drops it, which took an eighth of a walk's processor time.
#[derive(Debug)]
struct UncheckedClient {
    client: SharedHttpClient,
    calls: Arc<Calls>,
}

/// A way to an endpoint that counts what goes over it.
#[derive(Debug)]
struct CountingClient {
    connector: SharedHttpConnector,
    calls: Arc<Calls>,
}

impl HttpConnector for CountingClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, calls) = (self.connector.call(request), Arc::clone(&self.calls));
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await;
            let is_throttled = match &mut answer {
                Ok(answer) if !answer.status().is_success() => is_throttled(answer).await,
                _ => false,
            };
            calls.count(is_throttled);
            answer
        })
    }
}

/// Whether an answer says that requests come too fast. Each protocol says it elsewhere: in the status, a header, or
/// the body, which is short where a request failed, and is put back.
async fn is_throttled(answer: &mut HttpResponse) -> bool {
    let code = answer.headers().get("x-amzn-errortype").unwrap_or_default();
    if answer.status().as_u16() == 429 || names_throttling(code) {
        return true;
    }
    let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
    // A body that breaks off is read as a fault of the answer.
    let read = ByteStream::new(body).collect().await;
    let bytes = read.map(AggregatedBytes::into_bytes).unwrap_or_default();
    let is_throttled = names_throttling(&String::from_utf8_lossy(&bytes));
    *answer.body_mut() = SdkBody::from(bytes);
    is_throttled
}

impl HttpClient for UncheckedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(CountingClient {
            connector: self.client.http_connector(settings, components),
            calls: Arc::clone(&self.calls),
        })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.client.connector_metadata()
    }
}

async fn load(call_timeout: Duration, calls: &Arc<Calls>) -> SdkConfig {
    // Without a client of its own, each client of the SDK has its own pool and trust store.
    let http_client = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
        .build_https();
    let http_client = UncheckedClient {
        client: http_client,
        calls: Arc::clone(calls),
    };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3).min(call_timeout))
        // Whoever allows calls more time knows of slow ones.
        .operation_attempt_timeout(ATTEMPT.max(call_timeout / 3).min(call_timeout))
        .operation_timeout(call_timeout)
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .timeout_config(timeouts)
        // The timeout of an attempt takes in the body of its answer.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .region(region())
        .load()
        .await;
    let retries = config
        .retry_config()
        .cloned()
        .unwrap_or_else(RetryConfig::standard);
    let asked = std::env::var_os("AWS_MAX_ATTEMPTS").is_some();
    let retries = if asked {
        retries
    } else {
        retries.with_max_attempts(ATTEMPTS)
    };
    config.to_builder().retry_config(retries).build()
}

/// The Region of the environment or the profile. STS and Organizations need one only to sign for, so
/// that any will do, and the instance's endpoint need not be asked.
fn region() -> RegionProviderChain {
    RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .or_else(aws_config::Region::from_static("us-east-1"))
}

fn refusal<E>(error: &SdkError<E, HttpResponse>) -> ConnectionError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let text = secrets::text(&in_one_line(error));
    // The SDK has no variant for this: credentials are resolved deep in its orchestrator.
    if error.as_service_error().is_none() && text.contains("credential") {
        return ConnectionError::NoCredentials(text);
    }
    let gap = gap("GetCallerIdentity", None, error);
    ConnectionError::Refused(format!("{}: {}", gap.code, gap.reason))
}

/// A retry quota of its own for each account and Region: the SDK's default is one for the whole
/// process and Region, so that one throttled account would use up the retries of all.
///
/// It is not limited, since the attempts of each call are: the 500 tokens of the SDK would be spent
/// before a Region with a hundred applications has listed their job runs at one call a second.
pub(super) fn retry_partition() -> RetryPartition {
    RetryPartition::custom("account-region")
        .token_bucket(TokenBucket::unlimited())
        .build()
}
