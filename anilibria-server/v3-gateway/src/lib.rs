//! API v3 of AniLibria on top of API v1 of AniLiberty. Clients of the old service can use it at another host.

pub mod changes;
pub mod feed_document;
pub mod host;
pub mod news;
pub mod order;
pub mod paging;
pub mod path;
pub mod projection;
pub mod query;
pub mod socket;

mod account;
mod address;
mod advanced;
mod answer;
mod ask;
mod bencode;
mod charge;
mod description;
mod feed;
mod franchises;
mod gateway;
mod include;
mod key;
mod list;
mod many;
mod names;
mod operation;
mod options;
mod problem;
mod readers;
mod references;
mod rss;
mod schedule;
mod search;
mod selection;
mod session_cookie;
mod sessions;
mod shape;
mod site;
mod title;
mod work_pool;

use std::time::Duration;

use anilibria_http::{problem::Problem, router::RouteTable};
use poem::EndpointExt as _;

pub use self::{
    address::{Addresses, Dialect, Form},
    gateway::Gateway,
    options::{Dialects, GatewayOptions},
    sessions::Sessions,
};
use self::{
    address::{LIVE, NUMBERED},
    operation::{Door, Entrance, Operation, SitePage},
};

/// `Retry-After` of responses when the store of sessions is unavailable.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Returns all routes of `gateway`.
pub fn table(gateway: &Gateway) -> RouteTable {
    let mut table = RouteTable::new();
    for prefix in [LIVE, NUMBERED] {
        let dialect = Dialect::at(prefix, gateway.options.dialects);
        for operation in Operation::ALL {
            let (method, paths) = operation.route();
            for path in paths {
                let entrance = Entrance { gateway: gateway.clone(), operation, dialect };
                let methods = table.entry(format!("{prefix}{path}")).or_default();
                methods.insert(method.clone(), entrance.boxed());
            }
        }
    }
    for page in SitePage::ALL {
        let (method, path) = page.route();
        let door = Door { gateway: gateway.clone(), page };
        table.entry(path.to_owned()).or_default().insert(method, door.boxed());
    }
    table
}

/// Returns the problem for an unavailable store of sessions.
fn unavailable(cause: anilibria_cache::Error) -> Problem {
    Problem::Unavailable { retry_after: RETRY_AFTER, cause: cause.into() }
}
