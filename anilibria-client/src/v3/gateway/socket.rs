//! The WebSocket of the stand-in.

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message, handshake::derive_accept_key, protocol::Role},
};

use super::state::{Signal, State};
use crate::sandbox::listener::{Incoming, Upgraded, upgrade};

/// Maximum number of subscriptions per connection. Further subscriptions are refused.
const MAX_SUBSCRIPTIONS: usize = 100;

/// Returns the key of the handshake if `request` is one.
pub(super) fn key(request: &Request<Incoming>) -> Option<HeaderValue> {
    let path = request.uri().path().trim_end_matches('/');
    let is_socket = path.starts_with("/v3") && (path.ends_with("/ws") || path.ends_with("/webSocket"));
    request.headers().get(header::SEC_WEBSOCKET_KEY).filter(|_| is_socket).cloned()
}

/// Accepts a handshake and serves the connection until either side closes it or the stand-in is dropped.
pub(super) fn accept(state: &State, request: Request<Incoming>, key: &HeaderValue) -> Response<Full<Bytes>> {
    let notifications = state.notifications.subscribe();
    tokio::spawn(async move {
        let Some(upgraded) = upgrade(request).await else { return };
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Server, None).await;
        // A client may close the connection at any time.
        let _ = serve(socket, notifications).await;
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = derive_accept_key(key.as_bytes()).parse() {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

async fn serve(
    mut socket: WebSocketStream<Upgraded>,
    mut notifications: broadcast::Receiver<Signal>,
) -> Result<(), tungstenite::Error> {
    let mut patterns: Vec<Value> = Vec::new();
    send(&mut socket, &json!({"connection": "success", "api_version": "3.0.14"})).await?;
    loop {
        tokio::select! {
            frame = socket.next() => match frame.transpose()? {
                Some(frame @ (Message::Text(_) | Message::Binary(_))) => {
                    let response = subscribe(&mut patterns, &frame.into_data());
                    send(&mut socket, &response).await?;
                }
                Some(Message::Close(_)) | None => return Ok(()),
                Some(_) => {}
            },
            signal = notifications.recv() => match signal {
                Ok(Signal::Notification(event)) => {
                    if patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, &event)) {
                        send(&mut socket, &event).await?;
                    }
                }
                // The API cannot report missed notifications, so a client that is too slow must reconnect.
                Ok(Signal::Disconnect) | Err(RecvError::Closed | RecvError::Lagged(_)) => return Ok(()),
            },
        }
    }
}

async fn send(socket: &mut WebSocketStream<Upgraded>, message: &Value) -> Result<(), tungstenite::Error> {
    socket.send(Message::text(message.to_string())).await
}

fn subscribe(patterns: &mut Vec<Value>, message: &[u8]) -> Value {
    let request = serde_json::from_slice::<Value>(message).unwrap_or_default();
    match request.get("subscribe") {
        Some(pattern) if patterns.len() < MAX_SUBSCRIPTIONS => {
            patterns.push(pattern.clone());
            json!({"subscribe": "success", "subscription_id": patterns.len() - 1})
        }
        _ => {
            json!({"error": {"code": 412, "message": "a subscription is required, at most 100 per connection"}})
        }
    }
}

/// Returns true if `value` contains everything that `pattern` contains.
fn matches(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::String(any), _) if any == "*" => true,
        (Value::Object(pattern), Value::Object(value)) => {
            pattern.iter().all(|(key, part)| value.get(key).is_some_and(|value| matches(part, value)))
        }
        _ => pattern == value,
    }
}
