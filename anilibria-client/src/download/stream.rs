//! The road of a download: playlist → plan → pieces in order → file.

use std::{fmt::Write as _, path::Path};

use futures::{StreamExt, TryStreamExt, stream};
use url::Url;
use uuid::Uuid;

use super::{
    DownloadError, Progress,
    address::path_of,
    fetch::{Fetcher, StreamKey},
    output::Output,
    playlist::{self, Media, Piece, Playlist},
};

/// Whom to tell how far a download is.
pub(super) type OnProgress = dyn Fn(Progress) + Send + Sync;

/// What a finished stream came to.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) segments: usize,
    pub(super) resumed: usize,
    pub(super) bytes: u64,
}

/// The stream behind `url`: its own playlist, or the one that a master playlist has for `max_height`.
pub(super) async fn open(fetcher: &Fetcher, url: &Url, max_height: u64) -> Result<Media, DownloadError> {
    let variants = match playlist::parse(url, &fetcher.playlist(url).await?)? {
        Playlist::Media(media) => return Ok(media),
        Playlist::Master(variants) => variants,
    };
    let chosen = playlist::choose(url, &variants, max_height)?;
    match playlist::parse(&chosen, &fetcher.playlist(&chosen).await?)? {
        Playlist::Media(media) => Ok(media),
        // One level is all there is in HLS; more of them may go round in a circle.
        Playlist::Master(_) => Err(DownloadError::Playlist {
            path: path_of(&chosen),
            reason: "a master playlist leads to another one".to_owned(),
        }),
    }
}

/// Brings `media` into the file at `target`.
pub(super) async fn save(
    fetcher: &Fetcher,
    media: Media,
    target: &Path,
    parallel: usize,
    on_progress: Option<&OnProgress>,
) -> Result<Finished, DownloadError> {
    let Media { pieces, keys } = media;
    let total = pieces.len();
    let mut output = Output::open(target, fingerprint(&pieces, &keys), total).await?;
    let resumed = output.pieces();
    let tell = |output: &Output| {
        if let Some(tell) = on_progress {
            tell(Progress { segments: output.pieces(), total_segments: total, bytes: output.bytes() });
        }
    };
    tell(&output);

    let keys: Vec<_> = keys.into_iter().map(StreamKey::new).collect();
    let coming = pieces.iter().skip(resumed).map(|piece| fetcher.piece(piece, &keys));
    // In order, so that the file grows from its beginning and a break leaves nothing but a shorter file.
    let mut arriving = stream::iter(coming).buffered(parallel);
    while let Some(piece) = arriving.try_next().await? {
        output.append(&piece).await?;
        tell(&output);
    }
    drop(arriving);

    let bytes = output.bytes();
    output.finish().await?;
    Ok(Finished { segments: total, resumed, bytes })
}

/// What tells one stream from another. Hosts and queries differ from call to call and do not count.
fn fingerprint(pieces: &[Piece], keys: &[Url]) -> Uuid {
    let mut text = String::new();
    for piece in pieces {
        let cipher = piece.cipher.as_ref().map(|cipher| (keys.get(cipher.key).map(Url::path), cipher.iv));
        // Writing into a string has no way to fail.
        let _ = writeln!(text, "{} {:?} {cipher:?}", piece.url.path(), piece.range);
    }
    Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes())
}
