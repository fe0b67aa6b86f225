//! The whole catalogue in memory: filters, every order and search without asking the service.
//!
//! A [`Reflector`] reads all releases once and then only what has changed. What it has is a [`Catalogue`], an
//! immutable snapshot that costs an atomic to take and stays as it is while it is held.
//!
//! ```
//! # anilibria_client::offline(|client| async move {
//! use anilibria_client::{model::ReleaseStatus, reflector::Sort};
//!
//! let reflector = client.reflector().unpaced().build();
//! reflector.load().await?;
//!
//! let catalogue = reflector.catalogue();
//! let best = catalogue.query().statuses([ReleaseStatus::Completed]).sort(Sort::Rating).limit(5).find();
//! for entry in best.items {
//!     println!("{} {:?}", entry.name, entry.rating);
//! }
//! # Ok(())
//! # });
//! ```

mod catalogue;
mod compact;
mod difference;
mod entry;
mod episode;
mod member;
mod order;
mod part;
mod query;
mod read;
mod run;
mod search;
mod torrent;

pub use self::{
    catalogue::Catalogue,
    difference::{Difference, differences},
    entry::{CatalogueEntry, PosterPaths},
    episode::EpisodeEntry,
    member::MemberEntry,
    order::{Order, Sort},
    part::CataloguePart,
    query::{Found, Query},
    run::{Reflector, ReflectorBuilder},
    torrent::TorrentEntry,
};
