//! Closing a file without blocking the thread of an async task.

use std::{
    path::{Path, PathBuf, absolute},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::JoinHandle,
};

use tokio::runtime::Handle;

use super::writer::Shared;

/// Files of this process that are being closed.
static CLOSING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static CLOSED: Condvar = Condvar::new();

/// A file that is being closed. Dropping it blocks until the file is closed.
struct Closing {
    path: PathBuf,
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

/// Waits until `writer` has flushed and closed its file.
///
/// In a Tokio runtime this happens on a thread for blocking work, which the shutdown of the runtime waits for.
pub(super) fn close(shared: Arc<Shared>, writer: JoinHandle<()>) {
    let path = identity(shared.file.path());
    CLOSING.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
    let closing = Closing { path, shared, writer: Some(writer) };
    match Handle::try_current() {
        // A runtime that is shutting down drops the closure, and with it the file.
        Ok(runtime) => drop(runtime.spawn_blocking(move || drop(closing))),
        Err(_) => drop(closing),
    }
}

/// Blocks while this process is closing the file at `path`.
pub(super) fn wait_until_closed(path: &Path) {
    let path = identity(path);
    let closing = CLOSING.lock().unwrap_or_else(PoisonError::into_inner);
    drop(CLOSED.wait_while(closing, |closing| closing.contains(&path)));
}

fn identity(path: &Path) -> PathBuf {
    absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl Drop for Closing {
    fn drop(&mut self) {
        // A writer that panicked has not closed its file.
        let _ = self.writer.take().map(JoinHandle::join);
        self.shared.file.close();
        let mut closing = CLOSING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = closing.iter().position(|path| *path == self.path) {
            closing.swap_remove(index);
        }
        drop(closing);
        CLOSED.notify_all();
    }
}
