//! Metrics that are sampled on each scrape.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anilibria_cache::{CacheStats, LevelStats, MongoStore, PoolStats};
use anilibria_http::{envelope::CacheLevel, metrics::Registration, traffic::Traffic};
use metrics::{Unit, counter, describe_gauge, gauge};

use super::windowed_ratio::WindowedRatio;
use crate::{
    app::State,
    events::{
        Realtime,
        hub::Channel,
        metrics::{NOTIFICATIONS_SENT, WEBSOCKET_MESSAGES},
    },
    health::{
        Health,
        report::{Circuit, CircuitService, CircuitState},
    },
    telemetry::Process,
    titles::{Titles, change::EventKind},
};

const CONNECTIONS: &str = "anime_site_active_connections";
const SOCKETS: [&str; 2] = ["anilibria_websocket_connections", "anime_site_websocket_connections_active"];
const HIT_RATES: [&str; 2] = ["anilibria_cache_hit_rate", "anime_site_cache_hit_rate"];
const CACHE_SIZE: &str = "anime_site_cache_size_bytes";
const AVAILABLE_CALLS: &str = "anime_site_anilibria_api_rate_limit_remaining";
const POOL: &str = "anime_site_database_connection_pool";
const BREAKERS: &str = "anime_site_circuit_breaker_state";

/// Gauges that are sampled on each scrape.
pub(super) const METRICS: Registration = Registration { buckets: &[], describe };

fn describe() {
    describe_gauge!(CONNECTIONS, "Open connections, by type.");
    for name in SOCKETS {
        describe_gauge!(name, "Open live connections (WebSocket and server-sent events).");
    }
    for name in HIT_RATES {
        describe_gauge!(
            name,
            "Share of reads of a cache level in the last five minutes that were hits, from 0 to 1; NaN without reads."
        );
    }
    describe_gauge!(CACHE_SIZE, Unit::Bytes, "Size of the data in a cache level.");
    describe_gauge!(
        AVAILABLE_CALLS,
        "Calls to AniLibria that the rate limit currently allows without a delay."
    );
    describe_gauge!(POOL, "Connections to MongoDB, by status: in use, open, and available.");
    describe_gauge!(BREAKERS, "State of a circuit breaker: 0 closed, 1 open, 2 half-open.");
}

/// Sampler of metrics that no component updates itself.
#[derive(Clone)]
pub(super) struct SampledMetrics {
    titles: Titles,
    realtime: Realtime,
    health: Health,
    traffic: Traffic,
    mongo: Option<MongoStore>,
    process: Process,
    start: Instant,
    /// Hit rates by the name of the cache level.
    hit_rates: Arc<Mutex<BTreeMap<&'static str, WindowedRatio>>>,
}

impl SampledMetrics {
    /// Creates the sampler of the components of `state`.
    pub(super) fn new(state: &State) -> Self {
        Self {
            titles: state.titles.clone(),
            realtime: state.realtime.clone(),
            health: state.health.clone(),
            traffic: state.traffic.clone(),
            mongo: state.mongo.clone(),
            process: Process::default(),
            start: Instant::now(),
            hit_rates: Arc::default(),
        }
    }

    /// Samples all components and records the metrics.
    pub(super) async fn record(&self) {
        self.record_cache(&self.titles.cache().stats().await);
        self.record_connections();
        self.record_breakers();
        self.record_messages();
        if let Some(mongo) = &self.mongo {
            record_pool(mongo.pool());
        }
        gauge!(AVAILABLE_CALLS).set(self.titles.client().calls_left());
        self.process.record();
    }

    fn record_cache(&self, stats: &CacheStats) {
        for level in &stats.levels {
            self.record_hit_rate(level);
            if let Some(store) = level.store {
                record_size(level.name, store.bytes);
            }
            if level.name != CacheLevel::Memory.as_str() {
                record_breaker(
                    level.name,
                    if level.is_unavailable { CircuitState::Open } else { CircuitState::Closed },
                );
            }
        }
    }

    /// Records the hit rate of the last minutes. The hit rate since the start would barely change if a level stopped working
    /// after a week.
    fn record_hit_rate(&self, level: &LevelStats) {
        let reads = level.hits.saturating_add(level.stale).saturating_add(level.misses);
        let mut rates = self.hit_rates.lock().unwrap_or_else(PoisonError::into_inner);
        let ratio = rates.entry(level.name).or_insert_with(|| WindowedRatio::since(self.start));
        let rate = ratio.update(Instant::now(), level.hits, reads);
        for name in HIT_RATES {
            gauge!(name, "cache_level" => level.name).set(rate.unwrap_or(f64::NAN));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "there are far fewer connections")]
    fn record_connections(&self) {
        let sockets = self.realtime.live().count() as f64;
        for name in SOCKETS {
            gauge!(name).set(sockets);
        }
        gauge!(CONNECTIONS, "connection_type" => "websocket").set(sockets);
        gauge!(CONNECTIONS, "connection_type" => "http").set(self.traffic.connections() as f64);
    }

    /// Records the messages on live connections. The hub counts broadcast messages itself, because a lookup of metric labels for
    /// each message would be slow.
    fn record_messages(&self) {
        let (hub, counters) = (self.realtime.hub(), self.realtime.live().counters());
        for (channel, kind) in
            Channel::ALL.into_iter().flat_map(|channel| EventKind::ALL.map(|kind| (channel, kind)))
        {
            counter!(NOTIFICATIONS_SENT, "type" => kind.as_str(), "channel" => channel.as_str())
                .absolute(hub.delivered_by(channel, kind));
        }
        for (name, count) in counters.incoming.totals() {
            counter!(WEBSOCKET_MESSAGES, "direction" => "in", "message_type" => name).absolute(count);
        }
        for (name, count) in counters.outgoing.totals() {
            let kind: Option<EventKind> = name.parse().ok();
            let broadcast = kind.map_or(0, |kind| hub.delivered_by(Channel::Websocket, kind));
            counter!(WEBSOCKET_MESSAGES, "direction" => "out", "message_type" => name)
                .absolute(count + broadcast);
        }
    }

    /// Records the circuit breakers. For AniLibria, the mirror in the best state counts.
    fn record_breakers(&self) {
        let circuits = self.health.circuits();
        for service in [CircuitService::AnilibriaApi, CircuitService::NodejsService] {
            let states = circuits.iter().filter(|circuit| circuit.service == service);
            if let Some(state) =
                states.map(|Circuit { state, .. }| *state).min_by_key(|state| severity(*state))
            {
                record_breaker(service.as_str(), state);
            }
        }
    }
}

fn record_pool(pool: PoolStats) {
    for (status, count) in [("available", pool.available), ("in_use", pool.in_use), ("open", pool.open)] {
        gauge!(POOL, "status" => status).set(count);
    }
}

fn record_breaker(service: &'static str, state: CircuitState) {
    let number = match state {
        CircuitState::Closed => 0.0,
        CircuitState::Open => 1.0,
        CircuitState::HalfOpen => 2.0,
    };
    gauge!(BREAKERS, "service" => service).set(number);
}

/// Returns the rank of `state`; lower is better.
const fn severity(state: CircuitState) -> u8 {
    match state {
        CircuitState::Closed => 0,
        CircuitState::HalfOpen => 1,
        CircuitState::Open => 2,
    }
}

#[expect(clippy::cast_precision_loss, reason = "the size is far below the precision of an f64")]
fn record_size(level: &'static str, bytes: u64) {
    gauge!(CACHE_SIZE, "cache_level" => level).set(bytes as f64);
}
