//! Episodes and torrent files to disk.
//!
//! **Torrents first, please.** The people who run AniLibria ask programs not to fetch whole series from the hosts of the
//! streams, which are there for viewers: torrents are meant for that, come in better quality, and help others while they
//! come. [`Torrent::magnet_link`](crate::model::Torrent::magnet_link) gives a link for any torrent program,
//! [`Downloads::torrent`] its file. The download of a stream is for the one episode that is wanted on a train, and is slow
//! on purpose: two segments at a time and two a second, unless told otherwise.
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
//! Segments are appended to `episode.ts.part`; `episode.ts.part.state` tells how much of it counts. A download that was
//! cancelled (its future dropped), or failed, goes on where it was when it is asked for again with the same path; if the
//! stream has changed meanwhile it begins anew. At the end the file gets its name in one step, and the state goes.
//! Nothing else is ever written, whatever a playlist says.
//!
//! # What is understood
//!
//! Recorded HLS streams of whole segments or byte ranges, plain or encrypted with AES-128, with or without an
//! initialisation segment. The file is what the segments are, one after the other: MPEG-TS as a rule, fragmented MP4
//! where there is an initialisation segment. Live streams, SAMPLE-AES, sound in a stream of its own and the like are
//! refused with [`DownloadError::Unsupported`].
//!
//! A playlist may have 1 MiB and 20,000 segments.

mod address;
mod decrypt;
mod episode;
mod error;
mod fetch;
mod output;
mod pace;
mod playlist;
mod screen;
mod settings;
mod stream;
mod torrent;

pub use self::{
    episode::{DownloadEpisode, Downloaded, Progress},
    error::DownloadError,
    pace::SpeedLimit,
};

group! {
    /// Downloads of episodes and torrent files; see the [module](crate::download) on when to use them.
    Downloads, download
}

/// Reads a playlist as a download does and tells how many pieces or streams it has. For fuzzing; not part of the API.
#[doc(hidden)]
pub fn read_playlist(url: &url::Url, body: &[u8]) -> Result<usize, DownloadError> {
    playlist::parse(url, body).map(|playlist| match playlist {
        playlist::Playlist::Master(variants) => variants.len(),
        playlist::Playlist::Media(media) => media.pieces.len(),
    })
}
