//! HTTP hosts for tests of failures: scripted responses, silence, and closed ports.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A host with scripted responses that records its requests. It handles one request per connection.
pub(crate) struct Host {
    pub(crate) origin: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Host {
    /// Starts a host that answers each path with the complete HTTP response returned by `respond`.
    pub(crate) async fn start(respond: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (log, respond) = (Arc::clone(&requests), Arc::new(respond));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (log, respond) = (Arc::clone(&log), Arc::clone(&respond));
                tokio::spawn(async move {
                    let request = read_request(&mut stream).await;
                    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                    log.lock().unwrap().push(request);
                    stream.write_all(respond(&path).as_bytes()).await.ok();
                    stream.shutdown().await.ok();
                });
            }
        });
        Self { origin, requests }
    }

    /// Starts a host that gives every request the same response.
    pub(crate) async fn with_response(response: String) -> Self {
        Self::start(move |_| response.clone()).await
    }

    /// Returns the origin of the same host under a different name.
    pub(crate) fn by_name(&self) -> String {
        self.origin.replace("127.0.0.1", "localhost")
    }

    /// Returns all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns all requests so far as one text.
    pub(crate) fn log(&self) -> String {
        self.requests().join("\n\n")
    }
}

/// Reads a request with its body, as long as `Content-Length` says.
async fn read_request(stream: &mut TcpStream) -> String {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                break;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Starts a server that accepts connections and never responds. Returns its address.
pub(crate) async fn black_hole() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    address
}

/// Returns an address on which no server listens.
pub(crate) fn closed_port() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

pub(crate) fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

pub(crate) fn json(body: &str) -> String {
    response("200 OK", "Content-Type: application/json\r\n", body)
}

pub(crate) fn page(status: &str) -> String {
    response(status, "Content-Type: text/html\r\n", "<!DOCTYPE html><title>Just a moment...</title>")
}
