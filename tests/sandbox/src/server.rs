//! The listener: one port, one thread, everything dispatched by path.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::admin;
use crate::pagerduty::Reaction;
use crate::state::{State, lock};
use crate::wire::answer::Answer;
use crate::wire::request::Request;

/// No service that is simulated takes more.
const LARGEST_BODY: usize = 8 << 20;

/// A server on a thread and runtime of its own, so that blocking tests can use it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(state: Arc<State>, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("sandbox".into())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        _ = accept(listener, state) => {}
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    /// Ends every connection, the hanging ones too.
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        // Too many open files, say: whoever tries again may find some closed.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        tokio::spawn(connection(stream, Arc::clone(&state)));
    }
}

/// A connection ends when the client closes it, or when an answer is to be dropped.
async fn connection(stream: TcpStream, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(Arc::clone(&state), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _ = connection.await;
}

async fn answer(
    state: Arc<State>,
    request: hyper::Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
        let error = json!({ "message": "Request is too large" });
        return Ok(Answer::json(StatusCode::PAYLOAD_TOO_LARGE, &error).into_response());
    };
    let request = Request {
        method: head.method,
        path: head.uri.path().into(),
        query: head.uri.query().unwrap_or_default().into(),
        headers: head.headers,
        body: body.to_bytes(),
    };
    let answer = if request.path.starts_with("/_sandbox") {
        admin::answer(&state, &request)
    } else if request.path == "/v2/enqueue" {
        pagerduty(&state, &request).await?
    } else {
        state.aws(request).await
    };
    Ok(answer.into_response())
}

async fn pagerduty(state: &State, request: &Request) -> io::Result<Answer> {
    if request.method != Method::POST {
        let error = json!({ "message": "Method not allowed" });
        return Ok(Answer::json(StatusCode::METHOD_NOT_ALLOWED, &error));
    }
    state.latency().await;
    let rate = state.options(|options| options.pagerduty_rate);
    let reaction = lock(&state.pagerduty).enqueue(&request.body, state.age(), rate);
    match reaction {
        Reaction::Answer(answer) => Ok(answer),
        Reaction::Drop => Err(io::ErrorKind::ConnectionAborted.into()),
        Reaction::Hang => std::future::pending().await,
    }
}
