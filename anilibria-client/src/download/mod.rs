//! Downloads of episodes and torrent files.
//!
//! **Prefer torrents.** AniLibria asks programs not to download whole series from the stream hosts, which serve viewers.
//! Torrents have better quality and are made for this: [`Torrent::magnet_link`](crate::model::Torrent::magnet_link) returns
//! a link for torrent programs, and [`Downloads::torrent`] saves the torrent file. Use the download of a stream for single
//! episodes. It is limited on purpose: by default to two segments at the same time and two per second.
//!
//! ```no_run
//! use anilibria_client::{Client, model::Quality};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new()?;
//! let release = client.releases().get(9000).await?;
//! let Some(episode) = release.episodes.iter().flatten().next() else { return Ok(()) };
//!
//! let downloaded = client
//!     .download()
//!     .episode(episode)
//!     .quality(Quality::Hd)
//!     .progress(|progress| println!("{} of {}", progress.segments, progress.total_segments))
//!     .to_file("episode.ts")
//!     .await?;
//! println!("{} bytes in {}", downloaded.bytes, downloaded.quality);
//! # Ok(()) }
//! ```
//!
//! # On disk
//!
//! Segments are appended to `episode.ts.part`; `episode.ts.part.state` holds how many of them are complete. A download that
//! failed or was cancelled (its future dropped) resumes when it is started again with the same path. If the stream has
//! other addresses than before, the last kept segment is fetched again and compared; the download resumes if it is the
//! same and starts from the beginning if it differs. At the end the file gets its name in one step and the state is
//! removed. Nothing else is written, whatever a playlist contains.
//!
//! # Supported streams
//!
//! Recorded HLS streams of whole segments or byte ranges, plain or encrypted with AES-128, with or without an
//! initialisation segment (`#EXT-X-MAP`), with variables (`#EXT-X-DEFINE`) and discontinuities. The file is the
//! concatenation of the segments: MPEG-TS as a rule, fragmented MP4 if there is an initialisation segment. Relative
//! addresses are resolved against the address of the playlist after redirects.
//!
//! Everything else is refused with [`DownloadError::Unsupported`], which names the tag: live streams, other encryption
//! (`#EXT-X-KEY` with SAMPLE-AES, or without a key of the format `identity`), audio in a separate stream
//! (`#EXT-X-MEDIA`), an initialisation segment that changes, missing segments (`#EXT-X-GAP`). A stream of audio only is
//! never chosen.
//!
//! A playlist may have 1 MiB and 20,000 segments.
//!
//! Files are fetched without credentials, cookies and `Referer`. Redirects are followed, also to other hosts.

mod address;
mod decrypt;
mod episode;
mod error;
mod fetch;
mod output;
mod playlist;
mod settings;
mod speed_limit;
mod stream;
mod torrent;

pub use self::{
    episode::{DownloadEpisode, Downloaded, Progress},
    error::DownloadError,
    speed_limit::SpeedLimit,
};

group! {
    /// Downloads of episodes and torrent files; see the [module](crate::download) on when to use them.
    Downloads, download
}

#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
impl Downloads<crate::blocking::Runtime> {
    /// Splits the group from the runtime that runs its downloads.
    pub(crate) fn parts(&self) -> (Downloads, &crate::blocking::Runtime) {
        (self.client.download(), &self.runtime)
    }
}

/// Parses a playlist and returns the number of its pieces or streams. For fuzzing; not part of the API.
#[doc(hidden)]
pub fn read_playlist(url: &url::Url, body: &[u8]) -> Result<usize, DownloadError> {
    playlist::parse(url, body, None).map(|playlist| match playlist {
        playlist::Playlist::Master(master) => master.variants.len(),
        playlist::Playlist::Media(media) => media.pieces.len(),
    })
}
