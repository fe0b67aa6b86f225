//! Operations of the API. One file per path prefix, each with a table of its routes.

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

/// Routes of all groups. A new group needs a file and a line here.
pub(crate) static GROUPS: [&[Route]; 23] = [
    releases::ROUTES,
    catalog::ROUTES,
    references::ROUTES,
    genres::ROUTES,
    franchises::ROUTES,
    schedule::ROUTES,
    // Before the routes of single torrents: `rss` would match as the id of a torrent.
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
