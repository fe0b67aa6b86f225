//! A local copy of the whole catalog in memory: filters, sorting and search without requests.
//!
//! A [`Reflector`] reads all releases once, and then only the changes. [`Reflector::catalog`] returns a [`Catalog`], an
//! immutable snapshot behind an `Arc`.
//!
//! A release that cannot be decoded does not fail a load. It keeps its previous entry, and is read again until it can be
//! decoded. It is logged at level `warn` with its id and the JSON path, once per id and path.
//!
//! ```
//! # anilibria_client::offline(|client| async move {
//! use anilibria_client::{model::ReleaseStatus, reflector::Sort};
//!
//! let reflector = client.reflector().unpaced().build();
//! reflector.load().await?;
//!
//! let catalog = reflector.catalog();
//! let best = catalog.query().statuses([ReleaseStatus::Completed]).sort(Sort::Rating).limit(5).find();
//! for entry in best.items {
//!     println!("{} {:?}", entry.name, entry.rating);
//! }
//! # Ok(())
//! # });
//! ```

mod catalog;
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
    catalog::Catalog,
    difference::{Difference, differences},
    entry::{CatalogEntry, PosterPaths},
    episode::EpisodeEntry,
    member::MemberEntry,
    order::{Order, Sort},
    part::CatalogPart,
    query::{Found, Query},
    run::{Reflector, ReflectorBuilder},
    torrent::TorrentEntry,
};
