//! Compatibility with old clients of the site: API v1 as the site's previous service had it, and the routes of the site's
//! player.

mod api;
mod key;
mod params;
mod paths;
mod problem;
mod query;
mod references;
mod response;
mod selection;
mod service;
mod title;
mod title_sync;
mod video;

use anilibria_http::router::RouteTable;
use poem_openapi::OpenApi;

use self::{api::LegacyApi, paths::PREFIXES, title_sync::SyncApi, video::VideoApi};
pub use self::{
    paths::{LegacyPaths, route_to_v2},
    problem::error_response,
    query::ListQuery,
    response::LegacyResponse,
    service::Legacy,
};
use crate::{auth::Services, config::LegacyConfig, health::Health, titles::Titles};

/// Returns the routes that `config` enables. Routes that refresh titles require a token of one of `services`; without services
/// there are no such routes.
pub fn table(
    config: LegacyConfig,
    titles: &Titles,
    health: &Health,
    services: Option<&Services>,
) -> RouteTable {
    let legacy = Legacy::new(titles.clone(), health.clone());
    let mut table = RouteTable::new();
    if config.video_helper_enabled {
        VideoApi::new(legacy.clone()).add_routes(&mut table);
    }
    if config.legacy_v1_enabled {
        for prefix in PREFIXES {
            table.extend(nest(prefix, LegacyApi::new(legacy.clone())));
            if let Some(services) = services {
                table.extend(services.attach_to(nest(prefix, SyncApi::new(legacy.clone()))));
            }
        }
    }
    table
}

/// Returns `routes` with `prefix` before their paths.
fn nest(prefix: &str, routes: impl OpenApi) -> RouteTable {
    let mut table = RouteTable::new();
    routes.add_routes(&mut table);
    table.into_iter().map(|(path, methods)| (format!("{prefix}{path}"), methods)).collect()
}
