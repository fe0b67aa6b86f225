//! A sandbox, a client of it, and short texts for events.

use std::time::Duration;

use anilibria_client::{
    BreakerPolicy, Client, RateLimit, RetryPolicy,
    sandbox::{RunningSandbox, Sandbox},
    watch::{Event, Events, WatchBuilder},
};
use futures::StreamExt;
use tokio::time::timeout;

pub(crate) struct Fixture {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    _server: RunningSandbox,
}

impl Fixture {
    pub(crate) async fn new(releases: u32) -> Self {
        let sandbox = Sandbox::builder().releases(releases).build();
        let server = sandbox.start().await.unwrap();
        // These tests are about failures in the watcher, so that the client must not hide them.
        let breaker = BreakerPolicy { failures: u32::MAX, ..BreakerPolicy::default() };
        let client = Client::builder().mirror(server.api_url()).retry(RetryPolicy::none()).breaker(breaker);
        let client = client.rate_limit(RateLimit::per_second(1000)).build().unwrap();
        Self { sandbox, client, _server: server }
    }

    /// A watcher that hardly waits.
    pub(crate) fn watch(&self) -> WatchBuilder {
        self.client.watch().every(Duration::from_millis(4))
    }

    /// A watcher from now on.
    pub(crate) async fn events(&self) -> Events {
        self.watch().since(self.watch().present().await.unwrap()).events()
    }

    /// Publishes the next episode of a release and returns the text of its event.
    pub(crate) fn publish(&self, release: u32) -> String {
        let episode = self.sandbox.publish_episode(release).unwrap();
        format!("{release} episode {}", episode.ordinal)
    }

    /// The id of a release without an episode. It is at the end of the list whatever happens to it.
    pub(crate) async fn announced(&self) -> u32 {
        let mut releases = std::pin::pin!(self.client.catalog().releases().limit(50).items());
        while let Some(release) = releases.next().await {
            let release = release.unwrap();
            if release.fresh_at.is_none() && (release.is_ongoing || release.is_in_production) {
                return release.id.get();
            }
        }
        panic!("no announced release");
    }

    /// The ids of the releases that are over, the last updated ones first.
    pub(crate) async fn completed(&self) -> Vec<u32> {
        let page = self.client.catalog().releases().limit(50).await.unwrap();
        let over = page.items.into_iter().filter(|release| !release.is_ongoing && !release.is_in_production);
        over.map(|release| release.id.get()).collect()
    }
}

/// Returns an event as short text: `7 episode 3`.
pub(crate) fn summary(event: &Event) -> String {
    let release = event.release_id().map(|id| format!("{id} ")).unwrap_or_default();
    match event {
        Event::NewRelease { .. } => format!("{release}release"),
        Event::NewEpisode { episode, .. } => format!("{release}episode {}", episode.ordinal),
        Event::EpisodeUpdate { episode, .. } => format!("{release}update {}", episode.ordinal),
        Event::StatusChange { old, new, .. } => format!("{release}{old} -> {new}"),
        Event::Resync => "resync".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Returns the next `count` events as short texts. An error or a wait of half a minute fails the test.
pub(crate) async fn next(events: &mut Events, count: usize) -> Vec<String> {
    let events = timeout(Duration::from_secs(30), events.take(count).collect::<Vec<_>>()).await.unwrap();
    events.iter().map(|event| summary(event.as_ref().unwrap())).collect()
}

/// Polls until the watcher has read the present state, which yields no event.
pub(crate) async fn read_present(events: &mut Events) {
    while events.cursor().is_none() {
        let reported = timeout(Duration::from_millis(10), events.next()).await;
        assert!(reported.is_err(), "{reported:?}");
    }
}
