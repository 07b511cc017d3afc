//! The way to a bucket: credentials, Region and endpoint of the SDK's usual chain.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sts::config::{ProvideCredentials as _, SharedCredentialsProvider};
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential, Checksum};
use object_store::{BackoffConfig, ClientOptions, CredentialProvider, RetryConfig};
use tokio::sync::Mutex;

use super::error::StoreError;

/// How long before they expire credentials are asked for anew.
const MARGIN: Duration = Duration::from_mins(5);

/// Where objects are kept.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub(super) name: String,
    pub(super) region: String,
}

/// Finds credentials, and opens the bucket with them. Nothing is asked of the bucket yet.
pub(super) async fn open(name: &str, place: &str) -> Result<(AmazonS3, Bucket), StoreError> {
    let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let no_credentials = |message: String| StoreError::NoCredentials {
        place: place.to_owned(),
        message,
    };
    let chain = config
        .credentials_provider()
        .ok_or_else(|| no_credentials("no provider is configured".into()))?;
    let credentials = Credentials {
        chain,
        known: Mutex::default(),
    };
    // What the chain lacks is told by itself, and not as a fault of the bucket.
    if let Err(error) = credentials.get_credential().await {
        return Err(no_credentials(error.to_string()));
    }
    let region = config
        .region()
        .map_or("us-east-1", |region| region.as_ref())
        .to_owned();
    let objects = builder(&config)?
        .with_bucket_name(name)
        .with_region(&region)
        .with_credentials(Arc::new(credentials))
        .build()
        .map_err(|source| StoreError::Object {
            action: "opening",
            place: place.to_owned(),
            source,
        })?;
    let name = name.to_owned();
    Ok((objects, Bucket { name, region }))
}

fn builder(config: &SdkConfig) -> Result<AmazonS3Builder, StoreError> {
    let retries = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            base: 2.0,
        },
        max_retries: 10,
        retry_timeout: Duration::from_secs(30),
    };
    let endpoint = std::env::var("AWS_ENDPOINT_URL_S3").ok();
    let endpoint = endpoint
        .as_deref()
        .or(config.endpoint_url())
        .filter(|url| !url.is_empty());
    let options = ClientOptions::new()
        .with_connect_timeout(Duration::from_secs(5))
        .with_timeout(Duration::from_secs(30))
        .with_allow_http(endpoint.is_some());
    let builder = AmazonS3Builder::new()
        .with_client_options(options)
        .with_retry(retries)
        // A bucket with an Object Lock takes nothing without a checksum.
        .with_checksum_algorithm(Checksum::SHA256)
        // Objects are deleted one by one.
        .with_disable_bulk_delete(true);
    let Some(url) = endpoint else {
        return Ok(builder);
    };
    // The client would panic at its first request.
    let is_http = |url: &reqwest::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if !reqwest::Url::parse(url).is_ok_and(|url| is_http(&url)) {
        return Err(StoreError::Endpoint(url.to_owned()));
    }
    // The path names the bucket.
    Ok(builder.with_endpoint(url))
}

/// The SDK's chain, asked again only when its answer is about to expire.
#[derive(Debug)]
struct Credentials {
    chain: SharedCredentialsProvider,
    known: Mutex<Option<(Arc<AwsCredential>, Option<SystemTime>)>>,
}

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut known = self.known.lock().await;
        if let Some((credential, expiry)) = &*known
            && expiry.is_none_or(|expiry| expiry > SystemTime::now() + MARGIN)
        {
            return Ok(Arc::clone(credential));
        }
        let found = self.chain.provide_credentials().await.map_err(|source| {
            object_store::Error::Unauthenticated {
                path: String::new(),
                source: source.into(),
            }
        })?;
        let credential = Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        });
        *known = Some((Arc::clone(&credential), found.expiry()));
        Ok(credential)
    }
}
