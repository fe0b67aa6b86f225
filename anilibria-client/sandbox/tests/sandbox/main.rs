//! Tests of the sandbox, in the process and over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod ask;
mod catalog;
mod changes;
mod conformance;
mod control;
mod determinism;
mod errors;
mod faults;
mod favorites;
mod franchises;
mod genres;
mod media;
mod pages;
mod projection;
mod refusals;
mod releases;
mod schedule;
mod search;
mod server;
mod shapes;
mod size;
mod storage;
mod torrent_files;
mod torrents;
mod views;
