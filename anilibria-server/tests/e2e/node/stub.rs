//! A stub of the Node service that returns a configured response and records its calls.

use std::sync::{Arc, Mutex};

use poem::{
    Endpoint, Request, Response, Server,
    http::{HeaderMap, StatusCode},
    listener::{Acceptor as _, Listener as _, TcpListener},
};
use serde_json::Value;

/// The response of the stub.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) location: Option<&'static str>,
    pub(crate) body: String,
    /// True if the stub never responds.
    pub(crate) hangs: bool,
    /// The only path with this response. Other paths return 404.
    pub(crate) only_at: Option<&'static str>,
    /// Paths with an own body and the status 200.
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

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) body: Value,
    /// Status of the response. Meaningless if the stub hangs.
    pub(crate) status: u16,
    headers: HeaderMap,
}

impl Call {
    /// Returns a header as text, or an empty text if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The stub on a free local port. It runs until the test ends.
pub(crate) struct NodeStub {
    pub(crate) origin: String,
    shared: Arc<State>,
}

struct State {
    reply: Mutex<Reply>,
    calls: Mutex<Vec<Call>>,
}

impl NodeStub {
    /// Starts a stub that responds with `reply`.
    pub(crate) async fn start(reply: Reply) -> Self {
        let shared = Arc::new(State { reply: Mutex::new(reply), calls: Mutex::default() });
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let origin = format!("http://{}", acceptor.local_addr()[0].as_socket_addr().unwrap());
        tokio::spawn(Server::new_with_acceptor(acceptor).run(StubEndpoint(Arc::clone(&shared))));
        Self { origin, shared }
    }

    /// Sets the response to later requests.
    pub(crate) fn reply(&self, reply: Reply) {
        *self.shared.reply.lock().unwrap() = reply;
    }

    /// Returns the recorded calls.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// Clears the recorded calls.
    pub(crate) fn clear_calls(&self) {
        self.shared.calls.lock().unwrap().clear();
    }
}

struct StubEndpoint(Arc<State>);

impl Endpoint for StubEndpoint {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        // A body that is not JSON is recorded as null.
        let body = request.take_body().into_json().await.unwrap_or_default();
        let path = request.uri().path().to_owned();
        let reply = self.0.reply.lock().unwrap().clone();
        let is_other_path = reply.only_at.is_some_and(|only| only != path);
        let status = if is_other_path { 404 } else { reply.status };
        self.0.calls.lock().unwrap().push(Call {
            path: path.clone(),
            body,
            status,
            headers: request.headers().clone(),
        });
        if reply.hangs {
            std::future::pending::<()>().await;
        }
        if is_other_path {
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
