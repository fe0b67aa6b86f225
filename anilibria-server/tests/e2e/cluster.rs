//! Several instances that share Redis and watch one sandbox, with listeners on each instance.

use std::{process::Command, sync::Arc};

use test_services::RedisServer;

use crate::{
    listener::{Episode, Listener, Origins},
    socket::publish_episode,
    support::{Service, eventually},
};

/// Releases that get new episodes.
pub(crate) const TITLES: [u32; 3] = [7, 8, 9];

/// Instances and their listeners.
pub(crate) struct Cluster {
    pub(crate) redis: RedisServer,
    upstream: Service,
    instances: Vec<Service>,
    origins: Origins,
    pub(crate) listeners: Vec<Listener>,
    published: Vec<Episode>,
}

impl Cluster {
    /// Starts `instances` instances, and on each two listeners of all titles and one listener of each title. Every listener
    /// has received an episode of its titles.
    pub(crate) async fn start(redis: RedisServer, instances: usize) -> Self {
        let mut cluster = Self::without_listeners(redis, instances).await;
        for place in 0..instances {
            for titles in [&[], &[], &TITLES[..1], &TITLES[1..2], &TITLES[2..]] {
                cluster.listeners.push(Listener::start(&cluster.origins, place, titles));
            }
        }
        cluster.warm_up().await;
        cluster
    }

    /// Starts `instances` instances without listeners.
    pub(crate) async fn without_listeners(redis: RedisServer, instances: usize) -> Self {
        let (listeners, published) = (Vec::new(), Vec::new());
        let (upstream, origins) = (Service::upstream(), Arc::default());
        let mut cluster = Self { redis, upstream, instances: Vec::new(), origins, listeners, published };
        for _ in 0..instances {
            cluster.add();
        }
        cluster.leader().await;
        eventually("the watcher", async || {
            let is_watching = |service: &Service| service.printed().contains("polling AniLibria from");
            cluster.instances.iter().any(is_watching).then_some(())
        })
        .await;
        cluster
    }

    /// Starts one more instance.
    pub(crate) fn add(&mut self) {
        let url = self.redis.url();
        let variables = [
            ("REDIS_URL", &*url),
            ("EVENTS_ENABLED", "true"),
            ("SYNC_INTERVAL_SECONDS", "1"),
            // All listeners have the same address.
            ("WEBSOCKET_MAX_CONNECTIONS", "2000"),
            ("WEBSOCKET_MAX_CONNECTIONS_PER_CLIENT", "2000"),
        ];
        let service = Service::reading_from(&self.upstream, &variables);
        self.origins.lock().unwrap().push(service.origin.clone());
        self.instances.push(service);
    }

    /// Connects a listener of all titles to the instance at `place`.
    pub(crate) fn add_listener(&mut self, place: usize) {
        self.listeners.push(Listener::start(&self.origins, place, &[]));
    }

    /// Publishes an episode of every title and waits until all listeners have received it. A listener needs an event id to
    /// resume from.
    pub(crate) async fn warm_up(&mut self) {
        for listener in &self.listeners {
            listener.wait_until_connected(1).await;
        }
        self.publish(TITLES.len()).await;
        self.wait_for_delivery().await;
    }

    /// Publishes `episodes` episodes, of one title after the other.
    pub(crate) async fn publish(&mut self, episodes: usize) {
        for _ in 0..episodes {
            let title = TITLES[self.published.len() % TITLES.len()];
            let episode = publish_episode(&self.upstream, title).await;
            self.published.push((title.into(), episode["ordinal"].as_f64().unwrap()));
        }
    }

    /// Waits for a leader and returns its index. Among several candidates, the highest fencing token counts.
    pub(crate) async fn leader(&self) -> usize {
        eventually("a leader", async || {
            let token = |(place, service): (usize, &Service)| Some((token(&service.printed())?, place));
            self.instances.iter().enumerate().filter_map(token).max().map(|(_, place)| place)
        })
        .await
    }

    /// Waits until another instance than the one at `place` is the leader.
    pub(crate) async fn wait_for_other_leader(&self, place: usize) {
        let before = token(&self.instances[place].printed());
        eventually("another leader", async || {
            let newer = |service: &Service| token(&service.printed()) > before;
            self.instances.iter().any(newer).then_some(())
        })
        .await;
    }

    /// Kills the instance at `place` with SIGKILL.
    pub(crate) fn kill(&mut self, place: usize) {
        let service = self.instances.remove(place);
        self.origins.lock().unwrap().remove(place);
        service.kill();
    }

    /// Sends a signal to the instance at `place`.
    pub(crate) fn signal(&self, place: usize, name: &str) {
        let command = format!("kill -{name} {}", self.instances[place].id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// Waits until every listener has received the last published episode of each of its titles.
    pub(crate) async fn wait_for_delivery(&self) {
        for episode in self.published.iter().rev().take(TITLES.len()) {
            for listener in self.listeners.iter().filter(|listener| listener.is_subscribed(episode.0)) {
                listener.wait_for(*episode).await;
            }
        }
    }

    /// Asserts that every listener has received each episode once, in the same order.
    pub(crate) async fn assert_delivery(&mut self) {
        // A duplicate would arrive before these last events.
        self.publish(TITLES.len()).await;
        self.wait_for_delivery().await;
        let all = self.listeners[0].received();
        for listener in &self.listeners {
            assert_eq!(listener.unexpected(), Vec::<String>::new());
            let received = listener.received();
            let ids: Vec<_> = received.iter().map(|event| &event.id).collect();
            assert!(ids.is_sorted_by(|one, next| one < next), "duplicates or wrong order: {received:#?}");
            for title in TITLES.map(u64::from) {
                let of = |episodes: &[Episode]| -> Vec<f64> {
                    episodes.iter().filter(|(of, _)| *of == title).map(|(_, number)| *number).collect()
                };
                let episodes: Vec<_> = received.iter().map(|event| event.episode).collect();
                if listener.is_subscribed(title) {
                    assert_eq!(of(&episodes), of(&self.published), "title {title}");
                }
            }
            let agreed = received
                .iter()
                .all(|one| all.iter().any(|it| (&it.id, it.episode) == (&one.id, one.episode)));
            assert!(agreed, "other listeners received other events: {received:#?}");
        }
    }
}

/// Returns the fencing token of a leader from its log, or `None` if the service is a follower.
fn token(printed: &str) -> Option<u64> {
    let line = printed.lines().rev().find(|line| {
        line.contains("events")
            && (line.contains("leader lease acquired") || line.contains("leader lease lost"))
    })?;
    // There may be colours between the name and the number, whose codes are shorter.
    let number = |part: &&str| part.len() > 9;
    line.split("token").nth(1)?.split(|c: char| !c.is_ascii_digit()).find(number)?.parse().ok()
}
