//! The operations of the API: a file per path prefix, each with its table of routes.

mod accounts;
mod catalog;
mod filter;
mod franchises;
mod genres;
mod ratings;
mod references;
mod releases;
mod schedule;
mod search;
mod status;
mod timecodes;
mod torrents;

use super::router::Route;

/// The routes of every group. A new group is one more file and one more line here.
pub(crate) static GROUPS: [&[Route]; 19] = [
    releases::ROUTES,
    catalog::ROUTES,
    references::ROUTES,
    genres::ROUTES,
    franchises::ROUTES,
    schedule::ROUTES,
    torrents::ROUTES,
    search::ROUTES,
    status::ROUTES,
    timecodes::ROUTES,
    ratings::ROUTES,
    accounts::AUTH,
    accounts::OTP,
    accounts::PASSWORD,
    accounts::SOCIAL,
    accounts::PROFILE,
    accounts::FAVORITES,
    accounts::COLLECTIONS,
    accounts::VIEWS,
];
