//! The program `anilibria`, started as a user starts it, offline.
#![allow(clippy::unwrap_used, reason = "a test fails where its helpers do")]

mod browser;
mod program;
mod search;
mod terminal;
