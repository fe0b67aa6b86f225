//! A watcher: new episodes, new releases and changes of either, as a stream that never ends.
//!
//! The service has no event for most changes, so the watcher polls the latest releases and compares them with their known
//! state. [`diff`] is the comparison, a function without clock and network; the stream adds time. The known state is a
//! [`Cursor`], small enough to be saved after each event: a watcher that continues from it after a restart loses no
//! change and yields none twice.
//!
//! A release that cannot be decoded is logged at level `warn` with its id and the JSON path, once per id and path. It does
//! not stop the watcher, and it is read again until it can be decoded.
//!
//! ```
//! # anilibria_client::offline(|client| async move {
//! use anilibria_client::watch::Event;
//! use futures::{StreamExt, future::Either};
//!
//! let mut events = client.watch().events();
//!
//! # let deadline = std::pin::pin!(tokio::time::sleep(std::time::Duration::from_millis(10)));
//! # let watching = std::pin::pin!(async {
//! while let Some(event) = events.next().await {
//!     match event {
//!         Ok(Event::NewEpisode { release, episode }) => println!("{} {}", release.name.main, episode.ordinal),
//!         Ok(Event::Resync) => println!("changes may have been missed: read everything again"),
//!         Ok(_) => {}
//!         Err(error) => eprintln!("{error}; the watcher retries"),
//!     }
//! }
//! # });
//! # futures::future::select(deadline, watching).await;
//! # Ok(())
//! # });
//! ```

mod builder;
mod cursor;
mod diff;
mod event;
mod events;
mod expect;
pub(crate) mod fetcher;
mod fingerprint;
pub(crate) mod head;
mod pace;
mod poll;
mod scope;
mod spans;

pub use self::{
    builder::WatchBuilder,
    cursor::Cursor,
    diff::diff,
    event::{Event, EventKind},
    events::Events,
};
