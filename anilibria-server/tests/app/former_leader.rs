//! A leader that lost its lease and has not noticed yet.

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

/// Timeout of conditions that a test waits for.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Number of requests to the sandbox that is sufficient for several polls and attempts to publish.
const SEVERAL_POLLS: u64 = 30;

/// TTL of the leader lease.
const LEASE_TTL: Duration = Duration::from_secs(5);

/// An election that grants the lease to every candidate, with this fencing token.
struct GrantToAll(u64);

#[async_trait]
impl Election for GrantToAll {
    fn name(&self) -> &'static str {
        "grant to all"
    }

    async fn acquire_or_renew(&self, _: &str, _: CandidateId, _: Duration) -> Result<Option<u64>> {
        Ok(Some(self.0))
    }

    async fn resign(&self, _: &str, _: CandidateId) -> Result<()> {
        Ok(())
    }
}

/// Builds an instance that reads from `sandbox` and shares `redis` with other instances.
async fn instance(sandbox: &RunningSandbox, redis: &RedisServer) -> State {
    let (api, redis) = (sandbox.api_url(), redis.url());
    let config =
        config(&["--anilibria-api-url", &api, "--redis-url", &redis, "--catalogue-enabled", "false"]);
    build::build(&config, None).await.unwrap()
}

/// Starts the event source of `instance` as a leader with the fencing token `token`.
fn watch(instance: &State, token: u64) -> (Source, BusConsumer) {
    let every = Duration::from_millis(50);
    let State { titles, realtime, .. } = instance;
    let candidate = Arc::new(Candidate::campaign(GrantToAll(token), "events", LEASE_TTL));
    let source = Source::start(titles, realtime, every, candidate, Sampler::default());
    (source, BusConsumer::start(&instance.realtime, &instance.titles))
}

/// Returns the title ids of all published events.
async fn published(bus: &dyn Bus) -> Vec<u32> {
    bus.past().await.unwrap().iter().map(Event::title_id).collect()
}

/// Waits until `holds` returns true.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, wait).await.expect("the condition should hold within the timeout");
}

#[tokio::test]
async fn former_leader_publishes_nothing() {
    let Some(redis) = RedisServer::start() else { return };
    let sandbox = Sandbox::builder().releases(20).build().start().await.unwrap();
    let (old, new) = (instance(&sandbox, &redis).await, instance(&sandbox, &redis).await);
    let bus = &**new.realtime.bus();
    let _old = watch(&old, 1);
    until(async || bus.cursor().await.unwrap().is_some()).await;
    sandbox.publish_episode(7).unwrap();
    until(async || published(bus).await == [7]).await;

    // A new leader publishes an event. The former leader is not informed.
    let cursor = bus.cursor().await.unwrap().unwrap();
    let change = TitleChange::StatusChange {
        title_id: 8,
        old: TitleStatus::Ongoing,
        new: TitleStatus::Completed,
        version: 0,
    };
    bus.publish(&change, FencedCursor { token: 2, cursor: &cursor }).await.unwrap();
    sandbox.publish_episode(9).unwrap();
    let before = sandbox.request_count();
    until(async || sandbox.request_count() > before + SEVERAL_POLLS).await;

    assert_eq!(published(bus).await, [7, 8]);
    assert_eq!(bus.cursor().await.unwrap(), Some(cursor));
    let _new = watch(&new, 2);
    until(async || published(bus).await == [7, 8, 9]).await;
}
