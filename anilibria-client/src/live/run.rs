//! The task of a live stream: connections, and the delays between them.

use std::time::Duration;

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};
use url::Url;

use super::{
    event::Event,
    replay_buffer::ReplayBuffer,
    session::{End, Session, StreamItem},
    subscriptions::SubscriptionSet,
};
use crate::{
    client::upgrade::Dialer,
    socket::{Connection, ReconnectDelays},
};

/// State of the task.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) url: Url,
    pub(super) dialer: Dialer,
    pub(super) reconnects: ReconnectDelays,
    pub(super) idle_timeout: Duration,
    pub(super) desired: watch::Receiver<SubscriptionSet>,
    pub(super) buffer: ReplayBuffer,
    pub(super) sender: mpsc::Sender<StreamItem>,
}

impl Run {
    /// Connects and reconnects until the stream is dropped, a permanent error occurs, or the policy allows no further retry.
    pub(super) async fn run(mut self) {
        let mut was_connected = false;
        loop {
            let started = Instant::now();
            let End::Failed(error) = self.connection(&mut was_connected).await else { return };
            let wait = self.reconnects.next_delay(&error, started.elapsed());
            let retry_in_seconds = wait.map(|wait| wait.as_secs_f64());
            let (host, error_type) = (self.url.host_str(), error.kind());
            tracing::debug!(host, %error, error_type, retry_in_seconds, "live connection closed");
            let item = StreamItem { event: Err(error), position: self.buffer.position().cloned() };
            let (Ok(()), Some(wait)) = (self.sender.send(item).await, wait) else { return };
            sleep(wait).await;
        }
    }

    async fn connection(&mut self, was_connected: &mut bool) -> End {
        let socket = match self.dialer.connect(&self.url).await {
            Ok(socket) => socket,
            Err(error) => return End::Failed(error),
        };
        tracing::debug!(host = self.url.host_str(), "live connection opened");
        // Without a position the client cannot resume, and the number of missed events is unknown.
        if std::mem::replace(was_connected, true) && self.buffer.position().is_none() {
            let item = StreamItem { event: Ok(Event::Missed { count: None }), position: None };
            if self.sender.send(item).await.is_err() {
                return End::ReaderDropped;
            }
        }
        let connection = Connection::new(socket, self.dialer.max_message_size(), self.idle_timeout);
        Session::new(connection, &mut self.desired, &mut self.buffer, &self.sender).run().await
    }
}
