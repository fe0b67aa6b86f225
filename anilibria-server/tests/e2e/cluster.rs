//! Several instances that share Redis and watch one stand-in for AniLibria, with clients on each.

use std::{process::Command, sync::Arc};

use test_services::RedisServer;

use crate::{
    fan::{Episode, Fan, Origins},
    socket::publish_episode,
    support::{Service, eventually},
};

/// The releases that come out.
pub(crate) const TITLES: [u32; 3] = [7, 8, 9];

/// Several instances and their clients.
pub(crate) struct Cluster {
    pub(crate) redis: RedisServer,
    upstream: Service,
    instances: Vec<Service>,
    origins: Origins,
    pub(crate) fans: Vec<Fan>,
    published: Vec<Episode>,
}

impl Cluster {
    /// So many instances, and on each two clients of all titles and one of each title, all of whom have heard of an
    /// episode of every title.
    pub(crate) async fn start(redis: RedisServer, instances: usize) -> Self {
        let mut cluster = Self::without_fans(redis, instances).await;
        for place in 0..instances {
            for titles in [&[], &[], &TITLES[..1], &TITLES[1..2], &TITLES[2..]] {
                cluster.fans.push(Fan::start(&cluster.origins, place, titles));
            }
        }
        cluster.warm_up().await;
        cluster
    }

    /// The same with no clients.
    pub(crate) async fn without_fans(redis: RedisServer, instances: usize) -> Self {
        let (fans, published) = (Vec::new(), Vec::new());
        let (upstream, origins) = (Service::upstream(), Arc::default());
        let mut cluster = Self { redis, upstream, instances: Vec::new(), origins, fans, published };
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
            // All clients have one address, which does not get the reserve.
            ("WEBSOCKET_MAX_CONNECTIONS", "2000"),
            ("WEBSOCKET_MAX_CONNECTIONS_PER_CLIENT", "2000"),
        ];
        let service = Service::reading_from(&self.upstream, &variables);
        self.origins.lock().unwrap().push(service.origin.clone());
        self.instances.push(service);
    }

    /// Connects a client that wants all titles.
    pub(crate) fn join(&mut self, place: usize) {
        self.fans.push(Fan::start(&self.origins, place, &[]));
    }

    /// Publishes an episode of every title and waits until everybody has heard of it: who has heard of nothing yet has
    /// nothing to resume from.
    pub(crate) async fn warm_up(&mut self) {
        for fan in &self.fans {
            fan.connected(1).await;
        }
        self.publish(TITLES.len()).await;
        self.everybody_knows().await;
    }

    /// Publishes so many episodes, of one title after the other.
    pub(crate) async fn publish(&mut self, episodes: usize) {
        for _ in 0..episodes {
            let title = TITLES[self.published.len() % TITLES.len()];
            let episode = publish_episode(&self.upstream, title).await;
            self.published.push((title.into(), episode["ordinal"].as_f64().unwrap()));
        }
    }

    /// The place of the instance that watches, once there is one that believes so.
    pub(crate) async fn leader(&self) -> usize {
        eventually("an instance that watches", async || {
            let token = |(place, service): (usize, &Service)| Some((token(&service.printed())?, place));
            self.instances.iter().enumerate().filter_map(token).max().map(|(_, place)| place)
        })
        .await
    }

    /// Waits until another instance than the one at `place` watches.
    pub(crate) async fn another_leader(&self, place: usize) {
        let before = token(&self.instances[place].printed());
        eventually("another instance that watches", async || {
            let newer = |service: &Service| token(&service.printed()) > before;
            self.instances.iter().any(newer).then_some(())
        })
        .await;
    }

    /// Kills the instance at `place` without a warning.
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

    /// Waits until everybody has heard of the last episode of every title that was published.
    pub(crate) async fn everybody_knows(&self) {
        for episode in self.published.iter().rev().take(TITLES.len()) {
            for fan in self.fans.iter().filter(|fan| fan.wants(episode.0)) {
                fan.heard_of(*episode).await;
            }
        }
    }

    /// Publishes once more, waits for that, and checks that everybody has heard of everything once, in one order that is
    /// the same for all.
    pub(crate) async fn check(&mut self) {
        // What is told twice is told before what comes last.
        self.publish(TITLES.len()).await;
        self.everybody_knows().await;
        let all = self.fans[0].heard();
        for fan in &self.fans {
            assert_eq!(fan.complaints(), Vec::<String>::new());
            let heard = fan.heard();
            let ids: Vec<_> = heard.iter().map(|heard| &heard.id).collect();
            assert!(ids.is_sorted_by(|one, next| one < next), "not once and in order: {heard:#?}");
            for title in TITLES.map(u64::from) {
                let of = |episodes: &[Episode]| -> Vec<f64> {
                    episodes.iter().filter(|(of, _)| *of == title).map(|(_, number)| *number).collect()
                };
                let episodes: Vec<_> = heard.iter().map(|heard| heard.episode).collect();
                if fan.wants(title) {
                    assert_eq!(of(&episodes), of(&self.published), "title {title}");
                }
            }
            let agreed =
                heard.iter().all(|one| all.iter().any(|it| (&it.id, it.episode) == (&one.id, one.episode)));
            assert!(agreed, "others have heard of it otherwise: {heard:#?}");
        }
    }
}

/// The token with which a service watches, by what it has printed; none when it does not.
fn token(printed: &str) -> Option<u64> {
    let line = printed.lines().rev().find(|line| {
        line.contains("events")
            && (line.contains("leader lease acquired") || line.contains("leader lease lost"))
    })?;
    // There may be colours between the name and the number.
    let number = |part: &&str| part.len() > 9;
    line.split("token").nth(1)?.split(|c: char| !c.is_ascii_digit()).find(number)?.parse().ok()
}
