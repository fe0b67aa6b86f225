//! The assembled service: routes, shell, sandbox.

pub mod build;
pub mod caching;
mod recent;
pub mod sandbox;
pub mod scrape;
pub mod shell;
mod vitals;

use std::sync::Arc;

use anilibria_cache::{MongoStore, Redis, coordination::LocalElection};
use anilibria_client::sandbox::Sandbox;
use anilibria_http::{
    clients::Clients,
    compress::Compressor,
    in_flight::LargeAnswers,
    limits::{Bodies, Gate, RequestLimits},
    metrics::RouteMeter,
    router::Router,
    traffic::Traffic,
};

use crate::{
    app::{sandbox::SandboxMount, scrape::Scrape, shell::Shell},
    auth::{Services, Users, Validator},
    config::Config,
    events::{
        Realtime,
        notify::{Notifications, Notifier},
        socket::Sockets,
        source::Source,
        subscribers::{self, Telling},
    },
    health::Health,
    migration::{
        flags::{Flags, Groups},
        rollback::{Tally, Watch},
    },
    node::NodeService,
    telemetry::Metrics,
    titles::Titles,
    v1::{self, OldPaths},
    v2::{internal::Internal, openapi, routes},
    v3,
};

/// What the service is made of.
pub struct State {
    /// Answers what the routes ask.
    pub titles: Titles,
    /// Watches over the service.
    pub health: Health,
    /// Keeps clients up to date.
    pub realtime: Realtime,
    /// The gateway for clients of API v3.
    pub v3: v3::Gateway,
    /// The site's Node service, if there is one.
    pub node: Option<NodeService>,
    /// Tells the Node service of events, if there is one to tell.
    pub notifications: Option<Notifications>,
    /// The sandbox to serve beside the routes, if any.
    pub sandbox: Option<Sandbox>,
    /// What all instances share, if there is more than this one.
    pub redis: Option<Redis>,
    /// The answers in MongoDB, if they are kept there.
    pub mongo: Option<MongoStore>,
    /// Counts requests and connections.
    pub traffic: Traffic,
    /// Features that are switched on for some, where there is Redis to keep them.
    pub flags: Option<Flags>,
    /// Adds up requests, to see whether the service does well enough.
    pub tally: Tally,
    /// What everything is counted in, if it is to be shown.
    pub metrics: Option<Metrics>,
}

impl State {
    /// Starts the task that tells Redis who follows what, if there is one.
    pub fn telling(&self) -> Option<Telling> {
        let roster = self.redis.as_ref()?.presence(subscribers::TERM);
        Some(Telling::start(self.realtime.hub().subscribers(), roster))
    }

    /// Starts the task that events come from, if `config` wants it: on one of all instances it watches AniLibria.
    pub fn source(&self, config: &Config) -> Option<Source> {
        let (realtime, interval) = (&self.realtime, config.catalogue.sync_interval);
        let sampler = config.telemetry.sampler();
        config.realtime.events_enabled.then(|| match &self.redis {
            Some(redis) => Source::start(&self.titles, realtime, interval, redis.election(), sampler),
            None => Source::start(&self.titles, realtime, interval, LocalElection::new(), sampler),
        })
    }

    /// Starts the tasks of the gateway for API v3. They have to be started before the task that the events of the site come
    /// from.
    pub fn gateway(&self, config: &Config) -> v3::Running {
        self.v3.start(config, &self.titles, self.realtime.bus(), self.redis.as_ref())
    }

    /// Starts the task that watches whether the service does well enough.
    pub fn watch(&self, config: &Config) -> Watch {
        Watch::start(&self.tally, self.flags.clone(), &config.migration)
    }

    /// Starts the task that tells the Node service of events: one of all instances does. It has to be started before the
    /// one that events come from.
    pub fn notifier(&self) -> Option<Notifier> {
        let notifications = self.notifications.as_ref()?;
        Some(notifications.start(&self.realtime, self.redis.as_ref()))
    }
}

/// The service as one endpoint, as it is served and as tests and benches drive it.
pub fn app(config: &Config, state: &State) -> Shell {
    let services = Services::new(&config.auth);
    let service_of = services.clone().map(Services::into_identify);
    let clients = Arc::new(Clients::new(config.http.clients(), service_of));
    let mut table = openapi::table(&routes::routes(&state.titles, &state.realtime, &state.health, &clients));
    let users = Users::new(&config.auth);
    let asked = state.node.clone().filter(|_| config.node.auth_remote_validation);
    let asked = asked.map(|node| Arc::new(node) as Arc<dyn Validator>);
    let sockets = Sockets::new(state.realtime.clone(), users.clone().asking(asked), Arc::clone(&clients));
    table.extend(sockets.table());
    table.extend(v1::table(config.legacy, &state.titles, &state.health, services.as_ref()));
    table.extend(state.v3.table(&state.titles, state.realtime.live(), &clients));
    if let Some(services) = services {
        let internal = Internal {
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
        table.extend(Scrape::new(metrics.clone(), state).table());
    }
    Shell {
        router: Router::new(table),
        limits: RequestLimits { uri: config.max_uri_bytes, headers: config.max_header_bytes },
        clients,
        timeout: config.http.request_timeout,
        bodies: Bodies::new(config.max_body_bytes, config.http.max_concurrent_bodies),
        gate: Gate::new(config.max_concurrent_requests),
        large_answers: LargeAnswers::new(config.http.max_answer_bytes_in_flight),
        users,
        traffic: state.traffic.clone(),
        sampler: config.telemetry.sampler(),
        tally: state.tally.clone(),
        groups: config.migration.migration_mode.then(|| Groups::new(state.flags.clone())),
        unrouted: RouteMeter::new("unrouted"),
        origins: config.origins(),
        compressor: Compressor::new(config.http.compression_memory_bytes as u64),
        old_paths: OldPaths::new(config.legacy),
        v3_addresses: state.v3.addresses(),
        sandbox: state.sandbox.clone().map(|sandbox| SandboxMount::new(sandbox, config.environment)),
    }
}
