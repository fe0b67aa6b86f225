//! Gauges that are sampled on a scrape, because nothing updates them as they change.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anilibria_cache::{CacheStats, LevelStats, MongoStore, PoolStats};
use anilibria_http::{envelope::CacheLevel, metrics::Registration, traffic::Traffic};
use metrics::{Unit, counter, describe_gauge, gauge};

use super::recent::RecentShare;
use crate::{
    app::State,
    events::{
        Realtime,
        hub::Channel,
        metrics::{NOTIFICATIONS_SENT, WEBSOCKET_MESSAGES},
    },
    health::{
        Health,
        model::{Breaker, Circuit, CircuitService},
    },
    telemetry::Process,
    titles::{Titles, change::EventKind},
};

const CONNECTIONS: &str = "anime_site_active_connections";
const SOCKETS: [&str; 2] = ["anilibria_websocket_connections", "anime_site_websocket_connections_active"];
const HIT_RATES: [&str; 2] = ["anilibria_cache_hit_rate", "anime_site_cache_hit_rate"];
const CACHE_SIZE: &str = "anime_site_cache_size_bytes";
const CALLS_LEFT: &str = "anime_site_anilibria_api_rate_limit_remaining";
const POOL: &str = "anime_site_database_connection_pool";
const BREAKERS: &str = "anime_site_circuit_breaker_state";

/// Metrics of the process that are sampled on a scrape.
pub(super) const METRICS: Registration = Registration { buckets: &[], describe };

fn describe() {
    describe_gauge!(CONNECTIONS, "Open connections, by kind.");
    for name in SOCKETS {
        describe_gauge!(name, "Clients connected over WebSocket.");
    }
    for name in HIT_RATES {
        describe_gauge!(
            name,
            "Share of reads in the last five minutes that a level of the cache answered, 0 to 1; NaN if none came to it."
        );
    }
    describe_gauge!(CACHE_SIZE, Unit::Bytes, "What a level of the cache keeps.");
    describe_gauge!(CALLS_LEFT, "Calls to AniLibria that may be made at once.");
    describe_gauge!(POOL, "Connections to MongoDB: in use, open, and how many more there could be in use.");
    describe_gauge!(BREAKERS, "Whether something is asked: 0 yes, 1 no, 2 on trial.");
}

/// The components whose gauges are sampled.
#[derive(Clone)]
pub(super) struct Vitals {
    titles: Titles,
    realtime: Realtime,
    health: Health,
    traffic: Traffic,
    mongo: Option<MongoStore>,
    process: Process,
    start: Instant,
    /// Hit rates by the name of a cache level.
    hit_rates: Arc<Mutex<BTreeMap<&'static str, RecentShare>>>,
}

impl Vitals {
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

    /// Samples all components and records the gauges.
    pub(super) async fn note(&self) {
        self.note_cache(&self.titles.cache().stats().await);
        self.note_connections();
        self.note_breakers();
        self.note_messages();
        if let Some(mongo) = &self.mongo {
            note_pool(mongo.pool());
        }
        gauge!(CALLS_LEFT).set(self.titles.client().calls_left());
        self.process.note();
    }

    fn note_cache(&self, stats: &CacheStats) {
        for level in &stats.levels {
            self.note_hit_rate(level);
            if let Some(store) = level.store {
                note_size(level.name, store.bytes);
            }
            if level.name != CacheLevel::Memory.as_str() {
                note_breaker(level.name, if level.is_unavailable { Breaker::Open } else { Breaker::Closed });
            }
        }
    }

    /// The recent hit rate is used: after a week of good values, the total since the start would hardly show that a level no
    /// longer helps.
    fn note_hit_rate(&self, level: &LevelStats) {
        let reads = level.hits.saturating_add(level.stale).saturating_add(level.misses);
        let mut rates = self.hit_rates.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = rates.entry(level.name).or_insert_with(|| RecentShare::since(self.start));
        let rate = recent.look(Instant::now(), level.hits, reads);
        for name in HIT_RATES {
            gauge!(name, "cache_level" => level.name).set(rate.unwrap_or(f64::NAN));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "there are far fewer connections")]
    fn note_connections(&self) {
        let sockets = self.realtime.live().count() as f64;
        for name in SOCKETS {
            gauge!(name).set(sockets);
        }
        gauge!(CONNECTIONS, "connection_type" => "websocket").set(sockets);
        gauge!(CONNECTIONS, "connection_type" => "http").set(self.traffic.connections() as f64);
    }

    /// Broadcast messages are counted in the hub, so that sending one needs no lookup of metric labels.
    fn note_messages(&self) {
        let (hub, tally) = (self.realtime.hub(), self.realtime.live().tally());
        for (channel, kind) in
            Channel::ALL.into_iter().flat_map(|channel| EventKind::ALL.map(|kind| (channel, kind)))
        {
            counter!(NOTIFICATIONS_SENT, "type" => kind.as_str(), "channel" => channel.as_str())
                .absolute(hub.delivered_by(channel, kind));
        }
        for (name, count) in tally.incoming.each() {
            counter!(WEBSOCKET_MESSAGES, "direction" => "in", "message_type" => name).absolute(count);
        }
        for (name, count) in tally.outgoing.each() {
            let kind: Option<EventKind> = name.parse().ok();
            let first = kind.map_or(0, |kind| hub.delivered_by(Channel::Websocket, kind));
            counter!(WEBSOCKET_MESSAGES, "direction" => "out", "message_type" => name)
                .absolute(count + first);
        }
    }

    /// AniLibria counts as available while at least one of its mirrors is.
    fn note_breakers(&self) {
        let circuits = self.health.circuits();
        for service in [CircuitService::AnilibriaApi, CircuitService::NodejsService] {
            let states = circuits.iter().filter(|circuit| circuit.service == service);
            if let Some(state) =
                states.map(|Circuit { state, .. }| *state).min_by_key(|state| severity(*state))
            {
                note_breaker(service.as_str(), state);
            }
        }
    }
}

fn note_pool(pool: PoolStats) {
    for (status, count) in [("available", pool.available), ("in_use", pool.in_use), ("open", pool.open)] {
        gauge!(POOL, "status" => status).set(count);
    }
}

fn note_breaker(service: &'static str, state: Breaker) {
    let number = match state {
        Breaker::Closed => 0.0,
        Breaker::Open => 1.0,
        Breaker::HalfOpen => 2.0,
    };
    gauge!(BREAKERS, "service" => service).set(number);
}

const fn severity(state: Breaker) -> u8 {
    match state {
        Breaker::Closed => 0,
        Breaker::HalfOpen => 1,
        Breaker::Open => 2,
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody reads the last digits of petabytes")]
fn note_size(level: &'static str, bytes: u64) {
    gauge!(CACHE_SIZE, "cache_level" => level).set(bytes as f64);
}
