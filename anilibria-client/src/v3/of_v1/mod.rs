//! Conversions from the objects of API v1 to those of v3.

#[cfg(all(feature = "reflector", not(target_arch = "wasm32")))]
mod entry;
mod label;
mod release;
mod torrent;
mod user;
mod video;
mod words;

#[cfg(all(feature = "reflector", not(target_arch = "wasm32")))]
pub use self::entry::release_of;
pub use self::{
    release::{Mapping, week},
    torrent::size_in_words,
    words::season,
};
