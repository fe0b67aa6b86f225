//! The connection of one client of v3.

use std::ops::ControlFlow;

use anilibria_http::websocket::{ClientMessage, ClientSocket, Flow, Protocol, close_with};
use serde_json::json;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{command::Command, subscriptions::Subscriptions};
use crate::{
    Dialect,
    news::{Event, News},
};

/// The last version of the old service.
const API_VERSION: &str = "3.0.14";

/// Error code of an invalid message, as in responses over HTTP.
const UNFIT: u16 = 412;

/// Error code of exceeding the message rate, as in responses over HTTP.
const TOO_MUCH: u16 = 429;

/// The connection of one client of v3.
pub(super) struct Guest {
    news: Receiver<Event>,
    dialect: Dialect,
    subscriptions: Subscriptions,
}

impl Guest {
    /// Creates the state of a connection with at most `subscriptions` subscriptions.
    pub(super) fn new(news: &News, dialect: Dialect, subscriptions: usize) -> Self {
        Self { news: news.listen(), dialect, subscriptions: Subscriptions::new(subscriptions) }
    }

    async fn obey(&mut self, text: &[u8], socket: &mut ClientSocket) -> Flow {
        let subscribed = Command::read(text).and_then(|command| self.subscriptions.add(command));
        match subscribed {
            Ok(id) => {
                socket.count_received("subscribe");
                let answer = json!({"subscribe": "success", "subscription_id": id});
                socket.send("subscribed", answer.to_string().into()).await
            }
            Err(unfit) => {
                socket.count_received("invalid");
                complain(UNFIT, &unfit.to_string(), socket).await
            }
        }
    }
}

impl Protocol for Guest {
    type Event = Result<Event, RecvError>;

    async fn on_open(&mut self, socket: &mut ClientSocket) -> Flow {
        let greeting = json!({"connection": "success", "api_version": API_VERSION});
        socket.send("connection", greeting.to_string().into()).await
    }

    async fn next_event(&mut self) -> Result<Event, RecvError> {
        self.news.recv().await
    }

    async fn on_event(&mut self, event: Result<Event, RecvError>, socket: &mut ClientSocket) -> Flow {
        match event {
            Ok(event) => match self.subscriptions.shape(&event) {
                Some(projection) => {
                    socket.send(event.kind().as_str(), event.form(self.dialect, projection)).await
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
            ClientMessage::Text(text) => self.obey(text.as_bytes(), socket).await,
            // The Python client sends its texts in binary frames.
            ClientMessage::Binary(bytes) => self.obey(&bytes, socket).await,
        }
    }

    async fn on_rate_limited(&mut self, socket: &mut ClientSocket) -> Flow {
        complain(TOO_MUCH, "too many messages", socket).await
    }
}

/// Sends an error in the format of responses over HTTP. Clients ignore messages that are neither events nor answers to a
/// subscription.
async fn complain(code: u16, message: &str, socket: &mut ClientSocket) -> Flow {
    socket.send("error", json!({"error": {"code": code, "message": message}}).to_string().into()).await
}
