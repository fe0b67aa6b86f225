//! A sandbox, a client of it, and short names for events.

use std::time::Duration;

use anilibria_client::{
    BreakerPolicy, Client, RateLimit, RetryPolicy,
    sandbox::{RunningSandbox, Sandbox},
    watch::{Event, Events, WatchBuilder},
};
use bytes::Bytes;
use futures::StreamExt;
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};

pub(crate) struct Ground {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    _server: RunningSandbox,
}

impl Ground {
    pub(crate) async fn new(releases: u32) -> Self {
        let sandbox = Sandbox::builder().releases(releases).build();
        let server = sandbox.start().await.unwrap();
        // What the watcher does after a failure is asked here, not what the client does about it.
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

    async fn control(&self, path: &str, body: &Value) -> Value {
        let request = Request::post(format!("/sandbox/{path}")).header("host", "stand-in.test");
        let request = request.body(Bytes::from(body.to_string())).unwrap();
        let answer = self.sandbox.handle(request).await;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }

    /// Publishes the next episode of a release and tells its event in short.
    pub(crate) async fn publish(&self, release: u32) -> String {
        let episode = self.control("episodes", &json!({"release_id": release})).await;
        format!("{release} episode {}", episode["ordinal"])
    }

    /// Adds a release with one episode and tells its id.
    pub(crate) async fn add(&self) -> u64 {
        self.control("releases", &json!({})).await["id"].as_u64().unwrap()
    }

    pub(crate) async fn status(&self, release: u32, is_ongoing: bool) {
        self.control(&format!("releases/{release}/status"), &json!({"is_ongoing": is_ongoing})).await;
    }

    /// The ids of the releases that are over, the last updated ones first.
    pub(crate) async fn completed(&self) -> Vec<u32> {
        let page = self.client.catalog().releases().limit(50).await.unwrap();
        let over = page.items.into_iter().filter(|release| !release.is_ongoing && !release.is_in_production);
        over.map(|release| release.id.get()).collect()
    }
}

/// An event in short.
pub(crate) fn short(event: &Event) -> String {
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

/// The next `count` events in short; errors fail the test.
pub(crate) async fn next(events: &mut Events, count: usize) -> Vec<String> {
    let events: Vec<_> = events.take(count).collect().await;
    events.iter().map(|event| short(event.as_ref().unwrap())).collect()
}

/// Waits until the present has been read, which is no news.
pub(crate) async fn settled(events: &mut Events) {
    while events.cursor().is_none() {
        let told = tokio::time::timeout(Duration::from_millis(10), events.next()).await;
        assert!(told.is_err(), "{told:?}");
    }
}
