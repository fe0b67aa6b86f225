//! Conversions from the objects of API v1 to those of v3.

#[cfg(all(feature = "reflector", not(target_arch = "wasm32")))]
mod entry;
mod labels;
mod release;
mod torrent;
mod torrent_label;
mod user;
mod video;

#[cfg(all(feature = "reflector", not(target_arch = "wasm32")))]
pub use self::entry::release_of;
pub use self::{
    labels::season,
    release::{Mapping, week},
    torrent::format_size,
};
