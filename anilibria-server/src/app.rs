//! The assembled service: its components, its routes and the sandbox.

pub mod build;
pub mod caching;
pub mod metrics_endpoint;
pub mod root_endpoint;
mod sampled_metrics;
pub mod sandbox;
mod windowed_ratio;

use std::sync::{Arc, Mutex, PoisonError};

use anilibria_cache::{MongoStore, Redis, coordination::Candidate};
use anilibria_client::sandbox::Sandbox;
use anilibria_http::{
    clients::Clients,
    compress::Compressor,
    in_flight::LargeResponses,
    limits::{BodyReader, ConcurrencyLimit, RequestLimits},
    metrics::RouteMetrics,
    router::Router,
    traffic::Traffic,
};

use crate::{
    app::{metrics_endpoint::MetricsEndpoint, root_endpoint::RootEndpoint, sandbox::SandboxMount},
    auth::{Services, Users, Validator},
    config::Config,
    events::{
        Realtime,
        notify::{Notifications, Notifier},
        socket::Sockets,
        source::Source,
        subscribers::{self, SubscriberReporter},
    },
    health::Health,
    migration::{
        flags::{Flags, TestGroups},
        rollback::{RequestCounters, RollbackMonitor},
    },
    node::NodeService,
    telemetry::Metrics,
    titles::Titles,
    torznab::Torznab,
    v1::{self, LegacyPaths},
    v2::{internal::InternalService, openapi, pages::Features, routes},
    v3,
};

/// The components of the service.
pub struct State {
    /// Titles, as the routes read them.
    pub titles: Titles,
    /// Health checks.
    pub health: Health,
    /// Live events for clients.
    pub realtime: Realtime,
    /// Gateway for clients of API v3.
    pub v3: v3::Gateway,
    /// Torznab indexer.
    pub torznab: Torznab,
    /// The site's Node service; `None` if it is not configured.
    pub node: Option<NodeService>,
    /// Notifications to the Node service about events; `None` if they are disabled.
    pub notifications: Option<Notifications>,
    /// Sandbox that is served together with the routes; `None` if it is disabled.
    pub sandbox: Option<Sandbox>,
    /// Candidate for the lease of the instance that polls AniLibria on behalf of all. The event source takes it when it starts;
    /// `None` without Redis.
    pub poller: Mutex<Option<Arc<Candidate>>>,
    /// Redis, shared by all instances; `None` for a single instance.
    pub redis: Option<Redis>,
    /// Store of cached responses in MongoDB; `None` if MongoDB is not configured.
    pub mongo: Option<MongoStore>,
    /// Counters of requests and connections.
    pub traffic: Traffic,
    /// Feature flags that are enabled for some users; `None` without Redis, where they are stored.
    pub flags: Option<Flags>,
    /// Totals of requests, from which the automatic rollback computes error rate and response time.
    pub request_counters: RequestCounters,
    /// Metrics recorder; `None` if metrics are disabled.
    pub metrics: Option<Metrics>,
}

impl State {
    /// Starts the task that writes the subscribers of each title to Redis; `None` without Redis.
    pub fn start_subscriber_reporter(&self) -> Option<SubscriberReporter> {
        let presence = self.redis.as_ref()?.presence(subscribers::PRESENCE_TTL);
        Some(SubscriberReporter::start(self.realtime.hub().subscribers(), presence))
    }

    /// Starts the task that polls AniLibria for events; `None` if `config` disables events. One instance polls on behalf of all.
    pub fn start_event_source(&self, config: &Config) -> Option<Source> {
        let (realtime, interval) = (&self.realtime, config.catalog.sync_interval);
        let sampler = config.telemetry.sampler();
        config.realtime.events_enabled.then(|| {
            let shared = self.poller.lock().unwrap_or_else(PoisonError::into_inner).take();
            let candidate = shared.unwrap_or_else(build::local_candidate);
            Source::start(&self.titles, realtime, interval, candidate, sampler)
        })
    }

    /// Starts the tasks of the gateway for API v3. Must be called before [`start_event_source`](Self::start_event_source).
    pub fn start_v3_gateway(&self, config: &Config) -> v3::GatewayTasks {
        self.v3.start(config, &self.titles, self.realtime.bus(), self.redis.as_ref())
    }

    /// Starts the task that rolls the migration back if there are too many errors or slow responses.
    pub fn start_rollback_watch(&self, config: &Config) -> RollbackMonitor {
        RollbackMonitor::start(&self.request_counters, self.flags.clone(), &config.migration)
    }

    /// Starts the task that notifies the Node service of events; `None` if notifications are disabled. One instance notifies on
    /// behalf of all. Must be called before [`start_event_source`](Self::start_event_source).
    pub fn start_notifier(&self) -> Option<Notifier> {
        let notifications = self.notifications.as_ref()?;
        Some(notifications.start(&self.realtime, self.redis.as_ref()))
    }
}

/// Returns the endpoint of the service, with all routes. Tests and benches use the same endpoint.
pub fn app(config: &Config, state: &State) -> RootEndpoint {
    let services = Services::new(&config.auth);
    let service_of = services.clone().map(Services::into_identify);
    let clients = Arc::new(Clients::new(config.http.clients(), service_of));
    let sandbox = state.sandbox.clone().map(|sandbox| SandboxMount::new(sandbox, config.environment));
    let v3 = state.v3.table(&state.titles, state.realtime.live(), &clients);
    let features =
        Features { v3: !v3.is_empty(), sandbox: sandbox.as_ref().is_some_and(SandboxMount::has_control) };
    let routes = routes::routes(&state.titles, &state.realtime, &state.health, &clients, features);
    let mut table = openapi::table(&routes, features);
    let users = Users::new(&config.auth);
    let validator = state.node.clone().filter(|_| config.node.auth_remote_validation);
    let validator = validator.map(|node| Arc::new(node) as Arc<dyn Validator>);
    let sockets =
        Sockets::new(state.realtime.clone(), users.clone().validated_by(validator), Arc::clone(&clients));
    table.extend(sockets.table());
    table.extend(v1::table(config.legacy, &state.titles, &state.health, services.as_ref()));
    table.extend(v3);
    table.extend(state.torznab.table(&clients));
    if let Some(services) = services {
        let internal = InternalService {
            titles: state.titles.clone(),
            health: state.health.clone(),
            traffic: state.traffic.clone(),
            notifications: state.notifications.clone(),
            realtime: state.realtime.clone(),
            key_prefix: config.cache.cache_key_prefix.clone(),
        };
        table.extend(internal.table(&services));
    }
    if let Some(metrics) = &state.metrics {
        table.extend(MetricsEndpoint::new(metrics.clone(), state).table());
    }
    RootEndpoint {
        router: Router::with_parameters(table, openapi::parameters::<routes::Routes>()),
        strict_parameters: config.http.strict_parameters,
        limits: RequestLimits { uri: config.max_uri_bytes, headers: config.max_header_bytes },
        clients,
        timeout: config.http.request_timeout,
        bodies: BodyReader::new(config.max_body_bytes, config.http.max_concurrent_bodies),
        concurrency: ConcurrencyLimit::new(config.max_concurrent_requests),
        large_responses: LargeResponses::new(config.http.max_answer_bytes_in_flight),
        users,
        traffic: state.traffic.clone(),
        log: config.telemetry.request_log(),
        sampler: config.telemetry.sampler(),
        request_counters: state.request_counters.clone(),
        groups: config.migration.migration_mode.then(|| TestGroups::new(state.flags.clone())),
        unrouted: RouteMetrics::new("unrouted"),
        origins: config.origins(),
        compressor: Compressor::new(config.http.compression_memory_bytes as u64),
        legacy_paths: LegacyPaths::new(config.legacy),
        v3_addresses: state.v3.addresses(),
        sandbox,
    }
}
