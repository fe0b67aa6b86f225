//! The thread that runs the calls of blocking clients.

use std::{
    fmt,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle, ThreadId},
};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use crate::{Error, Result};

/// An async runtime on a separate thread, which runs the calls of blocking clients. Cheap to clone: clones share the
/// thread.
///
/// The thread ends when the last clone is dropped. Each client, call and iterator holds a clone.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    handle: Handle,
    thread_id: ThreadId,
    /// `None` while the runtime is dropped.
    thread: Option<JoinHandle<()>>,
    /// Ends the thread when it is dropped.
    stop: Option<oneshot::Sender<()>>,
}

impl Runtime {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the system refuses the thread.
    pub fn start() -> Result<Self> {
        let failed = |error: std::io::Error| Error::Config { setting: "runtime", reason: error.to_string() };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            // The sender is dropped, never used.
            let _ = runtime.block_on(stopped);
            // Look-ups of names cannot be cancelled. The thread does not wait for their unused results.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("anilibria-client".to_owned()).spawn(run).map_err(failed)?;
        let thread_id = thread.thread().id();
        Ok(Self { inner: Arc::new(Inner { handle, thread_id, thread: Some(thread), stop: Some(stop) }) })
    }

    /// Runs a future on the thread of the runtime and waits for its result.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] on the thread of this runtime, where the future would wait for itself;
    /// [`Error::Interrupted`] if the future panics.
    pub fn block_on<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Result<T> {
        if thread::current().id() == self.inner.thread_id {
            let reason = "a blocking call inside of its own runtime would wait for itself";
            return Err(Error::InvalidRequest { field: "call".to_owned(), reason });
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        self.inner.handle.spawn(async move {
            // The receiver waits below.
            let _ = sender.send(future.await);
        });
        receiver.recv().map_err(|_| Error::interrupted("the call panicked"))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A future may hold the last clone, and the thread cannot wait for itself.
        if thread::current().id() != self.thread_id
            && let Some(thread) = self.thread.take()
        {
            // The thread has nothing to return.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runtime")
    }
}
