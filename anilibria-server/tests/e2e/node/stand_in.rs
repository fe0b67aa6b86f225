//! A stand-in for the Node service, which answers everything alike and remembers what it was asked.

use std::sync::{Arc, Mutex};

use poem::{
    Endpoint, Request, Response, Server,
    http::{HeaderMap, StatusCode},
    listener::{Acceptor as _, Listener as _, TcpListener},
};
use serde_json::Value;

/// What is answered.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) location: Option<&'static str>,
    pub(crate) body: String,
    /// Whether the answer never comes.
    pub(crate) hangs: bool,
    /// The only path that is answered so; others are not found.
    pub(crate) only_at: Option<&'static str>,
    /// Paths that have an answer of their own.
    pub(crate) at: Vec<(String, Value)>,
}

impl Reply {
    pub(crate) fn text(body: &str) -> Self {
        let content_type = "application/json; charset=utf-8";
        Self {
            status: 200,
            content_type,
            location: None,
            body: body.to_owned(),
            hangs: false,
            only_at: None,
            at: Vec::new(),
        }
    }

    pub(crate) fn json(body: &Value) -> Self {
        Self::text(&body.to_string())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::text("{}") }
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) body: Value,
    /// The status it was answered with, if it was.
    pub(crate) status: u16,
    headers: HeaderMap,
}

impl Call {
    /// A header as text; empty when it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The stand-in, at a free port of this machine for as long as the test runs.
pub(crate) struct NodeStandIn {
    pub(crate) origin: String,
    shared: Arc<Shared>,
}

struct Shared {
    reply: Mutex<Reply>,
    calls: Mutex<Vec<Call>>,
}

impl NodeStandIn {
    /// Starts it; it answers `reply`.
    pub(crate) async fn start(reply: Reply) -> Self {
        let shared = Arc::new(Shared { reply: Mutex::new(reply), calls: Mutex::default() });
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let origin = format!("http://{}", acceptor.local_addr()[0].as_socket_addr().unwrap());
        tokio::spawn(Server::new_with_acceptor(acceptor).run(Served(Arc::clone(&shared))));
        Self { origin, shared }
    }

    /// From now on it answers `reply`.
    pub(crate) fn reply(&self, reply: Reply) {
        *self.shared.reply.lock().unwrap() = reply;
    }

    /// What it was asked.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// Forgets what it was asked.
    pub(crate) fn forget(&self) {
        self.shared.calls.lock().unwrap().clear();
    }
}

struct Served(Arc<Shared>);

impl Endpoint for Served {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        // What is no JSON is no matter.
        let body = request.take_body().into_json().await.unwrap_or_default();
        let path = request.uri().path().to_owned();
        let reply = self.0.reply.lock().unwrap().clone();
        let is_elsewhere = reply.only_at.is_some_and(|only| only != path);
        let status = if is_elsewhere { 404 } else { reply.status };
        self.0.calls.lock().unwrap().push(Call {
            path: path.clone(),
            body,
            status,
            headers: request.headers().clone(),
        });
        if reply.hangs {
            std::future::pending::<()>().await;
        }
        if is_elsewhere {
            return Ok(StatusCode::NOT_FOUND.into());
        }
        let response = Response::builder().status(StatusCode::from_u16(reply.status).unwrap());
        let response = response.content_type(reply.content_type);
        if let Some((_, body)) = reply.at.iter().find(|(at, _)| *at == path) {
            return Ok(response.status(StatusCode::OK).body(body.to_string()));
        }
        Ok(match reply.location {
            Some(location) => response.header("location", location).body(reply.body),
            None => response.body(reply.body),
        })
    }
}
