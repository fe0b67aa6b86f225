//! A client of v3, and what it is told.

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

/// The code of what a client should not have said, as answers over HTTP have it.
const UNFIT: u16 = 412;

/// The code of what a client has said too often.
const TOO_MUCH: u16 = 429;

/// A client of v3.
pub(super) struct Guest {
    news: Receiver<Event>,
    dialect: Dialect,
    subscriptions: Subscriptions,
}

impl Guest {
    /// A client that may have so many `subscriptions`.
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
            // There are no words for what it has missed; it comes back and reads anew.
            Err(RecvError::Lagged(_)) => goodbye(CloseCode::Policy, "too slow"),
            Err(RecvError::Closed) => goodbye(CloseCode::Away, "the service stops"),
        }
    }

    async fn hear(&mut self, said: Said, line: &mut Line) -> Flow {
        match said {
            Said::Text(text) => self.obey(text.as_bytes(), line).await,
            // The Python client sends its texts as bytes.
            Said::Binary(bytes) => self.obey(&bytes, line).await,
        }
    }

    async fn refuse(&mut self, line: &mut Line) -> Flow {
        complain(TOO_MUCH, "too many messages", line).await
    }
}

/// Says what was wrong, in the form of answers over HTTP: clients pass over what is neither an event nor a subscription.
async fn complain(code: u16, message: &str, line: &mut Line) -> Flow {
    line.say("error", json!({"error": {"code": code, "message": message}}).to_string().into()).await
}
