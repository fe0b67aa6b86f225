//! Whoever watches AniLibria without holding the office any more, and does not know yet.

use std::{sync::Arc, time::Duration};

use anilibria_cache::{
    Result,
    coordination::{Candidate, CandidateId, Election},
};
use anilibria_client::sandbox::{RunningSandbox, Sandbox};
use anilibria_http::trace::Sampler;
use anilibria_server::{
    app::{State, build},
    events::{
        BusConsumer,
        bus::{Bus, FencedCursor},
        event::Event,
        source::Source,
    },
    titles::{change::TitleChange, model::title::TitleStatus},
};
use async_trait::async_trait;
use test_services::RedisServer;

use crate::support::config;

/// What comes at all comes much sooner, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// More requests than it takes to find out what is new, and to try to tell it, a few times over.
const SOME_LOOKS: u64 = 30;

/// Lease TTL of instances that believe to hold the lease.
const TERM: Duration = Duration::from_secs(5);

/// Lets everybody believe that they hold the office, with this token.
struct Believed(u64);

#[async_trait]
impl Election for Believed {
    fn name(&self) -> &'static str {
        "believed"
    }

    async fn acquire_or_renew(&self, _: &str, _: CandidateId, _: Duration) -> Result<Option<u64>> {
        Ok(Some(self.0))
    }

    async fn resign(&self, _: &str, _: CandidateId) -> Result<()> {
        Ok(())
    }
}

/// An instance that reads from `sandbox` and shares `redis`.
async fn instance(sandbox: &RunningSandbox, redis: &RedisServer) -> State {
    let (api, redis) = (sandbox.api_url(), redis.url());
    let config =
        config(&["--anilibria-api-url", &api, "--redis-url", &redis, "--catalogue-enabled", "false"]);
    build::build(&config, None).await.unwrap()
}

/// Has `instance` watch, as it believes to hold the office with `token`.
fn watch(instance: &State, token: u64) -> (Source, BusConsumer) {
    let every = Duration::from_millis(50);
    let State { titles, realtime, .. } = instance;
    let candidate = Arc::new(Candidate::campaign(Believed(token), "events", TERM));
    let source = Source::start(titles, realtime, every, candidate, Sampler::default());
    (source, BusConsumer::start(&instance.realtime, &instance.titles))
}

/// The titles of all events so far.
async fn told(bus: &dyn Bus) -> Vec<u32> {
    bus.past().await.unwrap().iter().map(Event::title_id).collect()
}

/// Waits until `holds`.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it should have come true by now");
}

#[tokio::test]
async fn instance_that_was_deposed_and_goes_on_tells_nothing() {
    let Some(redis) = RedisServer::start() else { return };
    let sandbox = Sandbox::builder().releases(20).build().start().await.unwrap();
    let (old, new) = (instance(&sandbox, &redis).await, instance(&sandbox, &redis).await);
    let bus = &**new.realtime.bus();
    let _old = watch(&old, 1);
    until(async || bus.cursor().await.unwrap().is_some()).await;
    sandbox.publish_episode(7).unwrap();
    until(async || told(bus).await == [7]).await;

    // Another one takes over and tells something; the first does not hear that it was deposed.
    let cursor = bus.cursor().await.unwrap().unwrap();
    let change = TitleChange::StatusChange {
        title_id: 8,
        old: TitleStatus::Ongoing,
        new: TitleStatus::Completed,
        version: 0,
    };
    bus.publish(&change, FencedCursor { token: 2, cursor: &cursor }).await.unwrap();
    sandbox.publish_episode(9).unwrap();
    let looked = sandbox.request_count();
    until(async || sandbox.request_count() > looked + SOME_LOOKS).await;

    assert_eq!(told(bus).await, [7, 8]);
    assert_eq!(bus.cursor().await.unwrap(), Some(cursor));
    let _new = watch(&new, 2);
    until(async || told(bus).await == [7, 8, 9]).await;
}
