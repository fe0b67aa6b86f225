//! A scripted gateway: its messages, and those of the client.

use anilibria_client::{
    Error,
    v3::{Client, Event, Events, EventsBuilder},
};
use serde_json::{Value, json};

use crate::scripted::fast_reconnects;
pub(crate) use crate::scripted::{Peer, Service, next};

impl Service {
    /// Returns settings for a stream with short reconnect delays.
    pub(crate) fn events(&self) -> EventsBuilder {
        Client::new(self.url()).unwrap().events().reconnect(fast_reconnects())
    }

    /// Accepts the next connection and sends the greeting.
    pub(crate) async fn welcome(&self) -> Peer {
        let mut peer = self.accept().await;
        peer.send_json(&json!({"connection": "success", "api_version": "3.0.14"})).await;
        peer
    }
}

impl Peer {
    pub(crate) async fn send_json(&mut self, message: &Value) {
        self.send(message.to_string()).await;
    }

    /// Sends `encode_finish`, whose title id identifies the message.
    pub(crate) async fn finish(&mut self, id: u32) {
        self.send_json(&json!({"type": "encode_finish", "data": {"id": id.to_string(), "episode": "1"}}))
            .await;
    }
}

/// Polls the stream for its first event, which starts the connection.
pub(crate) async fn begin(events: &mut Events) {
    assert_eq!(next(events).await.unwrap(), Event::Startup);
}

/// Waits for the next `Connect` event, and returns the errors before it.
pub(crate) async fn connected(events: &mut Events) -> Vec<Error> {
    let mut errors = Vec::new();
    loop {
        match next(events).await {
            Ok(Event::Connect(_)) => return errors,
            Ok(other) => panic!("{other:?}"),
            Err(error) => errors.push(error),
        }
    }
}

/// Returns the title ids of the next events of [`Peer::finish`].
pub(crate) async fn finished(events: &mut Events, count: usize) -> Vec<u32> {
    let mut ids = Vec::new();
    for _ in 0..count {
        match next(events).await.unwrap() {
            Event::EncodeFinish(finish) => ids.push(finish.id.get()),
            other => panic!("{other:?}"),
        }
    }
    ids
}
