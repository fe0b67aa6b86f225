//! The watcher over HTTP: the events of what the sandbox publishes, and where it goes on after a restart.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod errors;
mod ground;
mod news;
mod restart;
