//! The HTTP server of the stand-in.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use tokio::net::TcpListener;

use super::{route_response::RouteResponse, routes, socket, state::State};
use crate::sandbox::listener::{self, Incoming};

/// Maximum number of concurrent connections. Further connections wait to be accepted.
const MAX_CONNECTIONS: usize = 256;

/// Maximum size of a request body, in bytes.
const MAX_BODY: usize = 64 << 10;

/// Accepts connections. Dropping the future closes all connections.
pub(super) async fn serve(listener: TcpListener, state: Arc<State>) {
    let connection = |stream| {
        let state = state.clone();
        listener::serve(stream, move |request| respond(state.clone(), request))
    };
    listener::accept(listener, MAX_CONNECTIONS, connection).await;
}

async fn respond(state: Arc<State>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    state.log(format!("{} {target}", request.method()));
    if let Some(key) = socket::key(&request) {
        return socket::accept(&state, request, &key);
    }
    let (parts, body) = request.into_parts();
    let (method, path) = (&parts.method, parts.uri.path());
    let routed = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => {
            let query = parts.uri.query().unwrap_or_default();
            routes::respond(&state, method, path, query, &body.to_bytes())
        }
        Err(_) => RouteResponse {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            content_type: "text/plain",
            body: "too large".to_owned(),
        },
    };
    let mut response = Response::new(Full::new(Bytes::from(routed.body)));
    *response.status_mut() = routed.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(routed.content_type));
    headers.insert("api-version", HeaderValue::from_static("3.0.14"));
    response
}
