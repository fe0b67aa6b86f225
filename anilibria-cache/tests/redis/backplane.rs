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
    assert_eq!(until_there(server, &mut signals, others + 1).await, None);
    signals
}

/// Polls `signals` until the server has `count` subscribers. Returns a signal that arrives before that.
async fn until_there(server: &RedisServer, signals: &mut Signals, count: usize) -> Option<Signal> {
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
async fn the_others_hear_what_a_member_publishes_and_it_does_not() {
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
async fn what_was_missed_while_the_connection_was_away_is_told() {
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
async fn a_restart_during_which_nothing_was_said_is_not_told() {
    let Some(mut server) = RedisServer::options().persistent().start() else { return };
    let (one, other) = (member(&server), member(&server));
    let mut signals = listen(&server, &other).await;
    one.publish(&changed("first")).await.unwrap();
    assert_eq!(next(&mut signals).await, Signal::Invalidate(changed("first")));

    server.restart();
    let heard = until_there(&server, &mut signals, 1).await;
    one.publish(&changed("second")).await.unwrap();

    assert_eq!(heard, None);
    assert_eq!(next(&mut signals).await, Signal::Invalidate(changed("second")));
}

#[tokio::test]
async fn a_restart_that_lost_the_data_is_told() {
    let Some(mut server) = RedisServer::start() else { return };
    let (one, other) = (member(&server), member(&server));
    let mut signals = listen(&server, &other).await;
    one.publish(&changed("first")).await.unwrap();
    assert_eq!(next(&mut signals).await, Signal::Invalidate(changed("first")));

    server.restart();

    assert_eq!(next(&mut signals).await, Signal::Resync);
}

#[tokio::test]
async fn a_flush_is_told() {
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
async fn a_message_that_got_lost_is_told() {
    let Some(server) = RedisServer::start() else { return };
    let (one, other) = (member(&server), member(&server));
    let mut signals = listen(&server, &other).await;
    one.publish(&changed("first")).await.unwrap();
    assert_eq!(next(&mut signals).await, Signal::Invalidate(changed("first")));

    server.cli(&["INCR", "test:#generation:test:cache_invalidate"]);

    assert_eq!(next(&mut signals).await, Signal::Resync);
}

#[tokio::test]
async fn a_message_that_makes_no_sense_is_as_good_as_lost() {
    let Some(server) = RedisServer::start() else { return };
    let other = member(&server);
    let mut signals = listen(&server, &other).await;

    server.cli(&["PUBLISH", "test:cache_invalidate", "nonsense"]);

    assert_eq!(next(&mut signals).await, Signal::Resync);
}

#[tokio::test]
async fn a_server_that_was_frozen_is_noticed_and_heard_again() {
    let Some(server) = RedisServer::start() else { return };
    let brief = Duration::from_millis(100);
    let impatient = redis(&server).check_every(brief).response_timeout(brief).connect_timeout(brief);
    let (one, other) = (member(&server), impatient.build().unwrap().backplane());
    let mut signals = other.subscribe();
    let _ = until_there(&server, &mut signals, 1).await;
    let before = connections(&server);

    server.freeze();
    let meanwhile = tokio::time::timeout(Duration::from_secs(1), signals.next()).await;
    server.thaw();
    until(async || one.publish(&changed("second")).await.is_ok()).await;

    assert!(meanwhile.is_err(), "{meanwhile:?}");
    let heard = next(&mut signals).await;
    assert_ne!(connections(&server), before);
    assert!([Signal::Resync, Signal::Invalidate(changed("second"))].contains(&heard), "{heard:?}");
}

#[tokio::test]
async fn who_does_not_read_for_long_is_told_to_resync() {
    let Some(server) = RedisServer::start() else { return };
    let (one, other) = (member(&server), member(&server));
    let signals = listen(&server, &other).await;

    for _ in 0..3_000 {
        one.publish(&changed("key")).await.unwrap();
    }
    let heard = soon(signals.take_while(|signal| ready(*signal != Signal::Resync)).count()).await;

    assert!(heard < 3_000, "{heard} messages");
}

#[tokio::test]
async fn a_listener_that_started_without_redis_is_told_to_resync_once_it_is_there() {
    let Some(mut server) = RedisServer::start() else { return };
    server.kill();
    let mut signals = member(&server).subscribe();
    let meanwhile = tokio::time::timeout(Duration::from_millis(200), signals.next()).await;

    server.restart();

    assert!(meanwhile.is_err());
    assert_eq!(next(&mut signals).await, Signal::Resync);
}

#[tokio::test]
async fn a_message_is_published_by_a_full_redis_too_and_fails_without_one() {
    let Some(mut server) = RedisServer::start() else { return };
    let one = member(&server);
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);

    let full = one.publish(&changed("key")).await;
    server.kill();
    let away = soon(one.publish(&changed("key"))).await;

    assert!(full.is_ok() && away.is_err(), "{full:?} {away:?}");
}
