//! Events of an AniLibria service over its WebSocket: new episodes, new releases, and their changes.
//!
//! The service is `anilibria-server` of this workspace. It watches the catalog for all of its clients and sends each event
//! within a second to the clients that subscribed: to [kinds](Kind) of events of all releases, or to all events of some
//! releases. A [`Live`] stream reconnects and resumes by itself.
//!
//! Without such a service, the [watcher](crate::watch) finds the same changes by polling AniLibria, with a longer delay.
//!
//! ```
//! # #[cfg(feature = "sandbox")]
//! # anilibria_client::offline(|_| async move {
//! use anilibria_client::live::{Event, Kind, Live};
//! use futures::StreamExt;
//!
//! # let service = anilibria_client::sandbox::live::LiveSandbox::start().await.expect("a free port");
//! # let (url, saved) = (service.url(), service.last_event_id());
//! let mut live = Live::builder(url).kinds([Kind::NewEpisode]).follow(9000).since(saved).build()?;
//! let subscriptions = live.subscriptions();
//!
//! # service.new_episode(7, 3.0, "A name");
//! while let Some(event) = live.next().await {
//!     match event {
//!         Ok(Event::NewEpisode(event)) => {
//!             println!("{}: episode {}", event.title.as_deref().unwrap_or("?"), event.ordinal);
//!             subscriptions.follow(event.release_id)?; // also receive its changes
//!         }
//!         Ok(Event::Missed { .. }) => println!("events were missed: reload everything"),
//!         Ok(_) => {}
//!         Err(error) => eprintln!("{error}; reconnecting"),
//!     }
//!     let saved = live.cursor(); // pass it to `since` after a restart
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
