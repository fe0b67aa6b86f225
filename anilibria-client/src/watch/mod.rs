//! Watching for changes: new episodes, new releases, changes of either, as a stream that never ends.
//!
//! The service tells nothing by itself, so the watcher asks for the latest releases now and then and compares them
//! with what it knows. All judgement is in [`diff`], a function without clock and network; the stream adds time.
//! What it knows is a [`Cursor`], small enough to be saved after each event: a watcher that goes on from it after a
//! restart loses nothing and tells nothing twice.
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
//!         Ok(Event::Resync) => println!("changes may have been missed: read everything anew"),
//!         Ok(_) => {}
//!         Err(error) => eprintln!("{error}; trying again"),
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
mod fingerprint;
pub(crate) mod head;
mod pace;
mod poll;
mod spans;

pub use self::{builder::WatchBuilder, cursor::Cursor, diff::diff, event::Event, events::Events};
