//! Errors of downloads.

use std::{io, path::PathBuf, time::Duration};

use crate::{Error, model::Quality};

/// Errors returned by downloads.
///
/// Messages contain paths only: hosts change, and queries may be personal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The episode has no stream of that quality or below. It may be on another player only.
    #[error("the episode has no stream of {wanted} or below")]
    NoStream {
        /// The requested quality.
        wanted: Quality,
    },
    /// A file could not be fetched, after all retries. Complete segments are kept for the next attempt.
    #[error("cannot fetch `{path}`")]
    Fetch {
        /// The path of the file.
        path: String,
        /// The failure of the last attempt.
        #[source]
        source: Error,
    },
    /// The playlist is invalid.
    #[error("invalid playlist `{path}`: {reason}")]
    Playlist {
        /// The path of the playlist.
        path: String,
        /// The reason.
        reason: String,
    },
    /// The stream is valid, but cannot be saved correctly.
    #[error("cannot download `{path}`: {feature} is not supported")]
    Unsupported {
        /// The path of the playlist.
        path: String,
        /// The missing feature, with the tag that needs it.
        feature: String,
    },
    /// A segment or a key could not be decrypted.
    #[error("cannot decrypt `{path}`: {reason}")]
    Decrypt {
        /// The path of the segment or of its key.
        path: String,
        /// The reason.
        reason: &'static str,
    },
    /// The response is not a torrent file.
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
    /// An error of the file system.
    #[error("cannot write `{}`", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The time set with `deadline` is over. Complete segments are kept for the next attempt.
    #[error("not done within {after:?}")]
    Deadline {
        /// The deadline.
        after: Duration,
    },
    /// A setting is invalid. Nothing was fetched.
    #[error("invalid setting `{setting}`: {reason}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// The reason.
        reason: &'static str,
    },
}

impl DownloadError {
    /// Returns true if the same download may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Fetch { source, .. } => source.is_transient(),
            Self::Busy { .. } | Self::Deadline { .. } => true,
            _ => false,
        }
    }

    /// Returns true if a file of the stream does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Fetch { source, .. } if source.is_not_found())
    }
}
