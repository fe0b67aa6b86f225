//! Feeds: posts in one order that nobody loses.

use std::time::Duration;

use anilibria_cache::{
    Redis,
    coordination::{Appended, PostId, Posted, RedisFeed},
};
use futures::{StreamExt as _, stream::BoxStream};
use test_services::RedisServer;

use crate::{redis, soon};

const CHANNEL: &str = "test:news";

fn feed(server: &RedisServer) -> RedisFeed {
    redis(server).build().unwrap().feed("feed")
}

async fn append(feed: &RedisFeed, text: &str) -> PostId {
    match feed.append(&feed.post(CHANNEL), |_| text).await.unwrap() {
        Appended::Made(id) => id,
        other => panic!("not made: {other:?}"),
    }
}

async fn hear(posts: &mut BoxStream<'static, Posted>, count: usize) -> Vec<String> {
    let text = |post: Posted| String::from_utf8(post.payload.to_vec()).unwrap();
    soon(posts.take(count).map(text).collect()).await
}

#[tokio::test]
async fn posts_of_several_writers_are_heard_by_all_in_the_order_of_their_ids() {
    let Some(server) = RedisServer::start() else { return };
    let writers = [feed(&server), feed(&server), feed(&server)];
    let mut ids = Vec::new();
    for round in 0..10 {
        for writer in &writers {
            ids.push(append(writer, &round.to_string()).await);
        }
    }

    let heard: Vec<PostId> =
        soon(feed(&server).listen([CHANNEL], PostId::default()).take(30).map(|post| post.id).collect()).await;

    assert!(ids.is_sorted());
    assert_eq!(heard, ids);
}

#[tokio::test]
async fn writer_whose_clock_is_behind_uses_later_ids_than_the_others() {
    let Some(server) = RedisServer::start() else { return };
    let ahead: PostId = "9000000000000-0007".parse().unwrap();
    server.cli(&["XADD", "test:feed", "9000000000000-7", "payload", "from the future"]);

    let id = append(&feed(&server), "now").await;

    assert_eq!(id, ahead.next());
}

#[tokio::test]
async fn same_post_is_made_once() {
    let Some(server) = RedisServer::start() else { return };
    let (one, two) = (feed(&server), feed(&server));
    let post = one.post(CHANNEL).once("test:once", Duration::from_mins(1)).bookmark(b"here");

    let made = one.append(&post, |id| id.to_string()).await.unwrap();
    let again = two.append(&post.clone().bookmark(b"there"), |id| id.to_string()).await.unwrap();

    assert!(matches!(made, Appended::Made(_)));
    assert_eq!(again, Appended::Known);
    assert_eq!(one.since(PostId::default()).await.unwrap().len(), 1);
    assert_eq!(two.bookmark().await.unwrap().as_deref(), Some(&b"there"[..]));
}

#[tokio::test]
async fn other_content_is_another_post_and_so_is_the_first_when_it_comes_back() {
    let Some(server) = RedisServer::start() else { return };
    let feed = feed(&server);
    let append = async |content| {
        let post = feed.post(CHANNEL).once("test:once", Duration::from_mins(1)).content(content);
        matches!(feed.append(&post, |_| content).await.unwrap(), Appended::Made(_))
    };

    let mut made = Vec::new();
    for content in ["on", "on", "off", "off", "on"] {
        made.push(append(content).await);
    }

    assert_eq!(made, [true, false, true, false, true]);
}

#[tokio::test]
async fn what_was_overtaken_is_not_another_post_and_what_is_newer_is() {
    let Some(server) = RedisServer::start() else { return };
    let feed = feed(&server);
    let append = async |content, version| {
        let post = feed.post(CHANNEL).once("test:once", Duration::from_mins(1));
        let post = post.content(content).version(version);
        matches!(feed.append(&post, |_| content).await.unwrap(), Appended::Made(_))
    };

    let mut made = Vec::new();
    for (content, version) in [
        ("on", 9),
        ("off", 10),
        // Late with the first, the same as the last, and the last again as another has found it.
        ("on", 9),
        ("off", 10),
        ("off", 11),
        ("on", 11),
        ("off", u64::MAX - 1),
        ("on", u64::MAX),
        ("off", u64::MAX - 1),
        // There may be none, or two within the same second.
        ("off", u64::MAX),
        // Nor may it be known.
        ("on", 0),
    ] {
        made.push(append(content, version).await);
    }

    assert_eq!(made, [true, true, false, false, false, true, true, true, false, true, true]);
}

#[tokio::test]
async fn writer_that_was_relieved_is_refused() {
    let Some(server) = RedisServer::start() else { return };
    let feed = feed(&server);
    let append = async |token, text: &'static str| {
        feed.append(&feed.post(CHANNEL).token(token).bookmark(text.as_bytes()), |_| text).await.unwrap()
    };
    assert!(matches!(append(7, "first").await, Appended::Made(_)));
    assert!(matches!(append(8, "successor").await, Appended::Made(_)));

    assert_eq!(append(7, "straggler").await, Appended::Outdated);

    assert_eq!(feed.since(PostId::default()).await.unwrap().len(), 2);
    assert_eq!(feed.bookmark().await.unwrap().as_deref(), Some(&b"successor"[..]));
}

#[tokio::test]
async fn only_so_many_posts_are_remembered() {
    let Some(server) = RedisServer::start() else { return };
    let feed = feed(&server).keep(3);
    for number in 0..10 {
        append(&feed, &number.to_string()).await;
    }
    let old = feed.clone().keep_for(Duration::ZERO);

    assert_eq!(hear(&mut feed.listen([CHANNEL], PostId::default()), 3).await, ["7", "8", "9"]);
    tokio::time::sleep(Duration::from_millis(2)).await;
    append(&old, "new").await;
    assert_eq!(feed.since(PostId::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn listener_reads_on_after_redis_was_away() {
    let Some(mut server) = RedisServer::options().persistent().start() else { return };
    let feed = feed(&server);
    let mut posts = feed.listen([CHANNEL], PostId::default());
    append(&feed, "before").await;
    assert_eq!(hear(&mut posts, 1).await, ["before"]);

    server.kill();
    server.restart();
    let url = server.url();
    // Another connection than the listener's, which still has to find out.
    let other = Redis::builder(url).prefix("test:").build().unwrap().feed("feed");
    append(&other, "after").await;

    assert_eq!(hear(&mut posts, 1).await, ["after"]);
}

#[tokio::test]
async fn stream_that_was_lost_is_given_back_what_is_remembered_before_anything_new() {
    let Some(server) = RedisServer::start() else { return };
    let (writer, reader) = (feed(&server), feed(&server));
    let mut posts = reader.listen([CHANNEL], PostId::default());
    append(&writer, "one").await;
    assert_eq!(hear(&mut posts, 1).await, ["one"]);

    let lost = append(&writer, "two").await;
    server.flush();
    let new = append(&writer, "three").await;

    let kept: Vec<PostId> =
        feed(&server).since(PostId::default()).await.unwrap().into_iter().map(|post| post.id).collect();
    assert_eq!(kept[1..], [lost, new]);
    assert_eq!(hear(&mut posts, 2).await, ["two", "three"]);
}

#[tokio::test]
async fn note_is_for_the_feed_alone_and_outlives_a_stream_that_was_lost() {
    let Some(server) = RedisServer::start() else { return };
    let (writer, reader) = (feed(&server), feed(&server));
    let mut posts = reader.listen([CHANNEL], PostId::default());
    let mut channel = redis::Client::open(server.url()).unwrap().get_async_pubsub().await.unwrap();
    channel.subscribe(CHANNEL).await.unwrap();
    let note = |posts: Vec<Posted>| posts.into_iter().map(|post| post.note).collect::<Vec<_>>();

    writer.append(&writer.post(CHANNEL).note(b"aside"), |_| "noted").await.unwrap();
    for nothing in [&b""[..], &[b'x'; 1025]] {
        writer.append(&writer.post(CHANNEL).note(nothing), |_| "plain").await.unwrap();
    }

    let told: Vec<Vec<u8>> =
        soon(channel.on_message().take(3).map(|message| message.get_payload().unwrap()).collect()).await;
    assert_eq!(told, [&b"noted"[..], b"plain", b"plain"]);
    let expected = [Some("aside".into()), None, None];
    assert_eq!(note(soon(posts.by_ref().take(3).collect()).await), expected);
    server.flush();
    append(&writer, "new").await;
    assert_eq!(note(writer.since(PostId::default()).await.unwrap())[..3], expected);
}

#[tokio::test]
async fn what_is_only_published_is_not_heard() {
    let Some(server) = RedisServer::start() else { return };
    let feed = feed(&server);
    let mut posts = feed.listen([CHANNEL], PostId::default());
    append(&feed, "one").await;
    assert_eq!(hear(&mut posts, 1).await, ["one"]);

    server.cli(&["PUBLISH", CHANNEL, "noise"]);
    append(&feed, "two").await;

    assert_eq!(hear(&mut posts, 1).await, ["two"]);
}

#[tokio::test]
async fn feed_works_in_a_cluster() {
    let Some(server) = RedisServer::options().cluster().start() else { return };
    let url = server.url().replacen("redis://", "redis+cluster://", 1);
    let feed = Redis::builder(url).prefix("test:").build().unwrap().feed("feed");
    let post = feed.post(CHANNEL).once("test:once", Duration::from_mins(1)).bookmark(b"here").token(1);
    let mut posts = feed.listen([CHANNEL], PostId::default());

    let made = feed.append(&post, |_| "one").await.unwrap();

    assert!(matches!(made, Appended::Made(_)));
    assert_eq!(feed.append(&post, |_| "one").await.unwrap(), Appended::Known);
    assert_eq!(hear(&mut posts, 1).await, ["one"]);
    assert_eq!(feed.bookmark().await.unwrap().as_deref(), Some(&b"here"[..]));
}
