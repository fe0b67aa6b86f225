//! What the AniLibria service tells by itself, over its WebSocket: new episodes, new releases, changes of either.
//!
//! The service (the `anilibria-server` of this workspace) watches the catalog for all of its clients, and tells each
//! within a second what it asked for: everything of some [kinds](Kind), or all about some releases. A [`Live`] stream
//! keeps such a connection through bad days. Where there is no such service, the [watcher](crate::watch) finds the
//! same changes by asking AniLibria itself, less promptly.
//!
//! ```
//! # #[cfg(feature = "sandbox")]
//! # anilibria_client::offline(|_| async move {
//! use anilibria_client::live::{Event, Kind, Live};
//! use futures::StreamExt;
//!
//! # let service = anilibria_client::sandbox::live::StandIn::start().await.expect("a free port");
//! # let (url, saved) = (service.url(), service.last_event_id());
//! let mut live = Live::builder(url).kinds([Kind::NewEpisode]).follow(9000).since(saved).build()?;
//! let subscriptions = live.subscriptions();
//!
//! # service.new_episode(7, 3.0, "A name");
//! while let Some(event) = live.next().await {
//!     match event {
//!         Ok(Event::NewEpisode(event)) => {
//!             println!("{}: episode {}", event.title.as_deref().unwrap_or("?"), event.ordinal);
//!             subscriptions.follow(event.release_id)?; // from now on also what changes in it
//!         }
//!         Ok(Event::Missed { .. }) => println!("changes were missed: read everything anew"),
//!         Ok(_) => {}
//!         Err(error) => eprintln!("{error}; trying again"),
//!     }
//!     let saved = live.cursor(); // where to go on after a restart
//! #   assert!(saved.is_some());
//! #   break;
//! }
//! # Ok(())
//! # });
//! ```

mod builder;
mod catalog_event;
mod event;
mod message;
mod replay_buffer;
mod run;
mod session;
mod stream;
mod subscriptions;

pub use self::{
    builder::LiveBuilder,
    catalog_event::CatalogEvent,
    event::{EpisodeChange, Event, EventId, Kind, NewRelease, StatusChange, UnknownEvent},
    stream::Live,
    subscriptions::Subscriptions,
};
