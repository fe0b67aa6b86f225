//! Feeds: records in one order, replayed after outages.

use std::time::Duration;

use anilibria_cache::{
    Redis,
    coordination::{AppendOutcome, Record, RecordId, RedisFeed},
};
use futures::{StreamExt as _, stream::BoxStream};
use test_services::RedisServer;

use crate::{redis, soon};

const CHANNEL: &str = "test:news";

fn feed(server: &RedisServer) -> RedisFeed {
    redis(server).build().unwrap().feed("feed")
}

async fn append(feed: &RedisFeed, text: &str) -> RecordId {
    match feed.append(&feed.record(CHANNEL), |_| text).await.unwrap() {
        AppendOutcome::Appended(id) => id,
        other => panic!("not appended: {other:?}"),
    }
}

async fn receive(records: &mut BoxStream<'static, Record>, count: usize) -> Vec<String> {
    let text = |record: Record| String::from_utf8(record.payload.to_vec()).unwrap();
    soon(records.take(count).map(text).collect()).await
}

#[tokio::test]
async fn records_of_several_writers_are_received_in_the_order_of_their_ids() {
    let Some(server) = RedisServer::start() else { return };
    let writers = [feed(&server), feed(&server), feed(&server)];
    let mut ids = Vec::new();
    for round in 0..10 {
        for writer in &writers {
            ids.push(append(writer, &round.to_string()).await);
        }
    }

    let received: Vec<RecordId> = soon(
        feed(&server).subscribe([CHANNEL], RecordId::default()).take(30).map(|record| record.id).collect(),
    )
    .await;

    assert!(ids.is_sorted());
    assert_eq!(received, ids);
}

#[tokio::test]
async fn writer_whose_clock_is_behind_uses_later_ids_than_the_others() {
    let Some(server) = RedisServer::start() else { return };
    let ahead: RecordId = "9000000000000-0007".parse().unwrap();
    server.cli(&["XADD", "test:#feed:feed", "9000000000000-7", "payload", "from the future"]);

    let id = append(&feed(&server), "now").await;

    assert_eq!(id, ahead.next());
}

#[tokio::test]
async fn duplicate_record_is_appended_once_and_still_sets_the_checkpoint() {
    let Some(server) = RedisServer::start() else { return };
    let (one, two) = (feed(&server), feed(&server));
    let record = one.record(CHANNEL).idempotency_key("test:key", Duration::from_mins(1)).checkpoint(b"here");

    let appended = one.append(&record, |id| id.to_string()).await.unwrap();
    let again = two.append(&record.clone().checkpoint(b"there"), |id| id.to_string()).await.unwrap();

    assert!(matches!(appended, AppendOutcome::Appended(_)));
    assert_eq!(again, AppendOutcome::Duplicate);
    assert_eq!(one.replay(RecordId::default()).await.unwrap().len(), 1);
    assert_eq!(two.checkpoint().await.unwrap().as_deref(), Some(&b"there"[..]));
}

#[tokio::test]
async fn other_fingerprint_is_no_duplicate_and_neither_is_the_first_when_it_returns() {
    let Some(server) = RedisServer::start() else { return };
    let feed = feed(&server);
    let append = async |fingerprint| {
        let record =
            feed.record(CHANNEL).idempotency_key("test:key", Duration::from_mins(1)).fingerprint(fingerprint);
        matches!(feed.append(&record, |_| fingerprint).await.unwrap(), AppendOutcome::Appended(_))
    };

    let mut appended = Vec::new();
    for fingerprint in ["on", "on", "off", "off", "on"] {
        appended.push(append(fingerprint).await);
    }

    assert_eq!(appended, [true, false, true, false, true]);
}

#[tokio::test]
async fn superseded_version_is_a_duplicate_and_a_newer_one_is_not() {
    let Some(server) = RedisServer::start() else { return };
    let feed = feed(&server);
    let append = async |fingerprint, version| {
        let record = feed.record(CHANNEL).idempotency_key("test:key", Duration::from_mins(1));
        let record = record.fingerprint(fingerprint).version(version);
        matches!(feed.append(&record, |_| fingerprint).await.unwrap(), AppendOutcome::Appended(_))
    };

    let mut appended = Vec::new();
    for (fingerprint, version) in [
        ("on", 9),
        ("off", 10),
        // A late copy of the first, a copy of the last, and the last with a higher version.
        ("on", 9),
        ("off", 10),
        ("off", 11),
        ("on", 11),
        ("off", u64::MAX - 1),
        ("on", u64::MAX),
        ("off", u64::MAX - 1),
        // Two states may have the same version.
        ("off", u64::MAX),
        // The version may be unknown.
        ("on", 0),
    ] {
        appended.push(append(fingerprint, version).await);
    }

    assert_eq!(appended, [true, true, false, false, false, true, true, true, false, true, true]);
}

#[tokio::test]
async fn writer_with_a_smaller_fencing_token_is_rejected() {
    let Some(server) = RedisServer::start() else { return };
    let feed = feed(&server);
    let append = async |token, text: &'static str| {
        feed.append(&feed.record(CHANNEL).fencing_token(token).checkpoint(text.as_bytes()), |_| text)
            .await
            .unwrap()
    };
    assert!(matches!(append(7, "first").await, AppendOutcome::Appended(_)));
    assert!(matches!(append(8, "successor").await, AppendOutcome::Appended(_)));

    assert_eq!(append(7, "straggler").await, AppendOutcome::Fenced);

    assert_eq!(feed.replay(RecordId::default()).await.unwrap().len(), 2);
    assert_eq!(feed.checkpoint().await.unwrap().as_deref(), Some(&b"successor"[..]));
}

#[tokio::test]
async fn retention_is_limited_by_number_and_age() {
    let Some(server) = RedisServer::start() else { return };
    let feed = feed(&server).max_records(3);
    for number in 0..10 {
        append(&feed, &number.to_string()).await;
    }
    let old = feed.clone().max_age(Duration::ZERO);

    assert_eq!(receive(&mut feed.subscribe([CHANNEL], RecordId::default()), 3).await, ["7", "8", "9"]);
    tokio::time::sleep(Duration::from_millis(2)).await;
    append(&old, "new").await;
    assert_eq!(feed.replay(RecordId::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn subscription_continues_after_redis_was_down() {
    let Some(mut server) = RedisServer::options().persistent().start() else { return };
    let feed = feed(&server);
    let mut records = feed.subscribe([CHANNEL], RecordId::default());
    append(&feed, "before").await;
    assert_eq!(receive(&mut records, 1).await, ["before"]);

    server.kill();
    server.restart();
    let url = server.url();
    // A second connection: the first one has not yet noticed that it is closed.
    let other = Redis::builder(url).prefix("test:").build().unwrap().feed("feed");
    append(&other, "after").await;

    assert_eq!(receive(&mut records, 1).await, ["after"]);
}

#[tokio::test]
async fn lost_stream_is_restored_before_anything_new_is_appended() {
    let Some(server) = RedisServer::start() else { return };
    let (writer, reader) = (feed(&server), feed(&server));
    let mut records = reader.subscribe([CHANNEL], RecordId::default());
    append(&writer, "one").await;
    assert_eq!(receive(&mut records, 1).await, ["one"]);

    let lost = append(&writer, "two").await;
    server.flush();
    let new = append(&writer, "three").await;

    let kept: Vec<RecordId> = feed(&server)
        .replay(RecordId::default())
        .await
        .unwrap()
        .into_iter()
        .map(|record| record.id)
        .collect();
    assert_eq!(kept[1..], [lost, new]);
    assert_eq!(receive(&mut records, 2).await, ["two", "three"]);
}

#[tokio::test]
async fn metadata_is_not_published_and_survives_a_lost_stream() {
    let Some(server) = RedisServer::start() else { return };
    let (writer, reader) = (feed(&server), feed(&server));
    let mut records = reader.subscribe([CHANNEL], RecordId::default());
    let mut channel = redis::Client::open(server.url()).unwrap().get_async_pubsub().await.unwrap();
    channel.subscribe(CHANNEL).await.unwrap();
    let metadata =
        |records: Vec<Record>| records.into_iter().map(|record| record.metadata).collect::<Vec<_>>();

    writer.append(&writer.record(CHANNEL).metadata(b"aside"), |_| "with metadata").await.unwrap();
    for nothing in [&b""[..], &[b'x'; 1025]] {
        writer.append(&writer.record(CHANNEL).metadata(nothing), |_| "plain").await.unwrap();
    }

    let published: Vec<Vec<u8>> =
        soon(channel.on_message().take(3).map(|message| message.get_payload().unwrap()).collect()).await;
    assert_eq!(published, [&b"with metadata"[..], b"plain", b"plain"]);
    let expected = [Some("aside".into()), None, None];
    assert_eq!(metadata(soon(records.by_ref().take(3).collect()).await), expected);
    server.flush();
    append(&writer, "new").await;
    assert_eq!(metadata(writer.replay(RecordId::default()).await.unwrap())[..3], expected);
}

#[tokio::test]
async fn message_that_is_only_published_is_not_received() {
    let Some(server) = RedisServer::start() else { return };
    let feed = feed(&server);
    let mut records = feed.subscribe([CHANNEL], RecordId::default());
    append(&feed, "one").await;
    assert_eq!(receive(&mut records, 1).await, ["one"]);

    server.cli(&["PUBLISH", CHANNEL, "noise"]);
    append(&feed, "two").await;

    assert_eq!(receive(&mut records, 1).await, ["two"]);
}

#[tokio::test]
async fn feed_works_in_a_cluster() {
    let Some(server) = RedisServer::options().cluster().start() else { return };
    let url = server.url().replacen("redis://", "redis+cluster://", 1);
    let feed = Redis::builder(url).prefix("test:").build().unwrap().feed("feed");
    let record = feed
        .record(CHANNEL)
        .idempotency_key("test:key", Duration::from_mins(1))
        .checkpoint(b"here")
        .fencing_token(1);
    let mut records = feed.subscribe([CHANNEL], RecordId::default());

    let appended = feed.append(&record, |_| "one").await.unwrap();

    assert!(matches!(appended, AppendOutcome::Appended(_)));
    assert_eq!(feed.append(&record, |_| "one").await.unwrap(), AppendOutcome::Duplicate);
    assert_eq!(receive(&mut records, 1).await, ["one"]);
    assert_eq!(feed.checkpoint().await.unwrap().as_deref(), Some(&b"here"[..]));
}
