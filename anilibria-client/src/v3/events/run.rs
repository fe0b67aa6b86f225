//! Connection after connection: what is heard, what follows from it, and what is sent.

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

/// How many titles are read at a time for the episodes that came out; while there are more, nothing is heard.
const MAX_TITLE_READS: usize = 16;

/// What a stream needs to run.
pub(super) struct Run {
    pub(super) client: Client,
    pub(super) url: Url,
    pub(super) dialer: Dialer,
    /// `None` when a connection that broke is the last.
    pub(super) reconnects: Option<ReconnectDelays>,
    pub(super) idle_timeout: Duration,
    pub(super) desired: watch::Receiver<SubscriptionSet>,
    pub(super) new_episodes: NewEpisodes,
    /// Titles on their way, in the order in which their episodes came out.
    pub(super) title_reads: FuturesOrdered<BoxFuture<'static, Result<Event>>>,
    pub(super) out: mpsc::Sender<Result<Event>>,
}

/// Why a connection has ended.
enum End {
    /// Nobody reads any more.
    ReaderDropped,
    Failed(Error),
}

/// How far the service is told what is wanted, on one connection.
struct Sent {
    count: usize,
    unacknowledged: VecDeque<SubscriptionId>,
    limiter: RateLimiter,
}

impl Run {
    /// Connects again and again, until nobody reads any more or it makes no sense to go on.
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
            tracing::debug!(host, %error, error_type, retry_in_seconds, "event connection ended");
            let is_read = self.deliver(Err(error)).await.is_ok();
            let Some(wait) = wait.filter(|_| is_read) else { return };
            sleep(wait).await;
        }
    }

    async fn connection(&mut self) -> Result<Infallible, End> {
        let socket = self.dialer.connect(&self.url).await.map_err(End::Failed)?;
        tracing::debug!(host = self.url.host_str(), "event connection open");
        let mut connection = Connection::new(socket, self.dialer.max_message_size(), self.idle_timeout);
        let mut sent = Sent { count: 0, unacknowledged: VecDeque::new(), limiter: message_limiter() };
        loop {
            let has_unsent = self.desired.borrow_and_update().len() > sent.count;
            tokio::select! {
                received = connection.receive(), if self.title_reads.len() < MAX_TITLE_READS => match received.map_err(End::Failed)? {
                    Received::Text(text) => self.handle_message(text.as_bytes(), &mut sent).await?,
                    Received::Binary(bytes) => self.handle_message(&bytes, &mut sent).await?,
                    Received::Idle => connection.ping().await.map_err(End::Failed)?,
                },
                changed = self.desired.changed() => changed.map_err(|_| End::ReaderDropped)?,
                () = sleep_until(sent.limiter.ready_at()), if has_unsent => self.send_next(&mut connection, &mut sent).await?,
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

    /// Says the next of what the service does not know yet.
    async fn send_next(&mut self, connection: &mut Connection, sent: &mut Sent) -> Result<(), End> {
        let Some(text) = self.desired.borrow().get(sent.count).cloned() else { return Ok(()) };
        sent.unacknowledged.push_back(SubscriptionId(sent.count));
        sent.count += 1;
        sent.limiter.spend();
        connection.send_text(text).await.map_err(End::Failed)
    }

    async fn deliver(&mut self, event: Result<Event>) -> Result<(), End> {
        self.out.send(event).await.map_err(|_| End::ReaderDropped)
    }
}

async fn title_episode(client: Client, update: Box<PlaylistUpdate>) -> Result<Event> {
    let title = client.title(update.id);
    // What is cached is the title as it was before.
    #[cfg(feature = "cache")]
    let title = title.uncached();
    let title = title.await?;
    Ok(Event::TitleEpisode(Box::new(TitleEpisode { title, episode: update.updated_episode })))
}
