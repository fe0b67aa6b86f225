//! The task of an event stream: connections, subscriptions, and reads of titles with new episodes.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use futures::{StreamExt, future::BoxFuture, stream::FuturesOrdered};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};
use url::Url;

use super::{
    event::{Event, PlaylistUpdate, TitleEpisode},
    message,
    new_episode::NewEpisodes,
    subscriptions::{SubscriptionId, SubscriptionSet},
};
use crate::{
    Error, Result,
    client::rate_limit::RateLimiter,
    client::upgrade::Dialer,
    socket::{Connection, Received, ReconnectDelays, message_limiter},
    v3::Client,
};

/// Maximum number of titles that are read at the same time. No message is received while this many reads are in progress.
const MAX_TITLE_READS: usize = 16;

/// State of the task.
pub(super) struct Run {
    pub(super) client: Client,
    pub(super) url: Url,
    pub(super) dialer: Dialer,
    /// `None` if the stream does not reconnect.
    pub(super) reconnects: Option<ReconnectDelays>,
    pub(super) idle_timeout: Duration,
    pub(super) desired: watch::Receiver<SubscriptionSet>,
    pub(super) new_episodes: NewEpisodes,
    /// Reads of titles, in the order of their episodes.
    pub(super) title_reads: FuturesOrdered<BoxFuture<'static, Result<Event>>>,
    pub(super) sender: mpsc::Sender<Result<Event>>,
}

/// The reason for the end of a connection.
enum End {
    /// The stream was dropped.
    ReaderDropped,
    Failed(Error),
}

/// Progress of the subscriptions on one connection.
struct Sent {
    count: usize,
    unacknowledged: VecDeque<SubscriptionId>,
    limiter: RateLimiter,
}

impl Run {
    /// Connects and reconnects until the stream is dropped, a permanent error occurs, or the policy allows no further retry.
    pub(super) async fn run(mut self) {
        if self.deliver(Ok(Event::Startup)).await.is_err() {
            return;
        }
        loop {
            let started = Instant::now();
            let Err(End::Failed(error)) = self.connection().await else { return };
            let wait = self
                .reconnects
                .as_mut()
                .and_then(|reconnects| reconnects.next_delay(&error, started.elapsed()));
            let retry_in_seconds = wait.map(|wait| wait.as_secs_f64());
            let (host, error_type) = (self.url.host_str(), error.kind());
            tracing::debug!(host, %error, error_type, retry_in_seconds, "event connection closed");
            let is_read = self.deliver(Err(error)).await.is_ok();
            let Some(wait) = wait.filter(|_| is_read) else { return };
            sleep(wait).await;
        }
    }

    async fn connection(&mut self) -> Result<Infallible, End> {
        let socket = self.dialer.connect(&self.url).await.map_err(End::Failed)?;
        tracing::debug!(host = self.url.host_str(), "event connection opened");
        let mut connection = Connection::new(socket, self.dialer.max_message_size(), self.idle_timeout);
        let mut sent = Sent { count: 0, unacknowledged: VecDeque::new(), limiter: message_limiter() };
        loop {
            let has_unsent = self.desired.borrow_and_update().len() > sent.count;
            let may_receive = self.title_reads.len() < MAX_TITLE_READS;
            let send_at = sent.limiter.ready_at();
            tokio::select! {
                received = connection.receive(), if may_receive => match received.map_err(End::Failed)? {
                    Received::Text(text) => self.handle_message(text.as_bytes(), &mut sent).await?,
                    Received::Binary(bytes) => self.handle_message(&bytes, &mut sent).await?,
                    Received::Idle => connection.ping().await.map_err(End::Failed)?,
                },
                changed = self.desired.changed() => changed.map_err(|_| End::ReaderDropped)?,
                () = sleep_until(send_at), if has_unsent => self.send_next(&mut connection, &mut sent).await?,
                Some(episode) = self.title_reads.next() => self.deliver(episode).await?,
            }
        }
    }

    async fn handle_message(&mut self, message: &[u8], sent: &mut Sent) -> Result<(), End> {
        let event = message::read(message, || sent.unacknowledged.pop_front());
        if let Ok(Event::PlaylistUpdate(update)) = &event
            && self.new_episodes.is_new(update)
        {
            self.title_reads.push_back(Box::pin(title_episode(self.client.clone(), update.clone())));
        }
        self.deliver(event).await
    }

    /// Sends the next subscription.
    async fn send_next(&mut self, connection: &mut Connection, sent: &mut Sent) -> Result<(), End> {
        let Some(text) = self.desired.borrow().get(sent.count).cloned() else { return Ok(()) };
        sent.unacknowledged.push_back(SubscriptionId(sent.count));
        sent.count += 1;
        sent.limiter.consume();
        connection.send_text(text).await.map_err(End::Failed)
    }

    async fn deliver(&mut self, event: Result<Event>) -> Result<(), End> {
        self.sender.send(event).await.map_err(|_| End::ReaderDropped)
    }
}

async fn title_episode(client: Client, update: Box<PlaylistUpdate>) -> Result<Event> {
    let title = client.title(update.id);
    // The cached title has no new episode.
    #[cfg(feature = "cache")]
    let title = title.uncached();
    let title = title.await?;
    Ok(Event::TitleEpisode(Box::new(TitleEpisode { title, episode: update.updated_episode })))
}
