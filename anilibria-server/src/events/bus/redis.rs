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
    Bus, FencedCursor, PublishOutcome,
    publish_span::in_publish_span,
};
use crate::titles::change::{EventKind, Identity, TitleChange};

/// Name of the stream that stores events.
const FEED: &str = "events";

/// Prefix of the channels. It is fixed and not the configured prefix, because other services subscribe to the channels.
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
        change: &TitleChange,
        origin: Option<TraceContext>,
        cursor: Option<FencedCursor<'_>>,
    ) -> anyhow::Result<PublishOutcome> {
        let Identity { subject, content, version, deduplication_window } = change.identity();
        let (key, channel) = (format!("{}event:{subject}", self.prefix), channel(change.kind()));
        let origin = origin.map(|origin| origin.to_string());
        let mut record = self.feed.record(&channel).idempotency_key(&key, deduplication_window);
        record = record.fingerprint(&content).version(version);
        if let Some(origin) = &origin {
            record = record.metadata(origin.as_bytes());
        }
        if let Some(FencedCursor { token, cursor }) = cursor {
            record = record.checkpoint(cursor).fencing_token(token);
        }
        let render = |id| Event::new(id, change).frame().as_bytes().to_vec();
        Ok(match self.feed.append(&record, render).await? {
            AppendOutcome::Appended(id) => PublishOutcome::Published(id),
            AppendOutcome::Duplicate => PublishOutcome::Duplicate,
            AppendOutcome::Fenced => PublishOutcome::Fenced,
        })
    }
}

#[async_trait]
impl Bus for RedisBus {
    fn system(&self) -> &'static str {
        "redis"
    }

    async fn publish(
        &self,
        change: &TitleChange,
        cursor: FencedCursor<'_>,
    ) -> anyhow::Result<PublishOutcome> {
        in_publish_span(change, self.system(), |origin| self.append(change, origin, Some(cursor))).await
    }

    async fn publish_unfenced(&self, change: &TitleChange) -> anyhow::Result<PublishOutcome> {
        in_publish_span(change, self.system(), |origin| self.append(change, origin, None)).await
    }

    async fn past(&self) -> anyhow::Result<Vec<Event>> {
        let records = self.feed.replay(EventId::default()).await?;
        Ok(records.into_iter().filter_map(read).collect())
    }

    fn subscribe(&self, last: EventId) -> BoxStream<'static, Event> {
        let channels = EventKind::ALL.map(channel);
        self.feed.subscribe(channels, last).filter_map(|record| future::ready(read(record))).boxed()
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
fn read(Record { id, payload, metadata }: Record) -> Option<Event> {
    let event = Event::parse(id, payload);
    if event.is_none() {
        // Another version of the service may define more kinds.
        warn!(%id, "unknown record in the event stream of Redis skipped");
    }
    Some(event?.with_origin(metadata.and_then(|origin| TraceContext::parse(&origin))))
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

    fn fenced(token: u64, cursor: &[u8]) -> FencedCursor<'_> {
        FencedCursor { token, cursor }
    }

    #[tokio::test]
    async fn each_change_is_published_once() {
        let Some(server) = RedisServer::start() else { return };

        conformance::each_change_is_published_once(&bus(&server)).await;
    }

    #[tokio::test]
    async fn publisher_that_has_lost_the_lease_is_fenced() {
        let Some(server) = RedisServer::start() else { return };
        let (old, new) = (bus(&server), bus(&server));
        let change = |title_id, old, new| TitleChange::StatusChange { title_id, old, new, version: 0 };
        let mut events = new.subscribe(EventId::default());
        let first = old.publish(&change(7, Announced, Ongoing), fenced(1, b"first")).await.unwrap();
        let second = new.publish(&change(7, Ongoing, Completed), fenced(2, b"second")).await.unwrap();

        for (late, cursor) in [
            // An event that the new leader published, an event that it has not published yet, and an event that the old
            // leader published itself.
            (change(7, Ongoing, Completed), b"late"),
            (change(8, Announced, Ongoing), b"late"),
            (change(7, Announced, Ongoing), b"late"),
        ] {
            let outcome = old.publish(&late, fenced(1, cursor)).await.unwrap();
            assert_eq!(outcome, PublishOutcome::Fenced, "{late:?}");
        }
        assert_eq!(new.cursor().await.unwrap().as_deref(), Some(&b"second"[..]));
        let third = new.publish(&change(8, Announced, Ongoing), fenced(2, b"third")).await.unwrap();

        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(PublishOutcome::Published(events.next().await.unwrap().id()));
        }
        assert_eq!(ids, [first, second, third]);
    }

    #[tokio::test]
    async fn origin_of_an_event_is_read_if_it_is_present_and_valid() {
        let Some(server) = RedisServer::start() else { return };
        let bus = bus(&server);
        let origin = TraceContext::parse(ORIGIN.as_bytes());
        let change =
            |title_id| TitleChange::StatusChange { title_id, old: Announced, new: Ongoing, version: 0 };
        bus.append(&change(1), origin, None).await.unwrap();
        bus.append(&change(2), None, None).await.unwrap();
        let first = bus.past().await.unwrap().remove(0);
        let frame = first.frame().to_string();
        for (id, metadata) in [(1, "nonsense"), (2, &*"0".repeat(5000))] {
            let damaged = frame.replace(&first.id().to_string(), &format!("9000000000000-000{id}"));
            let id = format!("9000000000000-{id}");
            server.cli(&["XADD", "anilibria:#feed:events", &id, "payload", &damaged, "note", metadata]);
        }

        let events: Vec<_> = bus.subscribe(EventId::default()).take(4).collect().await;

        let origins: Vec<_> = events.iter().map(Event::origin).collect();
        assert_eq!(origins, [origin, None, None, None]);
        assert!(events.iter().all(|event| !event.frame().contains("4bf92f35")));
    }
}
