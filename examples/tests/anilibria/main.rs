//! The program `anilibria`, started as a user starts it, offline.
#![expect(clippy::unwrap_used, reason = "a test fails where its helpers do")]

mod account;
mod browse;
mod browser;
mod download;
mod history;
mod output;
mod program;
mod search;
mod service;
mod terminal;
mod watch;
