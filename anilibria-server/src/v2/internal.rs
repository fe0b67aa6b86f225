//! Operations for the site's other services.

mod clear_pattern;

use anilibria_http::{metrics::count_error, problem::Problem, router::RouteTable, traffic::Traffic};
use poem_openapi::OpenApi as _;
use tracing::warn;

use crate::{
    auth::Services,
    events::{Realtime, bus::PublishOutcome, metrics, notify::Notifications},
    health::Health,
    titles::{SyncOutcome, Titles, key, model::sync_report::SyncReport},
    v2::{
        responses::{
            internal::ClearReport,
            live_statistics::LiveStatistics,
            statistics::{CacheStatistics, CatalogStatistics, Mirror, ServiceStatistics},
        },
        routes::InternalApi,
    },
};

/// Operations behind the internal routes. Cheap to clone.
#[derive(Clone)]
pub struct InternalService {
    /// Titles.
    pub titles: Titles,
    /// Health checks.
    pub health: Health,
    /// Counters of requests.
    pub traffic: Traffic,
    /// Notifications to the Node service; `None` if they are disabled.
    pub notifications: Option<Notifications>,
    /// Live events.
    pub realtime: Realtime,
    /// Prefix of the keys in Redis.
    pub key_prefix: String,
}

impl InternalService {
    /// Returns the routes at `/internal`, which require a token of one of `services`.
    pub fn table(self, services: &Services) -> RouteTable {
        let mut table = RouteTable::new();
        InternalApi::new(self).add_routes(&mut table);
        services.attach_to(table)
    }

    /// Ensures that a title is fresh, and publishes its changes. If the title was not cached, the changes are unknown here and
    /// the watcher publishes them later. No change is published twice.
    pub async fn sync(&self, id: u32, force: bool) -> Result<SyncReport, Problem> {
        let SyncOutcome { report, changes } = self.titles.sync(id, force).await?;
        for change in &changes {
            match self.realtime.bus().publish_unfenced(change).await {
                Ok(PublishOutcome::Published(_)) => metrics::record_published(change.kind()),
                Ok(PublishOutcome::Duplicate | PublishOutcome::Fenced) => {}
                Err(error) => {
                    count_error("title_sync", "publish");
                    warn!(error = &*error, title_id = id, "title change not published");
                }
            }
        }
        Ok(report)
    }

    /// Removes the cached values whose keys match `pattern`, with or without the prefix of the keys in Redis.
    pub async fn clear(&self, pattern: String) -> ClearReport {
        let logical = pattern.strip_prefix(&self.key_prefix).unwrap_or(&pattern);
        let mut removed = 0;
        for pattern in clear_pattern::own_patterns(logical) {
            removed += self.titles.cache().clear_matching(pattern).await;
        }
        // The cleared responses must not be made from the same releases again.
        self.titles.cache().clear_matching(key::RELEASES).await;
        ClearReport { pattern, removed }
    }

    /// Returns the statistics of the cache.
    pub async fn cache(&self) -> CacheStatistics {
        CacheStatistics::from(&self.titles.cache().stats().await)
    }

    /// Returns the statistics of the service.
    pub async fn service(&self) -> ServiceStatistics {
        let notifications = match &self.notifications {
            Some(notifications) => notifications.statistics().await,
            None => None,
        };
        ServiceStatistics {
            uptime_seconds: self.health.uptime(),
            requests: self.traffic.requests(),
            cache: self.cache().await,
            catalog: self.titles.local_catalog().map(|catalog| CatalogStatistics::from(catalog.status())),
            notifications,
            websocket: LiveStatistics::from(&self.realtime),
            mirrors: self.titles.client().mirrors().into_iter().map(Mirror::from).collect(),
        }
    }
}
