//! Downloads, from a running sandbox and from servers that serve what a test needs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod failures;
mod forms;
mod playlists;
mod resume;
mod streams;
mod support;
mod torrents;
