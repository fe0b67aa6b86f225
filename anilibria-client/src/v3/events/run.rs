//! Connection after connection: what is heard, what follows from it, and what is said.

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
    subscriptions::{SubscriptionId, Wanted},
};
use crate::{
    Error, Result,
    client::rate_limit::RateLimiter,
    client::upgrade::Dialer,
    socket::{Heard, Link, Reconnects, message_limiter},
    v3::Client,
};

/// How many titles are read at a time for the episodes that came out; while there are more, nothing is heard.
const MAX_READING: usize = 16;

/// What a stream needs to run.
pub(super) struct Run {
    pub(super) client: Client,
    pub(super) url: Url,
    pub(super) dialer: Dialer,
    /// `None` when a connection that broke is the last.
    pub(super) reconnects: Option<Reconnects>,
    pub(super) idle_timeout: Duration,
    pub(super) wanted: watch::Receiver<Wanted>,
    pub(super) new_episodes: NewEpisodes,
    /// Titles on their way, in the order in which their episodes came out.
    pub(super) reading: FuturesOrdered<BoxFuture<'static, Result<Event>>>,
    pub(super) out: mpsc::Sender<Result<Event>>,
}

/// Why a connection has ended.
enum End {
    /// Nobody reads any more.
    Unread,
    Failed(Error),
}

/// How far the service is told what is wanted, on one connection.
struct Said {
    count: usize,
    unanswered: VecDeque<SubscriptionId>,
    limiter: RateLimiter,
}

impl Run {
    /// Connects again and again, until nobody reads any more or it makes no sense to go on.
    pub(super) async fn run(mut self) {
        if self.tell(Ok(Event::Startup)).await.is_err() {
            return;
        }
        loop {
            let started = Instant::now();
            let Err(End::Failed(error)) = self.connection().await else { return };
            let wait =
                self.reconnects.as_mut().and_then(|reconnects| reconnects.after(&error, started.elapsed()));
            let retry_in_seconds = wait.map(|wait| wait.as_secs_f64());
            let (host, error_type) = (self.url.host_str(), error.kind());
            tracing::debug!(host, %error, error_type, retry_in_seconds, "event connection ended");
            let is_read = self.tell(Err(error)).await.is_ok();
            let Some(wait) = wait.filter(|_| is_read) else { return };
            sleep(wait).await;
        }
    }

    async fn connection(&mut self) -> Result<Infallible, End> {
        let socket = self.dialer.connect(&self.url).await.map_err(End::Failed)?;
        tracing::debug!(host = self.url.host_str(), "event connection open");
        let mut link = Link::new(socket, self.dialer.max_message_size(), self.idle_timeout);
        let mut said = Said { count: 0, unanswered: VecDeque::new(), limiter: message_limiter() };
        loop {
            let has_more_to_say = self.wanted.borrow_and_update().len() > said.count;
            tokio::select! {
                heard = link.hear(), if self.reading.len() < MAX_READING => match heard.map_err(End::Failed)? {
                    Heard::Text(text) => self.understand(text.as_bytes(), &mut said).await?,
                    Heard::Binary(bytes) => self.understand(&bytes, &mut said).await?,
                    Heard::Silence => link.probe().await.map_err(End::Failed)?,
                },
                changed = self.wanted.changed() => changed.map_err(|_| End::Unread)?,
                () = sleep_until(said.limiter.ready_at()), if has_more_to_say => self.say(&mut link, &mut said).await?,
                Some(episode) = self.reading.next() => self.tell(episode).await?,
            }
        }
    }

    async fn understand(&mut self, message: &[u8], said: &mut Said) -> Result<(), End> {
        let event = message::read(message, || said.unanswered.pop_front());
        if let Ok(Event::PlaylistUpdate(update)) = &event
            && self.new_episodes.is_new(update)
        {
            self.reading.push_back(Box::pin(title_episode(self.client.clone(), update.clone())));
        }
        self.tell(event).await
    }

    /// Says the next of what the service does not know yet.
    async fn say(&mut self, link: &mut Link, said: &mut Said) -> Result<(), End> {
        let Some(text) = self.wanted.borrow().get(said.count).cloned() else { return Ok(()) };
        said.unanswered.push_back(SubscriptionId(said.count));
        said.count += 1;
        said.limiter.spend();
        link.say(text).await.map_err(End::Failed)
    }

    async fn tell(&mut self, event: Result<Event>) -> Result<(), End> {
        self.out.send(event).await.map_err(|_| End::Unread)
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
