//! The HTTP server of the sandbox.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;

use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::body::SandboxBody;
use super::problem::Problem;
use super::reply::Reply;
use super::site::API_ROOT;
use super::{MAX_BODY, Sandbox};
use crate::listener::{accept, serve};

/// Maximum number of concurrent connections. Further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 1024;

impl Sandbox {
    /// Serves this sandbox over HTTP/1.1 on a free port of 127.0.0.1.
    ///
    /// Needs a running tokio runtime with time and I/O.
    ///
    /// # Errors
    ///
    /// The error of the system if no port is free.
    pub async fn start(&self) -> io::Result<RunningSandbox> {
        self.start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Serves this sandbox over HTTP/1.1 on `address`; port 0 selects a free one.
    ///
    /// At most 1024 connections are served at a time, and bodies of requests may have up to 256 KiB.
    ///
    /// # Errors
    ///
    /// The error of the system if the address is in use or cannot be bound.
    pub async fn start_on(&self, address: SocketAddr) -> io::Result<RunningSandbox> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let sandbox = self.clone();
        let task = tokio::spawn(accept(listener, MAX_CONNECTIONS, move |stream| {
            let sandbox = sandbox.clone();
            serve(stream, move |request| respond(sandbox.clone(), request))
        }));
        tracing::debug!(%address, "sandbox listens");
        Ok(RunningSandbox { sandbox: self.clone(), address, task })
    }
}

/// A sandbox that is served over HTTP until this is dropped or [stopped](Self::stop).
///
/// Dereferences to the [`Sandbox`] itself.
#[derive(Debug)]
pub struct RunningSandbox {
    sandbox: Sandbox,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl RunningSandbox {
    /// Returns the address of the listener.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the origin, such as `http://127.0.0.1:40123`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the root of the stand-in API, such as `http://127.0.0.1:40123/api/v1`.
    pub fn api_url(&self) -> String {
        format!("{}{API_ROOT}", self.origin())
    }

    /// Stops listening, closes all connections, and waits until they are closed.
    pub async fn stop(mut self) {
        self.task.abort();
        // The only possible error is that the task was cancelled.
        let _ = (&mut self.task).await;
    }
}

impl Deref for RunningSandbox {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl Drop for RunningSandbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn respond(sandbox: Sandbox, request: Request<Incoming>) -> Response<SandboxBody> {
    let (parts, body) = request.into_parts();
    // A body with a declared length beyond the limit is rejected before it is read.
    if body.size_hint().lower() > MAX_BODY as u64 {
        return refuse(too_large());
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => sandbox.handle(Request::from_parts(parts, body.to_bytes())).await,
        Err(error) if error.is::<LengthLimitError>() => refuse(too_large()),
        Err(error) => {
            refuse(Problem::new(StatusCode::BAD_REQUEST, format!("The body cannot be read: {error}.")).into())
        }
    }
}

/// Creates a response that closes the connection. Otherwise the unread rest of the body would be read as the next request.
fn refuse(reply: Reply) -> Response<SandboxBody> {
    reply.header(CONNECTION, HeaderValue::from_static("close")).into_response(None)
}

/// Creates the response for a body beyond the limit.
pub(super) fn too_large() -> Reply {
    let message = format!("The body must not have more than {MAX_BODY} bytes.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, message).into()
}
