//! The bus of services that share Redis.

use anilibria_cache::{Appended, Redis, RedisFeed};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    future,
    stream::{BoxStream, StreamExt as _},
};
use tracing::warn;

use super::{
    super::{
        event::{Event, EventId, EventKind},
        notice::Notice,
    },
    Bus, Published, Standing,
};

/// The stream that remembers events.
const FEED: &str = "events";

/// What channels begin with, whatever the prefix: others listen to them, too.
const CHANNELS: &str = "anilibria:";

/// The bus of services that share Redis. Each kind of event has a channel, `anilibria:new_episode` and so on.
#[derive(Debug)]
pub struct RedisBus {
    feed: RedisFeed,
    prefix: String,
}

impl RedisBus {
    /// A bus over `redis` that remembers `replay` events. `prefix` is what names in Redis begin with.
    pub fn new(redis: &Redis, prefix: &str, replay: usize) -> Self {
        Self { feed: redis.feed(FEED).keep(replay), prefix: prefix.to_owned() }
    }

    async fn append(&self, notice: &Notice, by: Option<Standing<'_>>) -> anyhow::Result<Published> {
        let (identity, remembered) = notice.identity();
        let (once, channel) = (format!("{}event:{identity}", self.prefix), channel(notice.kind()));
        let mut post = self.feed.post(&channel).once(&once, remembered);
        if let Some(Standing { token, cursor }) = by {
            post = post.bookmark(cursor).token(token);
        }
        let render = |id| Event::new(id, notice).frame().as_bytes().to_vec();
        Ok(match self.feed.append(&post, render).await? {
            Appended::Made(id) => Published::New(id),
            Appended::Known => Published::Known,
            Appended::Outdated => Published::Outdated,
        })
    }
}

#[async_trait]
impl Bus for RedisBus {
    async fn publish(&self, notice: &Notice, by: Standing<'_>) -> anyhow::Result<Published> {
        self.append(notice, Some(by)).await
    }

    async fn publish_aside(&self, notice: &Notice) -> anyhow::Result<Published> {
        self.append(notice, None).await
    }

    async fn past(&self) -> anyhow::Result<Vec<Event>> {
        let posts = self.feed.since(EventId::default()).await?;
        Ok(posts.into_iter().filter_map(read).collect())
    }

    fn subscribe(&self, last: EventId) -> BoxStream<'static, Event> {
        let channels = EventKind::ALL.map(channel);
        self.feed.listen(channels, last).filter_map(|post| future::ready(read(post))).boxed()
    }

    async fn cursor(&self) -> anyhow::Result<Option<Bytes>> {
        Ok(self.feed.bookmark().await?)
    }

    async fn save_cursor(&self, cursor: &[u8]) -> anyhow::Result<()> {
        Ok(self.feed.set_bookmark(cursor).await?)
    }
}

fn channel(kind: EventKind) -> String {
    format!("{CHANNELS}{kind}")
}

/// The event that a post is.
fn read((id, payload): (EventId, Bytes)) -> Option<Event> {
    let event = Event::read(id, payload);
    if event.is_none() {
        // Another version of the service may know more kinds.
        warn!(%id, "Among the events in Redis is something else");
    }
    event
}
