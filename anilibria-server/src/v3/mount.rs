//! The gateway, connected to the titles and events of this service.

use std::sync::Arc;

use anilibria_cache::{Cached, MemoryStore, Options, Redis, Store, coordination::RecordId};
use anilibria_client::{
    Client,
    model::{GenreId, Release, ReleaseId},
    reflector::Catalog,
};
use anilibria_http::{LoadFailure, clients::Clients, router::RouteTable, websocket::LiveConnections};
use anilibria_v3_gateway::{
    self as gateway, Addresses, DialectSelection, GatewayOptions, Sessions,
    changes::{ChangePublisher, Sources},
    events::{EventConsumer, EventHub, EventKind},
    host::{Host, HostEvents, HostTitles, Load, TitleEvent, TitleEventKind},
    socket,
};
use anyhow::Context as _;
use async_trait::async_trait;
use futures::{StreamExt as _, stream::BoxStream};
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    config::{Config, V3Config, V3Dialect},
    events::{bus::Bus, event::Event},
    telemetry::report_leader,
    titles::{Titles, catalog::LocalCatalog, change::Subject},
};

/// State of the gateway, which exists as long as the service runs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gateway {
    config: V3Config,
    sessions: Sessions,
    hub: EventHub,
}

/// Tasks of the gateway. Dropping this ends them.
#[derive(Debug)]
pub struct GatewayTasks {
    changes: Option<ChangePublisher>,
    _consumer: Option<EventConsumer>,
}

impl Gateway {
    /// Creates the state of the gateway. All instances share sessions and events over `redis`, if there is one.
    ///
    /// # Errors
    ///
    /// The URL of Redis is malformed.
    pub fn new(config: &Config, redis: Option<&Redis>) -> anyhow::Result<Self> {
        let (cache, v3) = (&config.cache, config.v3);
        // Sessions have a separate prefix, so that clearing the cache does not remove them.
        let store: Arc<dyn Store> = match &cache.redis_url {
            Some(url) => {
                let prefix = format!("v3-sessions:{}", cache.cache_key_prefix);
                let redis = Redis::builder(url.expose()).prefix(prefix).build();
                Arc::new(redis.with_context(|| format!("REDIS_URL is {url}"))?.store())
            }
            None => Arc::new(MemoryStore::new(v3.v3_session_memory_bytes as u64)),
        };
        Ok(Self {
            config: v3,
            sessions: Sessions::new(store, v3.v3_session),
            hub: EventHub::new(redis, &cache.cache_key_prefix, v3.v3_events_queue),
        })
    }

    /// Returns the addresses of old clients.
    pub fn addresses(&self) -> Addresses {
        Addresses::new(self.config.v3_gateway_enabled)
    }

    /// Returns the routes, if the gateway is enabled.
    pub fn table(&self, titles: &Titles, live: &LiveConnections, clients: &Arc<Clients>) -> RouteTable {
        if !self.config.v3_gateway_enabled {
            return RouteTable::new();
        }
        let options = options(self.config);
        let titles = HostTitles::new(titles.clone());
        let routes = gateway::Gateway::new(titles, self.sessions.clone(), Arc::clone(clients), options);
        let mut table = gateway::table(&routes);
        table.extend(socket::table(live, &self.hub, clients, options));
        table
    }

    /// Starts the tasks that create and receive the events of API v3, if `config` enables them. Call it before the events of this
    /// service are published.
    pub fn start(
        &self,
        config: &Config,
        titles: &Titles,
        bus: &Arc<dyn Bus>,
        redis: Option<&Redis>,
    ) -> GatewayTasks {
        let is_enabled = self.config.v3_gateway_enabled;
        let changes = (is_enabled && config.realtime.events_enabled).then(|| {
            let sources = Sources {
                titles: HostTitles::new(titles.clone()),
                events: Arc::new(SiteEvents(Arc::clone(bus))),
                interval: config.catalog.sync_interval,
            };
            let changes = ChangePublisher::start(sources, &self.hub, redis);
            if let Some(leader) = changes.leader() {
                report_leader("v3_events", leader);
            }
            changes
        });
        GatewayTasks { changes, _consumer: is_enabled.then(|| self.hub.start_consumer()).flatten() }
    }

    /// Returns the types of the messages that clients send over the WebSocket of API v3.
    pub fn incoming() -> impl Iterator<Item = &'static str> {
        socket::INCOMING.into_iter()
    }

    /// Returns the types of the messages that clients receive over the WebSocket of API v3.
    pub fn outgoing() -> impl Iterator<Item = &'static str> {
        socket::OUTGOING.into_iter().chain(EventKind::ALL.map(EventKind::as_str))
    }
}

impl GatewayTasks {
    /// Ends the tasks and resigns the leader lease, so that another instance can get it.
    pub async fn stop(self) {
        if let Some(changes) = self.changes {
            changes.stop().await;
        }
    }
}

fn options(config: V3Config) -> GatewayOptions {
    GatewayOptions {
        strict_parameters: config.v3_strict_parameters,
        dialect: match config.v3_dialect {
            V3Dialect::Path => DialectSelection::ByPath,
            V3Dialect::Live => DialectSelection::Live,
            V3Dialect::Python => DialectSelection::Python,
        },
        search_threads: config.v3_search_threads,
        search_queue: config.v3_search_queue,
        page_queue: config.v3_page_queue,
        max_response_bytes: config.v3_max_answer_bytes,
        subscriptions: config.v3_subscriptions,
    }
}

#[async_trait]
impl Host for Titles {
    fn client(&self) -> &Client {
        self.client()
    }

    fn watcher(&self) -> &Client {
        self.background_client()
    }

    fn catalog(&self) -> Option<Arc<Catalog>> {
        self.local_catalog().and_then(LocalCatalog::catalog)
    }

    fn catalog_changes(&self) -> Option<watch::Receiver<()>> {
        self.local_catalog().map(LocalCatalog::subscribe)
    }

    fn list_options(&self) -> &Options {
        self.list_options()
    }

    async fn cached(&self, options: &Options, key: &str, load: Load) -> Result<Cached, LoadFailure> {
        self.cached(options, key, move |_| load()).await
    }

    async fn peek(&self, key: &str) -> Option<Cached> {
        self.peek(key).await
    }

    async fn genre_ids(&self, names: &[String]) -> Result<Option<Vec<GenreId>>, LoadFailure> {
        self.genre_ids(names).await
    }

    async fn releases(&self, ids: Vec<ReleaseId>) -> Result<Vec<Release>, LoadFailure> {
        self.releases(ids).await
    }

    async fn title_changed(&self, id: u32) {
        self.expire_title(id).await;
    }
}

/// Events of this service, as the gateway reads them.
#[derive(Debug)]
struct SiteEvents(Arc<dyn Bus>);

#[async_trait]
impl HostEvents for SiteEvents {
    async fn last(&self) -> anyhow::Result<Option<RecordId>> {
        Ok(self.0.past().await?.last().map(Event::id))
    }

    fn subscribe(&self, last: RecordId) -> BoxStream<'static, TitleEvent> {
        self.0.subscribe(last).map(|event| title_event(&event)).boxed()
    }
}

fn title_event(event: &Event) -> TitleEvent {
    let episode = || {
        let data: Value = serde_json::from_str(event.data()).ok()?;
        data["episode"].as_f64()
    };
    let kind = match event.kind().subject() {
        Subject::Title => TitleEventKind::Title,
        Subject::NewEpisode => TitleEventKind::NewEpisode(episode()),
        Subject::ChangedEpisode => TitleEventKind::EpisodeUpdate(episode()),
    };
    TitleEvent { id: event.id(), title_id: event.title_id(), kind }
}
