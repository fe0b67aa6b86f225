//! Playlists: from their text to the pieces that have to be fetched.
//!
//! The text is read here and not by a parser crate. `m3u8-rs` keeps one key per segment and takes parts of a broken tag
//! for addresses; `hls_m3u8` refuses stray spaces and every playlist of version 8 or higher.

mod keys;
mod reader;
mod tags;
mod variables;

use std::{collections::HashMap, ops::Range};

use url::Url;

pub(super) use self::variables::Variables;

use self::reader::{Fault, Reader};
use super::DownloadError;

/// A playlist that can be downloaded, or leads to one that can.
#[derive(Debug)]
pub(super) enum Playlist {
    /// A choice of streams.
    Master(Master),
    /// One stream.
    Media(Media),
}

/// The streams of a master playlist.
#[derive(Debug)]
pub(super) struct Master {
    pub(super) variants: Vec<Variant>,
    /// Audio groups, with true for those that have a rendition inside of the variants.
    audio_groups: HashMap<String, bool>,
    /// Variables that the playlists of the variants can import.
    pub(super) variables: Variables,
}

/// One stream of a master playlist.
#[derive(Clone, Debug)]
pub(super) struct Variant {
    url: Url,
    /// Bits per second.
    bandwidth: u64,
    /// Height of the picture in lines, if known.
    height: Option<u64>,
    is_audio_only: bool,
    audio_group: Option<String>,
}

/// One stream, from its beginning to its end.
#[derive(Debug)]
pub(super) struct Media {
    /// The parts of the file, in order.
    pub(super) pieces: Vec<Piece>,
    /// Addresses of the keys that the pieces refer to by number.
    pub(super) keys: Vec<Url>,
}

/// A segment, or the initialisation segment before all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) url: Url,
    /// The bytes of the file at `url` that belong to the piece; `None` for all.
    pub(super) range: Option<Range<u64>>,
    pub(super) cipher: Option<Cipher>,
}

/// The encryption of a piece: AES-128 in CBC mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cipher {
    /// Number of the key among the keys of the stream.
    pub(super) key: usize,
    pub(super) iv: [u8; 16],
}

/// Reads the playlist at `url`, which is the address after redirects. `imports` holds the variables of its master
/// playlist, if it has one.
pub(super) fn parse(url: &Url, body: &[u8], imports: Option<&Variables>) -> Result<Playlist, DownloadError> {
    Reader::new(url, imports).read(body).map_err(|fault| fault.at(url))
}

impl Master {
    /// Returns the address of the best stream up to `max_height`, or of the smallest one if all are higher. `url` is the
    /// address of this playlist.
    pub(super) fn choose(&self, url: &Url, max_height: u64) -> Result<&Url, DownloadError> {
        // Among streams with a known height, those without one are usually audio.
        let has_heights = self.variants.iter().any(|variant| variant.height.is_some());
        let has_video =
            |variant: &&Variant| !variant.is_audio_only && (variant.height.is_some() || !has_heights);
        let is_whole = |variant: &Variant| !self.has_separate_audio(variant);
        let fits = |variant: &&Variant| variant.height.is_none_or(|height| height <= max_height);

        let videos = || self.variants.iter().filter(has_video);
        let rank = |variant: &&Variant| (variant.height, is_whole(variant), variant.bandwidth);
        let smallest =
            || videos().min_by_key(|variant| (variant.height, !is_whole(variant), variant.bandwidth));
        match videos().filter(fits).max_by_key(rank).or_else(smallest) {
            None => Err(Fault::unsupported("#EXT-X-STREAM-INF with audio only").at(url)),
            Some(chosen) if !is_whole(chosen) => {
                Err(Fault::unsupported("#EXT-X-MEDIA with the audio in a separate stream").at(url))
            }
            Some(chosen) => Ok(&chosen.url),
        }
    }

    /// Returns true if every rendition of the audio is a separate stream, so that the variant is silent.
    fn has_separate_audio(&self, variant: &Variant) -> bool {
        let group = variant.audio_group.as_ref().and_then(|group| self.audio_groups.get(group));
        group.is_some_and(|has_rendition_inside| !has_rendition_inside)
    }
}

#[cfg(test)]
mod tests;
