//! Commands that are executed twice, because the connection was lost before the first reply.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anilibria_cache::{
    LoadLock, Redis,
    coordination::{AppendOutcome, CandidateId, Election, RecordId},
};
use test_services::RedisServer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream},
};

const TTL: Duration = Duration::from_mins(1);

/// A proxy that can lose a reply of the server.
struct Proxy {
    port: u16,
    loses_reply: Arc<AtomicBool>,
}

impl Proxy {
    async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let loses_reply = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&loses_reply);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, server, Arc::clone(&flag)));
            }
        });
        Self { port, loses_reply }
    }

    /// Returns a connected handle whose next command is executed by the server and then answered by the end of the
    /// connection.
    async fn redis(&self) -> Redis {
        let url = format!("redis://127.0.0.1:{}", self.port);
        let redis = Redis::builder(url).prefix("test:").response_timeout(super::LONG / 2).build().unwrap();
        assert!(redis.lock().try_lock("another", TTL).await.unwrap().is_some());
        self.loses_reply.store(true, Ordering::SeqCst);
        redis
    }

    /// Asserts that a reply was lost.
    fn assert_lost(&self) {
        assert!(!self.loses_reply.load(Ordering::SeqCst), "no reply was lost");
    }
}

async fn forward(mut client: TcpStream, server: u16, loses_reply: Arc<AtomicBool>) {
    let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.split(), server.split());
    let replies = async {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            if loses_reply.swap(false, Ordering::SeqCst)
                || to_client.write_all(&buffer[..length]).await.is_err()
            {
                return;
            }
        }
    };
    tokio::select! {
        () = replies => {}
        _ = copy(&mut from_client, &mut to_server) => {}
    }
}

#[tokio::test]
async fn lock_is_acquired() {
    let Some(server) = RedisServer::start() else { return };
    let proxy = Proxy::start(server.port()).await;
    let lock = proxy.redis().await.lock();

    let lease = lock.try_lock("key", TTL).await.unwrap();

    proxy.assert_lost();
    assert_eq!(server.cli(&["GET", "test:#lock:key"]), lease.expect("the lock was free").token());
}

#[tokio::test]
async fn leader_lease_is_acquired() {
    let Some(server) = RedisServer::start() else { return };
    let proxy = Proxy::start(server.port()).await;
    let election = proxy.redis().await.election();

    let token = election.acquire_or_renew("sync", CandidateId::new(), TTL).await.unwrap();

    proxy.assert_lost();
    assert_eq!(
        server.cli(&["HGET", "test:#office:sync", "token"]),
        token.expect("the lease was free").to_string()
    );
}

#[tokio::test]
async fn record_is_appended_once() {
    let Some(server) = RedisServer::start() else { return };
    let proxy = Proxy::start(server.port()).await;
    let feed = proxy.redis().await.feed("feed");

    let outcome = feed.append(&feed.record("channel"), |_| "payload").await.unwrap();

    proxy.assert_lost();
    let records: Vec<_> =
        feed.replay(RecordId::default()).await.unwrap().iter().map(|record| record.id).collect();
    assert_eq!(records.iter().map(|&id| AppendOutcome::Appended(id)).collect::<Vec<_>>(), [outcome]);
}

#[tokio::test]
async fn record_with_an_idempotency_key_is_not_a_duplicate_of_itself() {
    let Some(server) = RedisServer::start() else { return };
    let proxy = Proxy::start(server.port()).await;
    let feed = proxy.redis().await.feed("feed");
    let record = feed.record("channel").idempotency_key("test:key", TTL);

    let outcome = feed.append(&record, |_| "payload").await.unwrap();
    let next = feed.append(&record, |_| "payload").await.unwrap();

    proxy.assert_lost();
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
    assert_eq!(next, AppendOutcome::Duplicate);
    assert_eq!(feed.replay(RecordId::default()).await.unwrap().len(), 1);
}
