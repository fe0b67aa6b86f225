//! Instances that share the catalog over Redis: the leader polls AniLibria, the followers read the catalog from Redis.

use reqwest::Method;
use serde_json::{Value, json};
use test_services::RedisServer;

use crate::{
    socket::Socket,
    support::{Service, binary, eventually},
    token::{SECRET, service_token},
};

const RELEASES: u64 = 150;

/// Instances on one Redis. Each has its own sandbox, so that its requests to AniLibria can be counted. All sandboxes have
/// the same releases.
struct Cluster {
    redis: RedisServer,
    nodes: Vec<Node>,
}

struct Node {
    upstream: Service,
    service: Service,
}

impl Cluster {
    /// Starts `instances` that have all loaded the catalog.
    async fn start(redis: RedisServer, instances: usize) -> Self {
        let mut cluster = Self { redis, nodes: Vec::new() };
        for _ in 0..instances {
            cluster.add().await;
        }
        cluster
    }

    /// Starts one more instance and waits until it has loaded the catalog.
    async fn add(&mut self) {
        let releases = RELEASES.to_string();
        let upstream = Service::start(binary(&["sandbox", "--port", "0", "--releases", &releases]));
        let url = self.redis.url();
        let variables = [
            ("REDIS_URL", url.as_str()),
            ("CATALOGUE_ENABLED", "true"),
            ("EVENTS_ENABLED", "true"),
            ("SYNC_INTERVAL_SECONDS", "1"),
            ("INTERNAL_JWT_SECRET", SECRET),
        ];
        let service = Service::reading_from(&upstream, &variables);
        let node = Node { upstream, service };
        eventually("the catalog", async || (node.stats().await["releases"] == RELEASES).then_some(())).await;
        self.nodes.push(node);
    }

    /// Publishes the next episode of title `id` in every sandbox.
    async fn publish_episode(&self, id: u64) {
        for node in &self.nodes {
            let body = Some(json!({"release_id": id}));
            let response = node.upstream.send(Method::POST, "/sandbox/episodes", body).await;
            assert!(response.status.is_success(), "{}", response.text);
        }
    }

    /// Waits until title `id` has `count` episodes in the lists of every instance.
    async fn wait_for_episodes(&self, id: u64, count: u64) {
        for node in &self.nodes {
            eventually("the new episode", async || (node.episodes(id).await == count).then_some(())).await;
        }
    }

    /// Waits until all blocks of the catalog are in Redis, and returns the number of fields.
    async fn wait_until_stored(&self) -> u32 {
        eventually("the catalog in Redis", async || {
            let fields = self.redis.cli(&["HLEN", "anilibria:#map:catalogue"]).trim().parse().unwrap();
            (fields > 64).then_some(fields)
        })
        .await
    }

    /// Returns the index of the instance that polls.
    async fn poller(&self) -> usize {
        eventually("a poller", async || {
            for (index, node) in self.nodes.iter().enumerate() {
                if node.stats().await["is_poller"] == true {
                    return Some(index);
                }
            }
            None
        })
        .await
    }
}

impl Node {
    /// Returns the statistics of the catalog.
    async fn stats(&self) -> Value {
        let token = service_token("nodejs", &["read"]);
        let response = self.service.send_as(&token, Method::GET, "/internal/stats", None).await;
        response.json()["data"]["catalogue"].clone()
    }

    async fn titles(&self) -> Vec<Value> {
        let list = self.service.get("/titles?limit=100&sort=updated").await.success();
        list["data"].as_array().unwrap().clone()
    }

    async fn episodes(&self, id: u64) -> u64 {
        let titles = self.titles().await;
        let title = titles.iter().find(|title| title["id"] == id);
        title.and_then(|title| title["episodes"]["current"].as_u64()).unwrap_or_default()
    }

    /// Returns an ongoing title and the number of its episodes.
    async fn ongoing(&self) -> (u64, u64) {
        let list = self.service.get("/titles?status=ongoing&limit=1&sort=updated").await.success();
        let title = &list["data"][0];
        (title["id"].as_u64().unwrap(), title["episodes"]["current"].as_u64().unwrap())
    }

    /// Returns the number of polls of AniLibria.
    async fn polls(&self) -> usize {
        self.upstream.upstream_hits("/api/v1/anime/releases/latest").await
            + self.upstream.upstream_hits("/api/v1/anime/catalog/releases").await
    }
}

#[tokio::test]
async fn one_instance_polls_and_another_takes_over_after_a_kill() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::start(redis, 3).await;
    let (id, count) = cluster.nodes[0].ongoing().await;
    let mut socket = Socket::open(&cluster.nodes[2].service).await;
    socket.request("subscribe_title", json!({"title_id": id})).await;

    cluster.publish_episode(id).await;
    socket.wait_for("new_episode").await;
    cluster.wait_for_episodes(id, count + 1).await;

    assert_eq!(cluster.poller().await, 0);
    assert_eq!(cluster.nodes[1].stats().await["source"], "redis");
    for follower in &cluster.nodes[1..] {
        assert_eq!(follower.polls().await, 0, "a follower has polled AniLibria");
    }

    cluster.nodes.remove(0).service.kill();
    let poller = cluster.poller().await;
    cluster.publish_episode(id).await;
    socket.wait_for("new_episode").await;
    cluster.wait_for_episodes(id, count + 2).await;

    assert!(cluster.nodes[poller].polls().await > 0);
    assert_eq!(cluster.nodes[1 - poller].polls().await, 0, "two instances poll AniLibria");
}

#[tokio::test]
async fn catalog_is_written_again_after_redis_lost_it() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::start(redis, 2).await;
    let (id, count) = cluster.nodes[0].ongoing().await;

    cluster.wait_until_stored().await;

    cluster.redis.flush();
    for node in &cluster.nodes {
        assert_eq!(node.stats().await["releases"], RELEASES);
    }
    // Redis lost the lease as well, so either instance can be the new leader.
    cluster.wait_until_stored().await;
    cluster.add().await;
    cluster.publish_episode(id).await;
    cluster.wait_for_episodes(id, count + 1).await;

    assert_eq!(cluster.nodes[2].stats().await["source"], "redis");
    assert_eq!(cluster.nodes[2].polls().await, 0);
}

#[tokio::test]
async fn every_instance_polls_during_an_outage_of_redis() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::start(redis, 2).await;
    let (id, count) = cluster.nodes[0].ongoing().await;

    cluster.redis.kill();
    cluster.publish_episode(id).await;
    cluster.wait_for_episodes(id, count + 1).await;
    for node in &cluster.nodes {
        assert!(node.polls().await > 0);
    }

    cluster.redis.restart();
    let poller = cluster.poller().await;
    let follower = &cluster.nodes[1 - poller];
    eventually("a follower that does not poll", async || {
        let before = follower.polls().await;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        (follower.polls().await == before).then_some(())
    })
    .await;
    cluster.publish_episode(id).await;
    cluster.wait_for_episodes(id, count + 2).await;
}

/// The key of the catalog is not a key of the cache, so no pattern matches it.
#[tokio::test]
async fn cache_clear_keeps_the_shared_catalog() {
    let Some(redis) = RedisServer::start() else { return };
    let cluster = Cluster::start(redis, 1).await;
    let fields = cluster.wait_until_stored().await;

    let token = service_token("nodejs", &["read", "write"]);
    for pattern in ["*", "#*", "anilibria:*", "catalogue"] {
        let body = Some(json!({"pattern": pattern, "confirm": true}));
        let service = &cluster.nodes[0].service;
        service.send_as(&token, Method::DELETE, "/internal/cache/clear", body).await;
    }

    assert_eq!(cluster.wait_until_stored().await, fields);
}
