//! The event bus of instances that share Redis.

use anilibria_cache::{
    Redis,
    coordination::{AppendOutcome, Record, RedisFeed},
};
use anilibria_http::trace::TraceContext;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    future,
    stream::{BoxStream, StreamExt as _},
};
use tracing::warn;

use super::{
    super::event::{Event, EventId},
    Bus, Published, Standing,
    publishing::publishing,
};
use crate::titles::notice::{EventKind, Identity, Notice};

/// Name of the stream that stores events.
const FEED: &str = "events";

/// Prefix of the channels. It does not depend on the configured prefix, because other services subscribe to the channels.
const CHANNELS: &str = "anilibria:";

/// Event bus of instances that share Redis. Each kind of event has a channel, such as `anilibria:new_episode`. The origin of
/// an event is stored next to the event in the stream and is not sent on the channel.
#[derive(Debug)]
pub struct RedisBus {
    feed: RedisFeed,
    prefix: String,
}

impl RedisBus {
    /// Creates a bus over `redis` that stores `replay` events. `prefix` is the prefix of all names in Redis.
    pub fn new(redis: &Redis, prefix: &str, replay: usize) -> Self {
        Self { feed: redis.feed(FEED).max_records(replay), prefix: prefix.to_owned() }
    }

    async fn append(
        &self,
        notice: &Notice,
        origin: Option<TraceContext>,
        by: Option<Standing<'_>>,
    ) -> anyhow::Result<Published> {
        let Identity { subject, content, version, remembered } = notice.identity();
        let (once, channel) = (format!("{}event:{subject}", self.prefix), channel(notice.kind()));
        let origin = origin.map(|origin| origin.to_string());
        let mut post = self.feed.record(&channel).idempotency_key(&once, remembered);
        post = post.fingerprint(&content).version(version);
        if let Some(origin) = &origin {
            post = post.metadata(origin.as_bytes());
        }
        if let Some(Standing { token, cursor }) = by {
            post = post.checkpoint(cursor).fencing_token(token);
        }
        let render = |id| Event::new(id, notice).frame().as_bytes().to_vec();
        Ok(match self.feed.append(&post, render).await? {
            AppendOutcome::Appended(id) => Published::New(id),
            AppendOutcome::Duplicate => Published::Known,
            AppendOutcome::Fenced => Published::Outdated,
        })
    }
}

#[async_trait]
impl Bus for RedisBus {
    fn system(&self) -> &'static str {
        "redis"
    }

    async fn publish(&self, notice: &Notice, by: Standing<'_>) -> anyhow::Result<Published> {
        publishing(notice, self.system(), |origin| self.append(notice, origin, Some(by))).await
    }

    async fn publish_aside(&self, notice: &Notice) -> anyhow::Result<Published> {
        publishing(notice, self.system(), |origin| self.append(notice, origin, None)).await
    }

    async fn past(&self) -> anyhow::Result<Vec<Event>> {
        let posts = self.feed.replay(EventId::default()).await?;
        Ok(posts.into_iter().filter_map(read).collect())
    }

    fn subscribe(&self, last: EventId) -> BoxStream<'static, Event> {
        let channels = EventKind::ALL.map(channel);
        self.feed.subscribe(channels, last).filter_map(|post| future::ready(read(post))).boxed()
    }

    async fn cursor(&self) -> anyhow::Result<Option<Bytes>> {
        Ok(self.feed.checkpoint().await?)
    }

    async fn save_cursor(&self, cursor: &[u8]) -> anyhow::Result<()> {
        Ok(self.feed.set_checkpoint(cursor).await?)
    }
}

fn channel(kind: EventKind) -> String {
    format!("{CHANNELS}{kind}")
}

/// Parses a record of the stream; `None` if it is not an event.
fn read(Record { id, payload, metadata: note }: Record) -> Option<Event> {
    let event = Event::read(id, payload);
    if event.is_none() {
        // Another version of the service may define more kinds.
        warn!(%id, "foreign record among the events in Redis skipped");
    }
    Some(event?.come_from(note.and_then(|note| TraceContext::parse(&note))))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use test_services::RedisServer;

    use super::{super::conformance, *};
    use crate::{
        events::event::tests::ORIGIN,
        titles::model::title::TitleStatus::{Announced, Completed, Ongoing},
    };

    fn bus(server: &RedisServer) -> RedisBus {
        RedisBus::new(&Redis::builder(server.url()).prefix(CHANNELS).build().unwrap(), CHANNELS, 10)
    }

    fn standing(token: u64, cursor: &[u8]) -> Standing<'_> {
        Standing { token, cursor }
    }

    #[tokio::test]
    async fn each_change_is_told_once_whoever_finds_it_and_however_late() {
        let Some(server) = RedisServer::start() else { return };

        conformance::each_change_is_told_once_whoever_finds_it_and_however_late(&bus(&server)).await;
    }

    #[tokio::test]
    async fn whoever_has_lost_the_office_and_does_not_know_yet_is_refused() {
        let Some(server) = RedisServer::start() else { return };
        let (old, new) = (bus(&server), bus(&server));
        let change = |title_id, old, new| Notice::StatusChange { title_id, old, new, version: 0 };
        let mut heard = new.subscribe(EventId::default());
        let first = old.publish(&change(7, Announced, Ongoing), standing(1, b"first")).await.unwrap();
        let second = new.publish(&change(7, Ongoing, Completed), standing(2, b"second")).await.unwrap();

        for (late, cursor) in [
            // An event that the new leader published, an event that it has not published yet, and an event that the old
            // leader published itself.
            (change(7, Ongoing, Completed), b"late"),
            (change(8, Announced, Ongoing), b"late"),
            (change(7, Announced, Ongoing), b"late"),
        ] {
            let published = old.publish(&late, standing(1, cursor)).await.unwrap();
            assert_eq!(published, Published::Outdated, "{late:?}");
        }
        assert_eq!(new.cursor().await.unwrap().as_deref(), Some(&b"second"[..]));
        let third = new.publish(&change(8, Announced, Ongoing), standing(2, b"third")).await.unwrap();

        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(Published::New(heard.next().await.unwrap().id()));
        }
        assert_eq!(ids, [first, second, third]);
    }

    #[tokio::test]
    async fn origin_of_an_event_is_read_if_it_is_there_and_whole() {
        let Some(server) = RedisServer::start() else { return };
        let bus = bus(&server);
        let origin = TraceContext::parse(ORIGIN.as_bytes());
        let change = |title_id| Notice::StatusChange { title_id, old: Announced, new: Ongoing, version: 0 };
        bus.append(&change(1), origin, None).await.unwrap();
        bus.append(&change(2), None, None).await.unwrap();
        let first = bus.past().await.unwrap().remove(0);
        let frame = first.frame().to_string();
        for (id, note) in [(1, "nonsense"), (2, &*"0".repeat(5000))] {
            let damaged = frame.replace(&first.id().to_string(), &format!("9000000000000-000{id}"));
            let id = format!("9000000000000-{id}");
            server.cli(&["XADD", "anilibria:#feed:events", &id, "payload", &damaged, "note", note]);
        }

        let heard: Vec<_> = bus.subscribe(EventId::default()).take(4).collect().await;

        let origins: Vec<_> = heard.iter().map(Event::origin).collect();
        assert_eq!(origins, [origin, None, None, None]);
        assert!(heard.iter().all(|event| !event.frame().contains("4bf92f35")));
    }
}
