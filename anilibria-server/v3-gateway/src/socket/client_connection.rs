//! Connection of one client to the WebSocket of v3.

use std::ops::ControlFlow;

use anilibria_http::websocket::{ClientMessage, ClientSocket, Flow, Protocol, close_with};
use serde_json::json;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{subscription::Subscription, subscriptions::Subscriptions};
use crate::{
    Dialect,
    events::{Event, EventHub},
};

/// The last version of the old service.
const API_VERSION: &str = "3.0.14";

/// Error code of an invalid message, the same as in responses over HTTP.
const INVALID_MESSAGE: u16 = 412;

/// Error code of a message above the rate limit, the same as in responses over HTTP.
const RATE_LIMITED: u16 = 429;

/// State of the connection of one client.
pub(super) struct ClientConnection {
    events: Receiver<Event>,
    dialect: Dialect,
    subscriptions: Subscriptions,
}

impl ClientConnection {
    /// Creates the state of a connection with at most `subscriptions` subscriptions.
    pub(super) fn new(hub: &EventHub, dialect: Dialect, subscriptions: usize) -> Self {
        Self { events: hub.subscribe(), dialect, subscriptions: Subscriptions::new(subscriptions) }
    }

    async fn subscribe(&mut self, text: &[u8], socket: &mut ClientSocket) -> Flow {
        let subscribed =
            Subscription::parse(text).and_then(|subscription| self.subscriptions.add(subscription));
        match subscribed {
            Ok(id) => {
                socket.count_received("subscribe");
                let response = json!({"subscribe": "success", "subscription_id": id});
                socket.send("subscribed", response.to_string().into()).await
            }
            Err(error) => {
                socket.count_received("invalid");
                send_error(INVALID_MESSAGE, &error.to_string(), socket).await
            }
        }
    }
}

impl Protocol for ClientConnection {
    type Event = Result<Event, RecvError>;

    async fn on_open(&mut self, socket: &mut ClientSocket) -> Flow {
        let greeting = json!({"connection": "success", "api_version": API_VERSION});
        socket.send("connection", greeting.to_string().into()).await
    }

    async fn next_event(&mut self) -> Result<Event, RecvError> {
        self.events.recv().await
    }

    async fn on_event(&mut self, event: Result<Event, RecvError>, socket: &mut ClientSocket) -> Flow {
        match event {
            Ok(event) => match self.subscriptions.projection_of(&event) {
                Some(projection) => {
                    socket.send(event.kind().as_str(), event.text(self.dialect, projection)).await
                }
                None => ControlFlow::Continue(()),
            },
            // The protocol has no message for lost events. The client reconnects and reads the current state.
            Err(RecvError::Lagged(_)) => close_with(CloseCode::Policy, "too slow"),
            Err(RecvError::Closed) => close_with(CloseCode::Away, "the service stops"),
        }
    }

    async fn on_message(&mut self, message: ClientMessage, socket: &mut ClientSocket) -> Flow {
        match message {
            ClientMessage::Text(text) => self.subscribe(text.as_bytes(), socket).await,
            // The Python client sends its texts in binary frames.
            ClientMessage::Binary(bytes) => self.subscribe(&bytes, socket).await,
        }
    }

    async fn on_rate_limited(&mut self, socket: &mut ClientSocket) -> Flow {
        send_error(RATE_LIMITED, "too many messages", socket).await
    }
}

/// Sends an error in the format of responses over HTTP. Clients ignore messages that are neither events nor responses to
/// `subscribe`.
async fn send_error(code: u16, message: &str, socket: &mut ClientSocket) -> Flow {
    socket.send("error", json!({"error": {"code": code, "message": message}}).to_string().into()).await
}
