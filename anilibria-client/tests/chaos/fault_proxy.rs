//! A mirror with faults: a host that forwards requests to the service, or responds with a fault.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// A fault of a mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The request is read and never answered.
    Silent,
    /// The connection is closed at once.
    Refused,
    /// The block page of a firewall.
    Page,
    RateLimited,
    ServerError,
    /// The response ends in the middle.
    Truncated,
    /// JSON that is not complete.
    WrongJson,
    /// The response comes after two seconds.
    Slow,
}

impl Fault {
    pub(crate) fn random(random: &mut fastrand::Rng) -> Self {
        let faults = [
            Self::None,
            Self::Silent,
            Self::Refused,
            Self::Page,
            Self::RateLimited,
            Self::ServerError,
            Self::Truncated,
            Self::WrongJson,
            Self::Slow,
        ];
        faults[random.usize(..faults.len())]
    }
}

/// A mirror with faults.
pub(crate) struct FaultProxy {
    address: String,
    state: Arc<State>,
}

struct State {
    /// Host and port of the service.
    service: String,
    fault: Mutex<Fault>,
    /// The bodies of the writes that the service has received.
    saved: Mutex<Vec<String>>,
}

impl FaultProxy {
    /// Starts a mirror of the service at `api_url`.
    pub(crate) async fn start(api_url: String) -> Self {
        let service = api_url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = State { service, fault: Mutex::new(Fault::None), saved: Mutex::default() };
        let state = Arc::new(state);
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move { state.serve(stream).await });
            }
        });
        Self { address, state }
    }

    pub(crate) fn api_url(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    pub(crate) fn set(&self, fault: Fault) {
        *self.state.fault.lock().unwrap() = fault;
    }

    pub(crate) fn saved(&self) -> Vec<String> {
        self.state.saved.lock().unwrap().clone()
    }
}

impl State {
    fn fault(&self) -> Fault {
        *self.fault.lock().unwrap()
    }

    /// Handles one request of a connection, and closes it.
    async fn serve(&self, mut client: TcpStream) -> Option<()> {
        if self.fault() == Fault::Refused {
            return None;
        }
        let request = read_request(&mut client).await?;
        let fault = self.fault();
        let canned = match fault {
            Fault::Silent => {
                sleep(Duration::from_mins(1)).await;
                return None;
            }
            Fault::Refused => return None,
            Fault::Page => Some(response("403 Forbidden", "", "<html>Just a moment...</html>")),
            Fault::RateLimited => Some(response("429 Too Many Requests", "Retry-After: 1\r\n", "{}")),
            Fault::ServerError => Some(response("503 Service Unavailable", "", "{}")),
            Fault::WrongJson => Some(response("200 OK", "", r#"{"data":[{"id":1,"na"#)),
            Fault::Slow => {
                sleep(Duration::from_secs(2)).await;
                None
            }
            Fault::None | Fault::Truncated => None,
        };
        if let Some(canned) = canned {
            client.write_all(canned.as_bytes()).await.ok()?;
            return client.shutdown().await.ok();
        }
        if request.starts_with("POST") && request.contains("timecodes") {
            let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
            self.saved.lock().unwrap().push(body.to_owned());
        }
        let response = self.forward(&request).await?;
        let length = if fault == Fault::Truncated { response.len() / 2 } else { response.len() };
        client.write_all(&response[..length]).await.ok()?;
        client.shutdown().await.ok()
    }

    /// Sends the request to the service and returns its whole response.
    async fn forward(&self, request: &str) -> Option<Vec<u8>> {
        let mut service = TcpStream::connect(&self.service).await.ok()?;
        // The first blank line ends the head.
        let (head, body) = request.split_once("\r\n\r\n")?;
        let request = format!("{head}\r\nConnection: close\r\n\r\n{body}");
        service.write_all(request.as_bytes()).await.ok()?;
        let mut response = Vec::new();
        service.read_to_end(&mut response).await.ok()?;
        Some(response)
    }
}

fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

/// Reads a request with its body, as long as `Content-Length` says.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text.into_owned());
            }
        }
    }
}
