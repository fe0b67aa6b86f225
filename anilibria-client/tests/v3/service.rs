//! What a gateway says and hears over its WebSocket.

use anilibria_client::{
    Error,
    v3::{Client, Event, Events, EventsBuilder},
};
use serde_json::{Value, json};

use crate::scripted::soon;
pub(crate) use crate::scripted::{Peer, Service, next};

impl Service {
    /// Settings for a stream that hardly waits.
    pub(crate) fn events(&self) -> EventsBuilder {
        Client::new(self.url()).unwrap().events().reconnect(soon())
    }

    /// The next connection, with a word of welcome.
    pub(crate) async fn welcome(&self) -> Peer {
        let mut peer = self.accept().await;
        peer.say(&json!({"connection": "success", "api_version": "3.0.14"})).await;
        peer
    }
}

impl Peer {
    pub(crate) async fn say(&mut self, message: &Value) {
        self.send(message.to_string()).await;
    }

    /// Says something that is easily recognised.
    pub(crate) async fn finish(&mut self, id: u32) {
        self.say(&json!({"type": "encode_finish", "data": {"id": id.to_string(), "episode": "1"}})).await;
    }
}

/// Starts the stream, which does nothing until it is polled.
pub(crate) async fn begin(events: &mut Events) {
    assert_eq!(next(events).await.unwrap(), Event::Startup);
}

/// The next connection that the stream tells of, and the errors before it.
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

/// The titles of the next events of [`Peer::finish`].
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
