//! The stand-in behind a socket.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use tokio::net::TcpListener;

use super::{answer::Answer, answers, socket, world::World};
use crate::sandbox::listener::{self, Incoming};

/// The most connections at a time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 256;

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 64 << 10;

/// Accepts connections until it is dropped; they end with it.
pub(super) async fn serve(listener: TcpListener, world: Arc<World>) {
    let connection = |stream| {
        let world = world.clone();
        listener::serve(stream, move |request| respond(world.clone(), request))
    };
    listener::accept(listener, MAX_CONNECTIONS, connection).await;
}

async fn respond(world: Arc<World>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    world.log(format!("{} {target}", request.method()));
    if let Some(key) = socket::key(&request) {
        return socket::accept(&world, request, &key);
    }
    let (parts, body) = request.into_parts();
    let (method, path) = (&parts.method, parts.uri.path());
    let answer = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => {
            let query = parts.uri.query().unwrap_or_default();
            answers::answer(&world, method, path, query, &body.to_bytes())
        }
        Err(_) => Answer {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            content_type: "text/plain",
            body: "too large".to_owned(),
        },
    };
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    headers.insert("api-version", HeaderValue::from_static("3.0.14"));
    response
}
