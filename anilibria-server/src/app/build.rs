//! Builds the service from its settings.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use anilibria_cache::{
    LevelPing, Redis,
    coordination::{Candidate, Election, LocalElection},
};
use anilibria_client::{Client, ClientBuilder, RateLimit, sandbox::Sandbox};
use anilibria_http as http;
use anilibria_http::{
    envelope::CacheLevel,
    metrics::Registration,
    traffic::Traffic,
    websocket::{self, LiveConnections},
};
use async_trait::async_trait;
use futures::future;
use tracing::warn;

use crate::{
    app::{
        State,
        caching::{self, Caching},
        sampled_metrics,
    },
    config::Config,
    events::{
        self, Realtime,
        bus::{Bus, LocalBus, RedisBus},
        notify::{DiskOutboxStore, NoOutboxStore, Notifications, OutboxStore, RedisOutboxStore},
    },
    health::{
        BackendHealth, CacheHealth, Health, HealthSource, ProbeError,
        report::{Circuit, CircuitService, UserTokens},
    },
    migration::{self, flags::Flags, rollback::RequestCounters},
    node::{self, NodeService},
    telemetry::{self, Metrics, report_leader},
    titles::{
        self, Fallback, Titles,
        catalog::{
            CatalogStatus, CatalogStore, DiskCatalog, LocalCatalog, LocalCatalogOptions, MongoCatalog,
            RedisCatalog, SharedCatalog, Stores,
        },
        change::EventKind,
        sync_status::SyncStatus,
    },
    torznab::Torznab,
    v3,
};

/// Name of the leader lease for polling AniLibria on behalf of all instances, for events and for the catalog.
const POLLER: &str = "events";

/// Name of the leader lease for instances that poll only for the catalog. It is a different lease, so that such an instance
/// cannot prevent others from polling for events.
const CATALOG_POLLER: &str = "catalogue";

/// Lease TTL. After a crash of the leader, another instance takes over within this time.
const LEASE_TTL: Duration = Duration::from_secs(5);

/// Maximum burst of calls to AniLibria for requests of clients.
const UPSTREAM_BURST: u32 = 40;

/// Maximum calls per second of the catalog sync to a sandbox.
const SANDBOX_RATE: u32 = 1000;

/// Metric registrations of all modules.
const METRICS: [Registration; 7] = [
    http::metrics::METRICS,
    telemetry::METRICS,
    node::METRICS,
    titles::METRICS,
    events::METRICS,
    migration::METRICS,
    sampled_metrics::METRICS,
];

/// A sandbox, and the base URL at which the service exposes it.
#[derive(Clone, Debug)]
pub struct HostedSandbox {
    sandbox: Sandbox,
    root: String,
}

impl HostedSandbox {
    /// Creates the sandbox of the service that listens at `origin` (`http://host:port`).
    pub fn new(sandbox: Sandbox, origin: impl AsRef<str>) -> Self {
        Self { sandbox, root: format!("{}/sandbox", origin.as_ref()) }
    }
}

/// Builds the service from `config`. With a `sandbox`, the service reads from the sandbox in place of AniLibria.
///
/// Data of a sandbox is stored on disk only if a directory is set, because the next sandbox may contain other data.
///
/// # Errors
///
/// Returns an error if a setting is invalid, or if an HTTP client cannot be created.
pub async fn build(config: &Config, sandbox: Option<HostedSandbox>) -> anyhow::Result<State> {
    // The recorder must be installed before any component creates a counter.
    let metrics = config.telemetry.serves_metrics().then(|| Metrics::install(&METRICS)).flatten();
    let client = client(config, sandbox.as_ref())?;
    let caching = caching::open(&config.cache, config.http.request_timeout, sandbox.is_none()).await?;
    let bus = bus(config, caching.redis.as_ref(), sandbox.is_none()).await;
    let (redis, mongo) = (caching.redis.clone(), caching.mongo.clone());
    let live = LiveConnections::new(config.realtime.live(), live_counters());
    let realtime = Realtime::open(bus, config.realtime.events_replay, live).await;
    let v3 = v3::Gateway::new(config, redis.as_ref())?;
    let status = caching.database.as_ref().map(SyncStatus::new);
    let polls = config.realtime.events_enabled || config.catalog.catalogue_enabled;
    let lease = if config.realtime.events_enabled { POLLER } else { CATALOG_POLLER };
    let candidate = redis.as_ref().filter(|_| polls).map(|redis| candidate(redis.election(), lease));
    let stores = stores(config, &client, &caching, status.as_ref(), candidate.as_ref(), sandbox.is_none());
    let watcher = client.rate_limited(RateLimit::per_second(config.watcher_requests_per_second));
    let mut titles =
        Titles::new(client.clone(), caching.cache, caching.list_levels, caching::shortest_ttl(&config.cache))
            .with_background_client(watcher)
            .with_sync_status(status);
    if config.catalog.catalogue_enabled {
        let options =
            LocalCatalogOptions { interval: config.catalog.sync_interval, paced: sandbox.is_none() };
        // A sandbox needs no protection from many calls.
        let rate = if sandbox.is_some() { SANDBOX_RATE } else { config.sync_requests_per_second };
        let reader = client.rate_limited(RateLimit::per_second(rate));
        titles = titles.with_local_catalog(LocalCatalog::open(&reader, stores, options).await);
    }
    let node = NodeService::new(config)?;
    if let Some(node) = node.clone().filter(|_| config.node.nodejs_fallback_enabled) {
        titles = titles.with_fallback(Fallback::new(node, config.http.request_timeout));
    }
    let notifications = notifications(config, node.clone(), redis.as_ref(), sandbox.is_none()).await;
    let components = HealthComponents {
        titles: titles.clone(),
        node: node.clone(),
        accepts_user_tokens: config.auth.accepts_user_tokens(),
        has_redis: redis.is_some(),
        has_database: caching.has_database,
    };
    let health = Health::new(Arc::new(components));
    Ok(State {
        torznab: Torznab::new(&config.torznab, &titles),
        titles,
        health,
        realtime,
        v3,
        node,
        notifications,
        flags: redis.as_ref().map(Flags::new),
        request_counters: RequestCounters::default(),
        poller: Mutex::new(candidate.filter(|_| config.realtime.events_enabled)),
        redis,
        mongo,
        metrics,
        traffic: Traffic::default(),
        sandbox: sandbox.map(|at| at.sandbox),
    })
}

/// Returns the counters of messages on live connections, for the message types of all protocols.
fn live_counters() -> websocket::counters::LiveCounters {
    let events = EventKind::ALL.map(EventKind::as_str).into_iter();
    let outgoing = events::socket::OUTGOING.into_iter().chain(events);
    websocket::counters::LiveCounters::new(
        events::socket::INCOMING.into_iter().chain(v3::Gateway::incoming()),
        outgoing.chain(v3::Gateway::outgoing()),
    )
}

/// Returns the candidate of an instance without Redis. It always becomes the leader, because there are no other instances.
pub(super) fn local_candidate() -> Arc<Candidate> {
    candidate(LocalElection::new(), POLLER)
}

fn candidate(election: impl Election, lease: &str) -> Arc<Candidate> {
    Arc::new(Candidate::campaign(election, lease, LEASE_TTL))
}

/// Returns the persistent stores of the local catalog. Each instance has a store on disk, in the directory of the cache. All
/// instances share a store in MongoDB, where the site can read the titles, or else in Redis. With Redis, the instance with the
/// lease of `candidate` polls on behalf of all.
fn stores(
    config: &Config,
    client: &Client,
    caching: &Caching,
    status: Option<&SyncStatus>,
    candidate: Option<&Arc<Candidate>>,
    use_default_dir: bool,
) -> Stores {
    if !config.catalog.catalogue_enabled {
        return Stores::default();
    }
    let directory = caching::directory(&config.cache, use_default_dir);
    let local = directory.map(|directory| Arc::new(DiskCatalog::at(&directory)) as Arc<dyn CatalogStore>);
    let mongo = caching.database.clone().zip(status).map(|(database, status)| {
        let catalog = MongoCatalog::new(database, client.clone(), status.clone());
        Arc::new(catalog) as Arc<dyn SharedCatalog>
    });
    let redis = caching.redis.as_ref().zip(candidate).map(|(redis, candidate)| {
        Arc::new(RedisCatalog::new(redis, candidate.watch())) as Arc<dyn SharedCatalog>
    });
    if let Some(candidate) = candidate {
        report_leader("catalogue", candidate.watch());
    }
    Stores { local, shared: mongo.or(redis), candidate: candidate.cloned() }
}

/// Returns the event bus: in `redis` for many instances, or local for one.
async fn bus(config: &Config, redis: Option<&Redis>, use_default_dir: bool) -> Arc<dyn Bus> {
    let (cache, replay) = (&config.cache, config.realtime.events_replay);
    match redis {
        Some(redis) => Arc::new(RedisBus::new(redis, &cache.cache_key_prefix, replay)),
        None => Arc::new(LocalBus::open(caching::directory(cache, use_default_dir).as_deref(), replay).await),
    }
}

/// Returns the notifications to `node`; `None` if they are disabled. Pending notifications are stored in `redis`, or else on
/// disk.
async fn notifications(
    config: &Config,
    node: Option<NodeService>,
    redis: Option<&Redis>,
    use_default_dir: bool,
) -> Option<Notifications> {
    // The Node service rejects requests without a token, so notifications need the secret.
    let is_enabled = config.notify.notify_enabled && config.auth.internal_jwt_secret.is_some();
    let node = node.filter(|_| is_enabled)?;
    let store: Box<dyn OutboxStore> = match redis {
        Some(redis) => Box::new(RedisOutboxStore::new(redis)),
        None => outbox_store(caching::directory(&config.cache, use_default_dir).as_deref()).await,
    };
    Some(Notifications::new(node, store, &config.notify, config.telemetry.sampler()))
}

/// Opens the outbox in `directory`. Without a directory, or if another process uses it, the outbox is in memory only.
async fn outbox_store(directory: Option<&Path>) -> Box<dyn OutboxStore> {
    let Some(directory) = directory else { return Box::new(NoOutboxStore) };
    match DiskOutboxStore::open(directory).await {
        Ok(store) => Box::new(store),
        Err(error) => {
            warn!(
                error = &*error,
                "outbox on disk unavailable, pending notifications are kept in memory only"
            );
            Box::new(NoOutboxStore)
        }
    }
}

/// Origin of the images and files of AniLibria.
const MEDIA_ORIGIN: &str = "https://anilibria.top";

/// Creates the client of the sandbox, of the configured mirrors, or of the public mirrors.
fn client(config: &Config, sandbox: Option<&HostedSandbox>) -> anyhow::Result<Client> {
    let mut client = Client::builder()
        .user_agent(config.anilibria_user_agent.as_str())
        .rate_limit(RateLimit::per_second(config.upstream_requests_per_second).burst(UPSTREAM_BURST))
        .timeout(config.upstream_timeout)
        .attempt_timeout(config.upstream_attempt_timeout);
    if let Some(HostedSandbox { root, .. }) = sandbox {
        client = client.mirror(format!("{root}/api/v1")).media_origin(root);
    } else {
        let mirrors = config.mirrors().unwrap_or_default();
        // Browsers cache images by their URLs, so the URLs must not change when the client switches to another mirror.
        let media = mirrors.first().map(|mirror| mirror.origin().ascii_serialization());
        client = mirrors.into_iter().fold(client, ClientBuilder::mirror);
        client = client.media_origin(media.unwrap_or_else(|| MEDIA_ORIGIN.to_owned()));
    }
    Ok(client.build()?)
}

/// The components of the service, as the source of the health endpoints.
struct HealthComponents {
    titles: Titles,
    node: Option<NodeService>,
    has_redis: bool,
    has_database: bool,
    accepts_user_tokens: bool,
}

#[async_trait]
impl HealthSource for HealthComponents {
    async fn check_upstream(&self) -> Result<(), ProbeError> {
        match self.titles.background_client().app().status().await {
            Ok(_) => Ok(()),
            Err(error) => Err(ProbeError { status_code: error.http_status(), message: error.to_string() }),
        }
    }

    async fn check_cache(&self) -> CacheHealth {
        let (stats, pings) = future::join(self.titles.cache().stats(), self.titles.cache().ping()).await;
        let catalog = self.titles.local_catalog().map(LocalCatalog::status);
        let is_loaded = catalog.as_ref().is_some_and(CatalogStatus::is_loaded);
        let has_data =
            is_loaded || stats.levels.iter().filter_map(|level| level.store).any(|store| store.entries > 0);
        let level = |level: CacheLevel| pings.iter().find(|ping| ping.name == level.as_str()).map(back_end);
        CacheHealth {
            has_data,
            hit_rate: stats.hit_rate(),
            redis: level(CacheLevel::Redis),
            database: level(CacheLevel::Database),
            catalog,
        }
    }

    fn unchecked_cache(&self) -> CacheHealth {
        let catalog = self.titles.local_catalog().map(LocalCatalog::status);
        CacheHealth {
            has_data: catalog.as_ref().is_some_and(CatalogStatus::is_loaded),
            hit_rate: 0.0,
            redis: self.has_redis.then(BackendHealth::unchecked),
            database: self.has_database.then(BackendHealth::unchecked),
            catalog,
        }
    }

    fn node(&self) -> Option<&NodeService> {
        self.node.as_ref()
    }

    fn user_tokens(&self) -> UserTokens {
        if self.accepts_user_tokens { UserTokens::Enabled } else { UserTokens::Disabled }
    }

    fn circuits(&self) -> Vec<Circuit> {
        let mirrors = self.titles.client().mirrors().into_iter();
        let mirrors = mirrors.map(|mirror| Circuit {
            service: CircuitService::AnilibriaApi,
            host: mirror.name,
            state: mirror.state.into(),
        });
        let node = self.node.iter().map(|node| Circuit {
            service: CircuitService::NodejsService,
            host: node.host().to_owned(),
            state: node.breaker().into(),
        });
        mirrors.chain(node).collect()
    }
}

/// Returns the state of the store of a cache level. The sources of an error are omitted, because they may contain hosts and
/// users.
fn back_end(ping: &LevelPing) -> BackendHealth {
    BackendHealth { took: ping.took, error: ping.error.as_ref().map(ToString::to_string) }
}
