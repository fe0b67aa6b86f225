//! Operations for other services of the site.

mod clearing;

use anilibria_http::{metrics::count_error, problem::Problem, router::RouteTable, traffic::Traffic};
use poem_openapi::OpenApi as _;
use tracing::warn;

use crate::{
    auth::Services,
    events::{Realtime, bus::Published, metrics, notify::Notifications},
    health::Health,
    titles::{SyncOutcome, Titles, model::sync_report::SyncReport},
    v2::{
        model::{
            internal::{CacheStatistics, CatalogStatistics, ClearReport, Mirror, ServiceStatistics},
            live::LiveStatistics,
        },
        routes::InternalApi,
    },
};

/// Business logic of the internal routes. Cheap to clone.
#[derive(Clone)]
pub struct Internal {
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

impl Internal {
    /// Returns the routes at `/internal`, for `services` only.
    pub fn table(self, services: &Services) -> RouteTable {
        let mut table = RouteTable::new();
        InternalApi::new(self).add_routes(&mut table);
        services.guard(table)
    }

    /// Ensures that a title is fresh, and publishes the changes. Changes that this instance cannot detect, because it did
    /// not have the title before, are published by the watcher. No change is published twice.
    pub async fn sync(&self, id: u32, force: bool) -> Result<SyncReport, Problem> {
        let SyncOutcome { report, changes } = self.titles.sync(id, force).await?;
        for notice in &changes {
            match self.realtime.bus().publish_aside(notice).await {
                Ok(Published::New(_)) => metrics::published(notice.kind()),
                Ok(Published::Known | Published::Outdated) => {}
                Err(error) => {
                    count_error("title_sync", "publish");
                    warn!(error = &*error, title_id = id, "title change not published");
                }
            }
        }
        Ok(report)
    }

    /// Removes the answers whose keys match `pattern`.
    pub async fn clear(&self, pattern: String) -> ClearReport {
        let logical = pattern.strip_prefix(&self.key_prefix).unwrap_or(&pattern);
        let mut removed = 0;
        for pattern in clearing::ours(logical) {
            removed += self.titles.cache().clear_matching(pattern).await;
        }
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
