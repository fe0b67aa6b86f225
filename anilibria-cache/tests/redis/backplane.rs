//! The backplane in Redis.

use std::time::Duration;

use anilibria_cache::{Backplane, Invalidation, RedisBackplane, Scope, Signal};
use futures::{StreamExt, future::ready, stream::BoxStream};
use test_services::RedisServer;

use super::{redis, soon, until};

type Signals = BoxStream<'static, Signal>;

fn member(server: &RedisServer) -> RedisBackplane {
    redis(server).check_every(Duration::from_millis(100)).build().unwrap().backplane()
}

fn changed(key: &str) -> Invalidation {
    Invalidation::remove(Scope::key(key))
}

/// Returns the number of subscribers that are ready: after subscribing, each reads the last sequence number.
fn listeners(server: &RedisServer) -> usize {
    connections(server).len()
}

/// Returns the client ids of these subscribers.
fn connections(server: &RedisServer) -> Vec<String> {
    let clients = server.cli(&["CLIENT", "LIST"]);
    let listeners =
        clients.lines().filter(|client| client.contains(" sub=1 ") && client.contains(" cmd=get "));
    listeners.filter_map(|client| client.split(' ').next()).map(ToOwned::to_owned).collect()
}

/// Subscribes `member` and waits until the subscription is ready.
async fn listen(server: &RedisServer, member: &RedisBackplane) -> Signals {
    let mut signals = member.subscribe();
    let others = listeners(server);
    assert_eq!(until_subscribed(server, &mut signals, others + 1).await, None);
    signals
}

/// Polls `signals` until the server has `count` subscribers. Returns a signal that arrives before that.
async fn until_subscribed(server: &RedisServer, signals: &mut Signals, count: usize) -> Option<Signal> {
    soon(async {
        while listeners(server) != count {
            if let Ok(signal) = tokio::time::timeout(Duration::from_millis(5), signals.next()).await {
                return signal;
            }
        }
        None
    })
    .await
}

async fn next(signals: &mut Signals) -> Signal {
    soon(signals.next()).await.unwrap()
}

#[tokio::test]
async fn members_receive_messages_of_other_members_only() {
    let Some(server) = RedisServer::start() else { return };
    let (one, other) = (member(&server), member(&server));
    let (mut to_one, mut to_other) = (listen(&server, &one).await, listen(&server, &other).await);

    for number in 0..100 {
        one.publish(&changed(&format!("one:{number}"))).await.unwrap();
    }
    other.publish(&Invalidation::expire(Scope::tag("ёлка"))).await.unwrap();

    for number in 0..100 {
        assert_eq!(next(&mut to_other).await, Signal::Invalidate(changed(&format!("one:{number}"))));
    }
    assert_eq!(next(&mut to_one).await, Signal::Invalidate(Invalidation::expire(Scope::tag("ёлка"))));
}

#[tokio::test]
async fn messages_missed_during_a_connection_loss_cause_a_resync() {
    let Some(mut server) = RedisServer::options().persistent().start() else { return };
    let (one, other) = (member(&server), member(&server));
    let mut signals = listen(&server, &other).await;
    one.publish(&changed("first")).await.unwrap();
    assert_eq!(next(&mut signals).await, Signal::Invalidate(changed("first")));

    server.restart();
    until(async || one.publish(&changed("missed")).await.is_ok()).await;

    assert_eq!(next(&mut signals).await, Signal::Resync);
}

#[tokio::test]
async fn restart_without_messages_causes_no_resync() {
    let Some(mut server) = RedisServer::options().persistent().start() else { return };
    let (one, other) = (member(&server), member(&server));
    let mut signals = listen(&server, &other).await;
    one.publish(&changed("first")).await.unwrap();
    assert_eq!(next(&mut signals).await, Signal::Invalidate(changed("first")));

    server.restart();
    let received = until_subscribed(&server, &mut signals, 1).await;
    one.publish(&changed("second")).await.unwrap();

    assert_eq!(received, None);
    assert_eq!(next(&mut signals).await, Signal::Invalidate(changed("second")));
}

#[tokio::test]
async fn restart_with_data_loss_causes_a_resync() {
    let Some(mut server) = RedisServer::start() else { return };
    let (one, other) = (member(&server), member(&server));
    let mut signals = listen(&server, &other).await;
    one.publish(&changed("first")).await.unwrap();
    assert_eq!(next(&mut signals).await, Signal::Invalidate(changed("first")));

    server.restart();

    assert_eq!(next(&mut signals).await, Signal::Resync);
}

#[tokio::test]
async fn flush_causes_a_resync() {
    let Some(server) = RedisServer::start() else { return };
    let (one, other) = (member(&server), member(&server));
    let mut signals = listen(&server, &other).await;
    one.publish(&changed("first")).await.unwrap();
    assert_eq!(next(&mut signals).await, Signal::Invalidate(changed("first")));

    server.flush();

    assert_eq!(next(&mut signals).await, Signal::Resync);
    one.publish(&changed("second")).await.unwrap();
    assert_eq!(next(&mut signals).await, Signal::Invalidate(changed("second")));
}

#[tokio::test]
async fn lost_message_causes_a_resync() {
    let Some(server) = RedisServer::start() else { return };
    let (one, other) = (member(&server), member(&server));
    let mut signals = listen(&server, &other).await;
    one.publish(&changed("first")).await.unwrap();
    assert_eq!(next(&mut signals).await, Signal::Invalidate(changed("first")));

    server.cli(&["INCR", "test:#generation:test:cache_invalidate"]);

    assert_eq!(next(&mut signals).await, Signal::Resync);
}

#[tokio::test]
async fn malformed_message_causes_a_resync() {
    let Some(server) = RedisServer::start() else { return };
    let other = member(&server);
    let mut signals = listen(&server, &other).await;

    server.cli(&["PUBLISH", "test:cache_invalidate", "nonsense"]);

    assert_eq!(next(&mut signals).await, Signal::Resync);
}

#[tokio::test]
async fn subscription_recovers_from_a_suspended_server() {
    let Some(server) = RedisServer::start() else { return };
    let brief = Duration::from_millis(100);
    let short_timeouts = redis(&server).check_every(brief).response_timeout(brief).connect_timeout(brief);
    let (one, other) = (member(&server), short_timeouts.build().unwrap().backplane());
    let mut signals = other.subscribe();
    let _ = until_subscribed(&server, &mut signals, 1).await;
    let before = connections(&server);

    server.freeze();
    let meanwhile = tokio::time::timeout(Duration::from_secs(1), signals.next()).await;
    server.thaw();
    until(async || one.publish(&changed("second")).await.is_ok()).await;

    assert!(meanwhile.is_err(), "{meanwhile:?}");
    let received = next(&mut signals).await;
    assert_ne!(connections(&server), before);
    assert!([Signal::Resync, Signal::Invalidate(changed("second"))].contains(&received), "{received:?}");
}

#[tokio::test]
async fn slow_reader_receives_a_resync() {
    let Some(server) = RedisServer::start() else { return };
    let (one, other) = (member(&server), member(&server));
    let signals = listen(&server, &other).await;

    for _ in 0..3_000 {
        one.publish(&changed("key")).await.unwrap();
    }
    let received = soon(signals.take_while(|signal| ready(*signal != Signal::Resync)).count()).await;

    assert!(received < 3_000, "{received} messages");
}

#[tokio::test]
async fn listener_started_without_redis_receives_a_resync_when_redis_starts() {
    let Some(mut server) = RedisServer::start() else { return };
    server.kill();
    let mut signals = member(&server).subscribe();
    let meanwhile = tokio::time::timeout(Duration::from_millis(200), signals.next()).await;

    server.restart();

    assert!(meanwhile.is_err());
    assert_eq!(next(&mut signals).await, Signal::Resync);
}

#[tokio::test]
async fn publishing_works_with_a_full_redis_and_fails_without_redis() {
    let Some(mut server) = RedisServer::start() else { return };
    let one = member(&server);
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);

    let full = one.publish(&changed("key")).await;
    server.kill();
    let away = soon(one.publish(&changed("key"))).await;

    assert!(full.is_ok() && away.is_err(), "{full:?} {away:?}");
}
