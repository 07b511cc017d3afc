//! Lambda's Runtime API, as much of it as one invocation needs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// A Runtime API that offers one event and waits for what becomes of it.
pub(crate) struct RuntimeApi {
    listener: TcpListener,
}

/// What a function answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Its result.
    Response(Value),
    /// Its error, with `errorType` and `errorMessage`.
    Error(Value),
}

impl RuntimeApi {
    /// Listens on a free port of loopback.
    pub(crate) fn start() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
        }
    }

    /// What goes into `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    /// Offers `event` with this much time, and waits for the answer.
    pub(crate) fn invoke(&self, event: &Value, time: Duration) -> Answer {
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + time;
        let mut offered = false;
        for stream in self.listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            // The runtime keeps its connection, and opens another while one waits.
            while let Some((path, body)) = request(&mut reader) {
                if path.ends_with("/invocation/next") {
                    if offered {
                        break;
                    }
                    offered = true;
                    offer(reader.get_mut(), event, deadline.as_millis());
                } else {
                    reply(reader.get_mut(), "202 Accepted", "", "{\"status\":\"OK\"}");
                    let body = serde_json::from_slice(&body).unwrap();
                    let is_error = path.ends_with("/error");
                    return if is_error {
                        Answer::Error(body)
                    } else {
                        Answer::Response(body)
                    };
                }
            }
        }
        unreachable!("a listener listens for ever")
    }
}

fn offer(stream: &mut TcpStream, event: &Value, deadline_ms: u128) {
    let headers = format!(
        "Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         Lambda-Runtime-Deadline-Ms: {deadline_ms}\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:111122223333:function:lineward\r\n"
    );
    reply(stream, "200 OK", &headers, &event.to_string());
}

fn reply(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nContent-Type: application/json\r\n"
    );
    stream
        .write_all(format!("{head}{headers}\r\n{body}").as_bytes())
        .unwrap();
}

/// The path and body of the next request on a connection.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    let mut chunked = false;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        chunked |= header == "transfer-encoding: chunked";
    }
    let body = if chunked {
        chunks(reader)?
    } else {
        exactly(reader, length)?
    };
    Some((path, body))
}

fn chunks(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        body.extend(exactly(reader, size)?);
        exactly(reader, 2)?;
        if size == 0 {
            return Some(body);
        }
    }
}

fn exactly(reader: &mut BufReader<TcpStream>, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
