//! Assembles the service from its settings.

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
        vitals,
    },
    config::Config,
    events::{
        self, Realtime,
        bus::{Bus, LocalBus, RedisBus},
        notify::{DiskLedger, Ledger, NoLedger, Notifications, RedisLedger},
    },
    health::{
        BackEnd, CacheVitals, Health, UpstreamFault, Vitals,
        model::{Circuit, CircuitService, UserTokens},
    },
    migration::{self, flags::Flags, rollback::Tally},
    node::{self, NodeService},
    telemetry::{self, Metrics, report_leader},
    titles::{
        self, Fallback, Titles,
        catalog::{
            CatalogStatus, CatalogStore, DiskCatalog, LocalCatalog, LocalCatalogOptions, MongoCatalog,
            RedisCatalog, SharedCatalog, Stores,
        },
        notice::EventKind,
        sync_status::SyncStatus,
    },
    torznab::Torznab,
    v3,
};

/// Name of the leader lease for polling AniLibria on behalf of all instances: for events and for the catalog.
const POLLER: &str = "events";

/// Name of that lease among instances that do not produce events, so that none of them keeps others from it.
const CATALOG_POLLER: &str = "catalogue";

/// Lease TTL: the time after which the lease of an instance that died expires.
const LEASE_TTL: Duration = Duration::from_secs(5);

/// Maximum burst of calls to AniLibria that requests of visitors may cause.
const UPSTREAM_BURST: u32 = 40;

/// Calls per second for the local catalog of a sandbox.
const SANDBOX_RATE: u32 = 1000;

/// Metric registrations of all modules.
const METRICS: [Registration; 7] = [
    http::metrics::METRICS,
    telemetry::METRICS,
    node::METRICS,
    titles::METRICS,
    events::METRICS,
    migration::METRICS,
    vitals::METRICS,
];

/// A sandbox, and the address at which the service's own socket exposes it.
#[derive(Clone, Debug)]
pub struct SandboxAt {
    sandbox: Sandbox,
    root: String,
}

impl SandboxAt {
    /// Returns the sandbox of the service that listens at `origin` (`http://host:port`).
    pub fn new(sandbox: Sandbox, origin: impl AsRef<str>) -> Self {
        Self { sandbox, root: format!("{}/sandbox", origin.as_ref()) }
    }
}

/// Builds the service that `config` describes. It reads from the sandbox if there is one.
///
/// Data read from a sandbox is not stored on disk unless a directory is set, because the next sandbox may hold different
/// data.
pub async fn build(config: &Config, sandbox: Option<SandboxAt>) -> anyhow::Result<State> {
    // Installed before any other component creates a counter.
    let metrics = config.telemetry.serves_metrics().then(|| Metrics::install(&METRICS)).flatten();
    let client = client(config, sandbox.as_ref())?;
    let caching = caching::open(&config.cache, config.http.request_timeout, sandbox.is_none()).await?;
    let bus = bus(config, caching.redis.as_ref(), sandbox.is_none()).await;
    let (redis, mongo) = (caching.redis.clone(), caching.mongo.clone());
    let live = LiveConnections::new(config.realtime.live(), tally());
    let realtime = Realtime::open(bus, config.realtime.events_replay, live).await;
    let v3 = v3::Gateway::new(config, redis.as_ref())?;
    let status = caching.database.as_ref().map(SyncStatus::new);
    let polls = config.realtime.events_enabled || config.catalog.catalogue_enabled;
    let lease = if config.realtime.events_enabled { POLLER } else { CATALOG_POLLER };
    let candidate = redis.as_ref().filter(|_| polls).map(|redis| candidate(redis.election(), lease));
    let stores = stores(config, &client, &caching, status.as_ref(), candidate.as_ref(), sandbox.is_none());
    let watcher = client.rate_limited(RateLimit::per_second(config.watcher_requests_per_second));
    let mut titles = Titles::new(client.clone(), caching.cache, caching.list_levels)
        .with_background_client(watcher)
        .with_sync_status(status);
    if config.catalog.catalogue_enabled {
        let options =
            LocalCatalogOptions { interval: config.catalog.sync_interval, paced: sandbox.is_none() };
        // The service's own sandbox needs no rate limit for the sake of AniLibria.
        let rate = if sandbox.is_some() { SANDBOX_RATE } else { config.sync_requests_per_second };
        let reader = client.rate_limited(RateLimit::per_second(rate));
        titles = titles.with_local_catalog(LocalCatalog::open(&reader, stores, options).await);
    }
    let node = NodeService::new(config)?;
    if let Some(node) = node.clone().filter(|_| config.node.nodejs_fallback_enabled) {
        titles = titles.with_fallback(Fallback::new(node, config.http.request_timeout));
    }
    let notifications = notifications(config, node.clone(), redis.as_ref(), sandbox.is_none()).await;
    let parts = Parts {
        titles: titles.clone(),
        node: node.clone(),
        takes_user_tokens: config.auth.takes_user_tokens(),
        has_redis: redis.is_some(),
        has_database: caching.has_database,
    };
    let health = Health::new(Arc::new(parts));
    Ok(State {
        torznab: Torznab::new(&config.torznab, &titles),
        titles,
        health,
        realtime,
        v3,
        node,
        notifications,
        flags: redis.as_ref().map(Flags::new),
        tally: Tally::default(),
        poller: Mutex::new(candidate.filter(|_| config.realtime.events_enabled)),
        redis,
        mongo,
        metrics,
        traffic: Traffic::default(),
        sandbox: sandbox.map(|at| at.sandbox),
    })
}

/// Returns counters of messages on live connections, with the message types of all protocols.
fn tally() -> websocket::tally::Tally {
    let events = EventKind::ALL.map(EventKind::as_str).into_iter();
    let outgoing = events::socket::OUTGOING.into_iter().chain(events);
    websocket::tally::Tally::new(
        events::socket::INCOMING.into_iter().chain(v3::Gateway::incoming()),
        outgoing.chain(v3::Gateway::outgoing()),
    )
}

/// Returns a candidate for polling AniLibria for events, without other instances.
pub(super) fn lone_candidate() -> Arc<Candidate> {
    candidate(LocalElection::new(), POLLER)
}

fn candidate(election: impl Election, lease: &str) -> Arc<Candidate> {
    Arc::new(Candidate::campaign(election, lease, LEASE_TTL))
}

/// Returns the persistent stores of the local catalog of `client`: on disk, in the directory of the cached answers, and for all
/// instances in MongoDB, where the site can read the titles, or else in Redis. With Redis, one instance reads on behalf of all:
/// that of `candidate`.
fn stores(
    config: &Config,
    client: &Client,
    caching: &Caching,
    status: Option<&SyncStatus>,
    candidate: Option<&Arc<Candidate>>,
    is_public: bool,
) -> Stores {
    if !config.catalog.catalogue_enabled {
        return Stores::default();
    }
    let directory = caching::directory(&config.cache, is_public);
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

/// Returns the event bus between all instances: in `redis` if it is set.
async fn bus(config: &Config, redis: Option<&Redis>, is_public: bool) -> Arc<dyn Bus> {
    let (cache, replay) = (&config.cache, config.realtime.events_replay);
    match redis {
        Some(redis) => Arc::new(RedisBus::new(redis, &cache.cache_key_prefix, replay)),
        None => Arc::new(LocalBus::open(caching::directory(cache, is_public).as_deref(), replay).await),
    }
}

/// Returns the notifications to `node`, if they are enabled. Pending notifications are stored in `redis`, or else on disk.
async fn notifications(
    config: &Config,
    node: Option<NodeService>,
    redis: Option<&Redis>,
    is_public: bool,
) -> Option<Notifications> {
    // The Node service rejects requests without a token, so notifications need the secret.
    let is_told = config.notify.notify_enabled && config.auth.internal_jwt_secret.is_some();
    let node = node.filter(|_| is_told)?;
    let ledger: Box<dyn Ledger> = match redis {
        Some(redis) => Box::new(RedisLedger::new(redis)),
        None => ledger(caching::directory(&config.cache, is_public).as_deref()).await,
    };
    Some(Notifications::new(node, ledger, &config.notify, config.telemetry.sampler()))
}

/// Opens the ledger in `directory`; there is none if no directory is set or another service holds it.
async fn ledger(directory: Option<&Path>) -> Box<dyn Ledger> {
    let Some(directory) = directory else { return Box::new(NoLedger) };
    match DiskLedger::open(directory).await {
        Ok(ledger) => Box::new(ledger),
        Err(error) => {
            warn!(
                error = &*error,
                "outbox on disk unavailable, pending notifications are kept in memory only"
            );
            Box::new(NoLedger)
        }
    }
}

/// Origin of the pictures and files of the live service.
const MEDIA_ORIGIN: &str = "https://anilibria.top";

/// Creates the client of the sandbox over the service's own socket, of the configured mirrors, or of the live ones.
fn client(config: &Config, sandbox: Option<&SandboxAt>) -> anyhow::Result<Client> {
    let mut client = Client::builder()
        .user_agent(config.anilibria_user_agent.as_str())
        .rate_limit(RateLimit::per_second(config.upstream_requests_per_second).burst(UPSTREAM_BURST))
        .timeout(config.upstream_timeout)
        .attempt_timeout(config.upstream_attempt_timeout);
    if let Some(SandboxAt { root, .. }) = sandbox {
        client = client.mirror(format!("{root}/api/v1")).media_origin(root);
    } else {
        let mirrors = config.mirrors().unwrap_or_default();
        // Browsers keep the addresses of pictures: these do not follow the failover of this service.
        let media = mirrors.first().map(|mirror| mirror.origin().ascii_serialization());
        client = mirrors.into_iter().fold(client, ClientBuilder::mirror);
        client = client.media_origin(media.unwrap_or_else(|| MEDIA_ORIGIN.to_owned()));
    }
    Ok(client.build()?)
}

/// The components whose health is checked.
struct Parts {
    titles: Titles,
    node: Option<NodeService>,
    has_redis: bool,
    has_database: bool,
    takes_user_tokens: bool,
}

#[async_trait]
impl Vitals for Parts {
    async fn ask_upstream(&self) -> Result<(), UpstreamFault> {
        match self.titles.background_client().app().status().await {
            Ok(_) => Ok(()),
            Err(error) => Err(UpstreamFault { status_code: error.http_status(), error: error.to_string() }),
        }
    }

    async fn ask_cache(&self) -> CacheVitals {
        let (stats, pings) = future::join(self.titles.cache().stats(), self.titles.cache().ping()).await;
        let catalog = self.titles.local_catalog().map(LocalCatalog::status);
        let is_loaded = catalog.as_ref().is_some_and(CatalogStatus::is_loaded);
        let holds_data =
            is_loaded || stats.levels.iter().filter_map(|level| level.store).any(|store| store.entries > 0);
        let level = |level: CacheLevel| pings.iter().find(|ping| ping.name == level.as_str()).map(back_end);
        CacheVitals {
            holds_data,
            hit_rate: stats.hit_rate(),
            redis: level(CacheLevel::Redis),
            database: level(CacheLevel::Database),
            catalog,
        }
    }

    fn unchecked_cache(&self) -> CacheVitals {
        let catalog = self.titles.local_catalog().map(LocalCatalog::status);
        CacheVitals {
            holds_data: catalog.as_ref().is_some_and(CatalogStatus::is_loaded),
            hit_rate: 0.0,
            redis: self.has_redis.then(BackEnd::unchecked),
            database: self.has_database.then(BackEnd::unchecked),
            catalog,
        }
    }

    fn node(&self) -> Option<&NodeService> {
        self.node.as_ref()
    }

    fn user_tokens(&self) -> UserTokens {
        if self.takes_user_tokens { UserTokens::Enabled } else { UserTokens::Disabled }
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

/// Returns the health of the store behind a level. Only the start of an error is kept, because its causes may name hosts and
/// users.
fn back_end(ping: &LevelPing) -> BackEnd {
    BackEnd { took: ping.took, fault: ping.error.as_ref().map(ToString::to_string) }
}
