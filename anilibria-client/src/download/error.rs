//! Why a download failed.

use std::{io, path::PathBuf, time::Duration};

use crate::{Error, model::Quality};

/// Why a download failed.
///
/// Addresses are named by their path alone: hosts change, and queries may be personal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The episode has no stream of that quality or below; it may be on another player only.
    #[error("the episode has no stream of {wanted} or below")]
    NoStream {
        /// The best quality that would have done.
        wanted: Quality,
    },
    /// A file could not be fetched, however often it was tried. What is on disk stays for the next attempt.
    #[error("cannot fetch `{path}`")]
    Fetch {
        /// The path of the file.
        path: String,
        /// The failure of the last attempt.
        #[source]
        source: Error,
    },
    /// The playlist cannot be right.
    #[error("bad playlist `{path}`: {reason}")]
    Playlist {
        /// The path of the playlist.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The stream is in order, but of a kind that is not downloaded.
    #[error("cannot download `{path}`: {feature} is not supported")]
    Unsupported {
        /// The path of the playlist.
        path: String,
        /// What would have to be.
        feature: String,
    },
    /// A segment does not fit its key.
    #[error("cannot decrypt `{path}`: {reason}")]
    Decrypt {
        /// The path of the segment or of its key.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// What came is not a torrent file.
    #[error("`{path}` is not a torrent file")]
    NotATorrent {
        /// The path of the file.
        path: String,
    },
    /// Another download writes to the same file.
    #[error("another download writes to `{}`", .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot write `{}`", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The time set with `deadline` is over. What is on disk stays for the next attempt.
    #[error("not done within {after:?}")]
    Deadline {
        /// The time that was allowed.
        after: Duration,
    },
    /// A setting cannot be right; nothing was fetched.
    #[error("invalid setting `{setting}`: {reason}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl DownloadError {
    /// Whether the same download may succeed later, with nothing changed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Fetch { source, .. } => source.is_transient(),
            Self::Busy { .. } | Self::Deadline { .. } => true,
            _ => false,
        }
    }

    /// Whether a file of the stream is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Fetch { source, .. } if source.is_not_found())
    }
}
