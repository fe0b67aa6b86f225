//! The connection of one client of v3.

use std::ops::ControlFlow;

use anilibria_http::websocket::{Dialogue, Flow, Line, Said, goodbye};
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

    async fn obey(&mut self, text: &[u8], line: &mut Line) -> Flow {
        let subscribed = Command::read(text).and_then(|command| self.subscriptions.add(command));
        match subscribed {
            Ok(id) => {
                line.heard("subscribe");
                let answer = json!({"subscribe": "success", "subscription_id": id});
                line.say("subscribed", answer.to_string().into()).await
            }
            Err(unfit) => {
                line.heard("invalid");
                complain(UNFIT, &unfit.to_string(), line).await
            }
        }
    }
}

impl Dialogue for Guest {
    type News = Result<Event, RecvError>;

    async fn greet(&mut self, line: &mut Line) -> Flow {
        let greeting = json!({"connection": "success", "api_version": API_VERSION});
        line.say("connection", greeting.to_string().into()).await
    }

    async fn news(&mut self) -> Result<Event, RecvError> {
        self.news.recv().await
    }

    async fn tell(&mut self, event: Result<Event, RecvError>, line: &mut Line) -> Flow {
        match event {
            Ok(event) => match self.subscriptions.shape(&event) {
                Some(projection) => {
                    line.say(event.kind().as_str(), event.form(self.dialect, projection)).await
                }
                None => ControlFlow::Continue(()),
            },
            // The protocol has no message for lost events. The client reconnects and reads the current state.
            Err(RecvError::Lagged(_)) => goodbye(CloseCode::Policy, "too slow"),
            Err(RecvError::Closed) => goodbye(CloseCode::Away, "the service stops"),
        }
    }

    async fn hear(&mut self, said: Said, line: &mut Line) -> Flow {
        match said {
            Said::Text(text) => self.obey(text.as_bytes(), line).await,
            // The Python client sends its texts in binary frames.
            Said::Binary(bytes) => self.obey(&bytes, line).await,
        }
    }

    async fn refuse(&mut self, line: &mut Line) -> Flow {
        complain(TOO_MUCH, "too many messages", line).await
    }
}

/// Sends an error in the format of responses over HTTP. Clients ignore messages that are neither events nor answers to a
/// subscription.
async fn complain(code: u16, message: &str, line: &mut Line) -> Flow {
    line.say("error", json!({"error": {"code": code, "message": message}}).to_string().into()).await
}
