//! The API of old clients of the site: version 1 as the site's old service had it, and the routes that the site's player
//! calls.

mod answer;
mod api;
mod key;
mod params;
mod paths;
mod problem;
mod query;
mod references;
mod select;
mod service;
mod sync;
mod title;
mod video;

use anilibria_http::router::RouteTable;
use poem_openapi::OpenApi;

pub use self::{
    answer::Answer,
    paths::{OldPaths, lead_to_v2},
    problem::response,
    query::ListQuery,
    service::Legacy,
};
use self::{api::LegacyApi, paths::PREFIXES, sync::SyncApi, video::VideoApi};
use crate::{auth::Services, config::LegacyConfig, health::Health, titles::Titles};

/// Returns the routes that `config` enables. Routes that change something require a token of one of `services`, and are
/// missing if there are none.
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
            table.extend(below(prefix, LegacyApi::new(legacy.clone())));
            if let Some(services) = services {
                table.extend(services.attach_to(below(prefix, SyncApi::new(legacy.clone()))));
            }
        }
    }
    table
}

fn below(prefix: &str, routes: impl OpenApi) -> RouteTable {
    let mut table = RouteTable::new();
    routes.add_routes(&mut table);
    table.into_iter().map(|(path, methods)| (format!("{prefix}{path}"), methods)).collect()
}
