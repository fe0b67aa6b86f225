//! API v3 of AniLibria on top of API v1 of AniLiberty. Clients of the old service can use it at another host.

pub mod changes;
pub mod events;
pub mod feed_document;
pub mod host;
pub mod order;
pub mod paging;
pub mod path;
pub mod projection;
pub mod query;
pub mod socket;

mod account;
mod address;
mod advanced_search;
mod bencode;
mod cors;
mod description;
mod feed;
mod franchises;
mod gateway;
mod included_files;
mod key;
mod list;
mod operation;
mod options;
mod parameters;
mod problem;
mod quota;
mod reference_data;
mod render_titles;
mod rendered_response;
mod schedule;
mod search;
mod selection;
mod session_cookie;
mod sessions;
mod shape;
mod site;
mod title;
mod title_ref;
mod torrent_feed;
mod work_pool;

use std::time::Duration;

use anilibria_http::{problem::Problem, router::RouteTable};
use poem::EndpointExt as _;

pub use self::{
    address::{Addresses, Dialect, ErrorFormat},
    gateway::Gateway,
    options::{DialectSelection, GatewayOptions},
    sessions::Sessions,
};
use self::{
    address::{LATEST, NUMBERED},
    operation::{Operation, OperationEndpoint, SitePage, SitePageEndpoint},
};

/// `Retry-After` of responses when the store of sessions is unavailable.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Returns all routes of `gateway`.
pub fn table(gateway: &Gateway) -> RouteTable {
    let mut table = RouteTable::new();
    for prefix in [LATEST, NUMBERED] {
        let dialect = Dialect::of_prefix(prefix, gateway.options.dialect);
        for operation in Operation::ALL {
            let (method, paths) = operation.route();
            for path in paths {
                let endpoint = OperationEndpoint { gateway: gateway.clone(), operation, dialect };
                let methods = table.entry(format!("{prefix}{path}")).or_default();
                methods.insert(method.clone(), endpoint.boxed());
            }
        }
    }
    for page in SitePage::ALL {
        let (method, path) = page.route();
        let endpoint = SitePageEndpoint { gateway: gateway.clone(), page };
        table.entry(path.to_owned()).or_default().insert(method, endpoint.boxed());
    }
    table
}

/// Returns the problem for an unavailable store of sessions.
fn unavailable(cause: anilibria_cache::Error) -> Problem {
    Problem::Unavailable { retry_after: RETRY_AFTER, cause: cause.into() }
}
