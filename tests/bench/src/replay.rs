//! The floor: the very requests that `lineward` sent, from a bare HTTP client.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use http_body_util::Full;
use hyper::Request;
use serde::Deserialize;
use tokio::task::JoinSet;

use crate::Result;
use crate::client::{Client, Ready};
use crate::cost::Cost;

/// What to send, where, and how many at once.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    recording: PathBuf,
    endpoint: String,
    in_flight: usize,
}

/// A request as the sandbox recorded it.
#[derive(Debug, Deserialize)]
struct Recorded {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Recorded {
    fn ready(self, endpoint: &str) -> Result<Ready> {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(format!("{endpoint}{}", self.path));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        Ok(request.body(Full::from(self.body))?)
    }
}

impl Replay {
    /// Sends all requests; what it takes to read and build them is not counted.
    pub(crate) fn run(&self) -> Result<String> {
        let recorded: Vec<Recorded> = serde_json::from_slice(&std::fs::read(&self.recording)?)?;
        let ready = recorded.into_iter().map(|it| it.ready(&self.endpoint));
        let ready: Vec<_> = ready.collect::<Result<_>>()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let cost = Cost::of(|| runtime.block_on(send_all(ready, self.in_flight)))?;
        Ok(serde_json::to_string(&cost)?)
    }
}

/// Sends the requests in their order, so many at once.
async fn send_all(requests: Vec<Ready>, in_flight: usize) -> Result<()> {
    let client = Client::new();
    let requests = Arc::new(Mutex::new(requests.into_iter()));
    let mut senders = JoinSet::new();
    for _ in 0..in_flight {
        let (client, requests) = (client.clone(), Arc::clone(&requests));
        let next = move || {
            requests
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .next()
        };
        senders.spawn(async move {
            while let Some(request) = next() {
                client.send(request).await?;
            }
            Ok(())
        });
    }
    senders.join_all().await.into_iter().collect()
}
