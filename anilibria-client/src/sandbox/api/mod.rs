//! The operations of the API: a file per path prefix, each with its table of routes.

mod catalog;
mod franchises;
mod genres;
mod references;
mod releases;
mod schedule;
mod search;
mod status;
mod torrents;

use super::router::Route;

/// The routes of every group. A new group is one more file and one more line here.
pub(crate) static GROUPS: [&[Route]; 9] = [
    releases::ROUTES,
    catalog::ROUTES,
    references::ROUTES,
    genres::ROUTES,
    franchises::ROUTES,
    schedule::ROUTES,
    torrents::ROUTES,
    search::ROUTES,
    status::ROUTES,
];
