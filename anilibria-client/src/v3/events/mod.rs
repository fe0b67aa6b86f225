//! Events of a v3 service over its WebSocket: changes of titles, playlists and torrents, and new episodes.
//!
//! [`Events`] is a stream. [`Handlers`] call a function for each type of event.
//!
//! ```
//! # anilibria_client::v3::example(|gateway, client| async move {
//! use anilibria_client::v3::{Event, Subscription};
//! use futures::StreamExt;
//! use serde_json::json;
//!
//! let of_2022 = Subscription::new(json!({"data": {"title": {"season": {"year": 2022}}}}));
//! # let of_2022 = Subscription::new(json!({"type": "*"}));
//! let mut events = client.events().subscribe(of_2022).build()?;
//! # let mut count = 0;
//! while let Some(event) = events.next().await {
//!     match event {
//!         Ok(Event::TitleEpisode(new)) => println!("{}: {}", new.title.names.ru, new.episode.episode),
//!         Ok(_) => {}
//!         Err(error) => eprintln!("{error}"),
//!     }
//! #   count += 1;
//! #   if count == 2 { break }
//! }
//! # drop(gateway);
//! # Ok(())
//! # });
//! ```

mod builder;
mod event;
mod handlers;
mod message;
mod new_episode;
mod run;
mod stream;
mod subscriptions;

pub use self::{
    builder::{EventsBuilder, ReconnectPolicy},
    event::{
        Connect, EncodeEnd, EncodeFinish, EncodeProgress, EncodeStart, Event, EventData, PlaylistUpdate,
        Subscribed, TitleEpisode, TitleUpdate, TorrentUpdate, UnknownEvent,
    },
    handlers::{Handlers, Outcome},
    new_episode::EpisodeRule,
    stream::Events,
    subscriptions::{Subscription, SubscriptionId, Subscriptions},
};
