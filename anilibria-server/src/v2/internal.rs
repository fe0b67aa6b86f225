//! What other services of the site may ask of this one.

mod clearing;

use anilibria_http::{metrics::count_error, problem::Problem, router::RouteTable, traffic::Traffic};
use poem_openapi::OpenApi as _;
use tracing::warn;

use crate::{
    auth::Services,
    events::{Realtime, bus::Published, metrics, notify::Notifications},
    health::Health,
    titles::{Synced, Titles, model::sync::SyncReport},
    v2::{
        model::{
            internal::{CacheStatistics, CatalogueStatistics, ClearReport, Mirror, ServiceStatistics},
            live::LiveStatistics,
        },
        routes::InternalApi,
    },
};

/// Does what other services ask for. Cheap to clone.
#[derive(Clone)]
pub struct Internal {
    /// The titles.
    pub titles: Titles,
    /// The health of the service.
    pub health: Health,
    /// The count of requests.
    pub traffic: Traffic,
    /// Notifications to the Node service, if there are any.
    pub notifications: Option<Notifications>,
    /// The events.
    pub realtime: Realtime,
    /// Prefix of keys in Redis.
    pub key_prefix: String,
}

impl Internal {
    /// The routes at `/internal`, for `services` only.
    pub fn table(self, services: &Services) -> RouteTable {
        let mut table = RouteTable::new();
        InternalApi::new(self).add_routes(&mut table);
        services.guard(table)
    }

    /// Sees to it that a title is fresh, and tells everybody of what is new to it. Whoever watches AniLibria tells of what
    /// was not known here before, and of nothing twice.
    pub async fn sync(&self, id: u32, force: bool) -> Result<SyncReport, Problem> {
        let Synced { report, news } = self.titles.sync(id, force).await?;
        for notice in &news {
            match self.realtime.bus().publish_aside(notice).await {
                Ok(Published::New(_)) => metrics::published(notice.kind()),
                Ok(Published::Known | Published::Outdated) => {}
                Err(error) => {
                    count_error("title_sync", "publish");
                    warn!(%error, title_id = id, "What is new to a title cannot be published");
                }
            }
        }
        Ok(report)
    }

    /// Drops the answers whose keys match `pattern`.
    pub async fn clear(&self, pattern: String) -> ClearReport {
        let logical = pattern.strip_prefix(&self.key_prefix).unwrap_or(&pattern);
        let mut removed = 0;
        for pattern in clearing::ours(logical) {
            removed += self.titles.cache().clear_matching(pattern).await;
        }
        ClearReport { pattern, removed }
    }

    /// How the cache is.
    pub async fn cache(&self) -> CacheStatistics {
        CacheStatistics::from(&self.titles.cache().stats().await)
    }

    /// How the service is.
    pub async fn service(&self) -> ServiceStatistics {
        let notifications = match &self.notifications {
            Some(notifications) => notifications.statistics().await,
            None => None,
        };
        ServiceStatistics {
            uptime_seconds: self.health.uptime(),
            requests: self.traffic.requests(),
            cache: self.cache().await,
            catalogue: self.titles.mirror().map(|mirror| CatalogueStatistics::from(mirror.status())),
            notifications,
            websocket: LiveStatistics::from(&self.realtime),
            mirrors: self.titles.client().mirrors().into_iter().map(Mirror::from).collect(),
        }
    }
}
