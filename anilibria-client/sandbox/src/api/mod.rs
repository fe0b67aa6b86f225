//! The operations of the API: a file per path prefix, each with its table of routes.

mod accounts;
mod catalog;
mod filter;
mod franchises;
mod genres;
mod media;
mod ratings;
mod references;
mod releases;
mod rss;
mod schedule;
mod search;
mod status;
mod teams;
mod timecodes;
mod torrent_file;
mod torrents;

use super::operation::Route;

/// The routes of every group. A new group is one more file and one more line here.
pub(crate) static GROUPS: [&[Route]; 23] = [
    releases::ROUTES,
    catalog::ROUTES,
    references::ROUTES,
    genres::ROUTES,
    franchises::ROUTES,
    schedule::ROUTES,
    // Before the single torrents, of which one could be named like the feed.
    rss::ROUTES,
    torrents::ROUTES,
    torrent_file::ROUTES,
    search::ROUTES,
    status::ROUTES,
    media::ROUTES,
    teams::ROUTES,
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
