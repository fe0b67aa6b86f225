//! The unfinished file: `name.part` with its content, `name.part.state` with the number of complete pieces.

use std::{
    fs::TryLockError,
    io::{self, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    fs::{self, File, OpenOptions},
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
    time::sleep,
};
use uuid::Uuid;

use super::DownloadError;

/// Maximum number of bytes that are read of a state file.
const MAX_STATE: u64 = 4096;

/// Number of attempts to lock the state file. The last write of a cancelled download may still be running.
const LOCK_ATTEMPTS: u32 = 20;
/// Pause between two attempts to lock the state file.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The identity of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// Digest of the paths. A part of a stream with other paths is of no use.
    pub(super) stream: Uuid,
    /// Digest of the whole addresses. A part with other addresses is of use if its content is the same.
    pub(super) addresses: Uuid,
}

/// The complete pieces of a part file. Text, so that a person who finds the file can read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    identity: Identity,
    /// Number of complete pieces.
    pieces: usize,
    /// Their size in bytes.
    bytes: u64,
    /// Digest of the content of the last one.
    last: Uuid,
}

/// An unfinished file.
#[derive(Debug)]
pub(super) struct Output {
    target: PathBuf,
    part_path: PathBuf,
    state_path: PathBuf,
    part: File,
    /// Locked while it is open, so that two downloads never write to one file.
    state_file: File,
    state: State,
    identity: Identity,
}

impl Output {
    /// Opens the part file beside `target`. Pieces of the same stream are kept, those of another one are removed.
    ///
    /// `most` is the number of pieces of the stream.
    pub(super) async fn open(target: &Path, identity: Identity, most: usize) -> Result<Self, DownloadError> {
        let part_path = with_suffix(target, ".part")?;
        let state_path = with_suffix(target, ".part.state")?;
        let mut state_file = lock(&state_path).await?;
        let known = read_state(&mut state_file).await.unwrap_or_default();
        let found = fs::metadata(&part_path).await.map_or(0, |file| file.len());
        let is_usable = known.identity.stream == identity.stream
            && (1..=most).contains(&known.pieces)
            && known.bytes <= found;
        let state = if is_usable { known } else { State { identity, ..State::default() } };
        let part = open_part(&part_path, state.bytes).await.map_err(in_file(&part_path))?;
        let target = target.to_owned();
        let mut output = Self { target, part_path, state_path, part, state_file, state, identity };
        output.write_state().await?;
        Ok(output)
    }

    /// Number of complete pieces.
    pub(super) fn pieces(&self) -> usize {
        self.state.pieces
    }

    /// Size of the complete pieces in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.state.bytes
    }

    /// Returns the index of the last kept piece if the kept pieces came from other addresses. Pass the content of that
    /// piece at its new address to [`confirm`](Self::confirm) before the next [`append`](Self::append).
    pub(super) fn unconfirmed(&self) -> Option<usize> {
        let has_changed = self.state.identity != self.identity;
        self.state.pieces.checked_sub(1).filter(|_| has_changed)
    }

    /// Keeps the pieces if `last` is the content of the last one, and removes them otherwise.
    pub(super) async fn confirm(&mut self, last: &[u8]) -> Result<(), DownloadError> {
        let is_same = digest(last) == self.state.last;
        let kept = if is_same { self.state } else { State::default() };
        if !is_same {
            self.part = open_part(&self.part_path, 0).await.map_err(in_file(&self.part_path))?;
        }
        self.state = State { identity: self.identity, ..kept };
        self.write_state().await
    }

    /// Appends the next piece.
    pub(super) async fn append(&mut self, piece: &[u8]) -> Result<(), DownloadError> {
        let written = async {
            self.part.write_all(piece).await?;
            self.part.flush().await?;
            // The state must never count bytes that a power failure can remove.
            self.part.sync_data().await
        };
        written.await.map_err(in_file(&self.part_path))?;
        self.state.pieces += 1;
        self.state.bytes += piece.len() as u64;
        self.state.last = digest(piece);
        self.write_state().await
    }

    /// Gives the file its name and removes the state.
    pub(super) async fn finish(self) -> Result<(), DownloadError> {
        self.part.sync_all().await.map_err(in_file(&self.part_path))?;
        drop(self.part);
        fs::rename(&self.part_path, &self.target).await.map_err(in_file(&self.target))?;
        drop(self.state_file);
        fs::remove_file(&self.state_path).await.map_err(in_file(&self.state_path))
    }

    /// Writes the state in place. After a crash in between, the state cannot be read and the download starts again.
    async fn write_state(&mut self) -> Result<(), DownloadError> {
        let written = async {
            let text = serde_json::to_vec(&self.state)?;
            self.state_file.set_len(0).await?;
            self.state_file.seek(SeekFrom::Start(0)).await?;
            self.state_file.write_all(&text).await?;
            self.state_file.flush().await
        };
        written.await.map_err(in_file(&self.state_path))
    }
}

/// Writes `content` to `target` in one step, so that no reader finds a part of it.
pub(super) async fn write_whole(target: &Path, content: &[u8]) -> Result<(), DownloadError> {
    let part = with_suffix(target, ".part")?;
    fs::write(&part, content).await.map_err(in_file(&part))?;
    fs::rename(&part, target).await.map_err(in_file(target))
}

fn digest(piece: &[u8]) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, piece)
}

/// Returns `target` with `suffix` appended to its name.
fn with_suffix(target: &Path, suffix: &str) -> Result<PathBuf, DownloadError> {
    let Some(name) = target.file_name() else {
        let source =
            io::Error::new(io::ErrorKind::InvalidInput, "the path does not end with the name of a file");
        return Err(in_file(target)(source));
    };
    let mut name = name.to_owned();
    name.push(suffix);
    Ok(target.with_file_name(name))
}

/// Opens the state file for this download alone.
async fn lock(path: &Path) -> Result<File, DownloadError> {
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .await
        .map_err(in_file(path))?;
    let file = file.into_std().await;
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => sleep(LOCK_PAUSE).await,
            // Some file systems have no locks; a download works there as well.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(File::from_std(file)),
        }
    }
    Err(DownloadError::Busy { path: path.to_owned() })
}

/// Returns the state if it can be read.
async fn read_state(file: &mut File) -> Option<State> {
    let mut text = Vec::new();
    file.take(MAX_STATE).read_to_end(&mut text).await.ok()?;
    serde_json::from_slice(&text).ok()
}

/// Opens the part file, cut to its first `keep` bytes, to append to it.
async fn open_part(path: &Path, keep: u64) -> io::Result<File> {
    if keep == 0 {
        // A new file: the last write of a cancelled download to the old one may still be running.
        match fs::remove_file(path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return OpenOptions::new().write(true).create_new(true).open(path).await,
        }
    }
    let mut file = OpenOptions::new().write(true).open(path).await?;
    file.set_len(keep).await?;
    file.seek(SeekFrom::Start(keep)).await?;
    Ok(file)
}

fn in_file(path: &Path) -> impl FnOnce(io::Error) -> DownloadError {
    let path = path.to_owned();
    |source| DownloadError::File { path, source }
}
