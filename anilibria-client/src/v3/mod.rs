//! AniLibria's old API v3: a client, its models, and conversions from the models of AniLiberty API v1.
//!
//! The old service was switched off in 2025. A gateway still answers its calls with data of API v1: the `anilibria-server` of
//! this workspace, or another. A [`Client`] therefore needs the URL of a gateway.
//!
//! ```
//! # anilibria_client::v3::offline(|client| async move {
//! use anilibria_client::model::Quality;
//!
//! // let client = anilibria_client::v3::Client::new("https://gateway.example")?;
//! let title = client.title(7).await?;
//! println!("{} ({:?})", title.names.ru, title.season.year);
//! for episode in title.player.list.as_slice() {
//!     println!("{}: {:?}", episode.episode, title.player.stream_url(Quality::Hd, episode));
//! }
//!
//! let updates = client.updates().limit(10).await?;
//! assert_eq!(updates.list.len(), 10);
//! # Ok(())
//! # });
//! ```
//!
//! A gateway of your own can use the conversions:
//!
//! ```
//! # anilibria_client::offline(|client| async move {
//! use anilibria_client::v3::Mapping;
//!
//! let release = client.releases().get(7).await?;
//! let title = Mapping::new(&release).title();
//!
//! assert_eq!((title.id, &title.code), (release.id, &release.alias));
//! # Ok(())
//! # });
//! ```

pub mod calls;
mod client;
#[cfg(not(target_arch = "wasm32"))]
mod events;
pub(crate) mod from_v1;
#[cfg(all(feature = "sandbox", not(target_arch = "wasm32")))]
mod gateway;
pub mod model;
pub(crate) mod pages;
mod params;
mod query;
mod session;
mod wire;

#[cfg(not(target_arch = "wasm32"))]
pub use self::events::*;
#[cfg(all(feature = "reflector", not(target_arch = "wasm32")))]
pub use self::from_v1::release_of;
#[cfg(all(feature = "sandbox", not(target_arch = "wasm32")))]
pub use self::gateway::{SandboxGateway, example, offline};
pub use self::{
    client::{Client, ClientBuilder},
    from_v1::Mapping,
    pages::PageStream,
    params::{
        DescriptionType, GenreOrder, Include, PlaylistType, RssType, SeedStatsOrder, SortDirection, TitleRef,
    },
    query::{Expression, Query, exists, is_empty, key, null},
    session::Session,
};
