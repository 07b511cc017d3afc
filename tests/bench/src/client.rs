//! The bare HTTP client: HTTP/1.1 and a pool of connections, nothing else.

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client as Pooled;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::Result;

/// A request that is ready to be sent.
pub(crate) type Ready = Request<Full<Bytes>>;

/// The client.
#[derive(Clone, Debug)]
pub(crate) struct Client(Pooled<HttpConnector, Full<Bytes>>);

impl Client {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Pooled::builder(TokioExecutor::new()).build(connector))
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn send(&self, request: Ready) -> Result<Bytes> {
        let place = request.uri().clone();
        let (head, body) = self.0.request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        if !head.status.is_success() {
            return Err(format!("{} from {place}", head.status).into());
        }
        Ok(body)
    }
}
