//! One download: playlist → pieces in order → file.

use std::{fmt::Write as _, path::Path};

use futures::{StreamExt, TryStreamExt, stream};
use url::Url;
use uuid::Uuid;

use super::{
    DownloadError, Progress,
    address::path_of,
    fetch::{Fetcher, StreamKey},
    output::{Identity, Output},
    playlist::{self, Media, Playlist},
};
use crate::client::MediaFile;

/// A callback that receives the progress of a download.
pub(super) type OnProgress = dyn Fn(Progress) + Send + Sync;

/// The result of a finished stream.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) segments: usize,
    pub(super) resumed: usize,
    pub(super) bytes: u64,
}

/// Returns the stream at `url`: the playlist itself, or the one that a master playlist has for `max_height`.
pub(super) async fn open(fetcher: &Fetcher, url: &Url, max_height: u64) -> Result<Media, DownloadError> {
    let MediaFile { url, body } = fetcher.playlist(url).await?;
    let master = match playlist::parse(&url, &body, None)? {
        Playlist::Media(media) => return Ok(media),
        Playlist::Master(master) => master,
    };
    let MediaFile { url, body } = fetcher.playlist(master.choose(&url, max_height)?).await?;
    match playlist::parse(&url, &body, Some(&master.variables))? {
        Playlist::Media(media) => Ok(media),
        // HLS has one level of master playlists; more of them could form a circle.
        Playlist::Master(_) => Err(DownloadError::Playlist {
            path: path_of(&url),
            reason: "a master playlist leads to another one".to_owned(),
        }),
    }
}

/// Writes `media` to the file at `target`.
pub(super) async fn save(
    fetcher: &Fetcher,
    media: Media,
    target: &Path,
    parallel: usize,
    on_progress: Option<&OnProgress>,
) -> Result<Finished, DownloadError> {
    let identity = identity(&media);
    let Media { pieces, keys } = media;
    let keys: Vec<_> = keys.into_iter().map(StreamKey::new).collect();
    let total = pieces.len();
    let mut output = Output::open(target, identity, total).await?;
    if let Some(last) = output.unconfirmed().and_then(|last| pieces.get(last)) {
        let last = fetcher.piece(last, &keys).await?;
        output.confirm(&last).await?;
    }
    let resumed = output.pieces();
    let report = |output: &Output| {
        if let Some(on_progress) = on_progress {
            on_progress(Progress { segments: output.pieces(), total_segments: total, bytes: output.bytes() });
        }
    };
    report(&output);

    // The futures own their pieces: a stream that borrows them could not be sent to another thread.
    let keys = &keys;
    let fetch = move |piece| async move { fetcher.piece(&piece, keys).await };
    let coming = pieces.into_iter().skip(resumed).map(fetch);
    // In order, so that an interrupted file is a beginning of the whole one.
    let mut arriving = stream::iter(coming).buffered(parallel);
    while let Some(piece) = arriving.try_next().await? {
        output.append(&piece).await?;
        report(&output);
    }
    drop(arriving);

    let bytes = output.bytes();
    output.finish().await?;
    Ok(Finished { segments: total, resumed, bytes })
}

/// Returns the identity of a stream. Hosts and queries differ between calls for the same stream, and may be all that
/// differs between two formats of one episode, so that they are kept apart from the paths.
fn identity(media: &Media) -> Identity {
    let (mut paths, mut addresses) = (String::new(), String::new());
    for piece in &media.pieces {
        let key = piece.cipher.as_ref().and_then(|cipher| media.keys.get(cipher.key));
        let iv = piece.cipher.as_ref().map(|cipher| cipher.iv);
        // Writing to a string cannot fail.
        let _ = writeln!(paths, "{} {:?} {:?} {iv:?}", piece.url.path(), piece.range, key.map(Url::path));
        let _ = writeln!(addresses, "{} {:?}", piece.url, key.map(Url::as_str));
    }
    let digest = |text: &str| Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes());
    Identity { stream: digest(&paths), addresses: digest(&addresses) }
}
