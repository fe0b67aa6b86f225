//! Encoding and decoding for async tasks.

use std::panic::resume_unwind;

use bytes::Bytes;
use tokio::runtime::Handle;

use super::{FormatError, LENGTH, decode, encode};
use crate::entry::Entry;

/// Maximum size of a value that is compressed or decompressed on the thread of an async task.
pub const MAX_INLINE_BYTES: usize = 64 << 10;

/// Encodes an entry like [`encode`], without blocking the thread of an async task for long.
///
/// A value over [`MAX_INLINE_BYTES`] is compressed on a thread for blocking work. Without a Tokio runtime, it is
/// compressed on the calling thread.
///
/// # Errors
///
/// The same as those of [`encode`].
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), anilibria_cache::format::FormatError> {
/// use anilibria_cache::{Entry, Lifetime, format};
/// use std::time::{Duration, SystemTime};
///
/// let life = Lifetime::new(SystemTime::UNIX_EPOCH, Duration::from_mins(5));
/// let entry = Entry::new(vec![7; 1 << 20], life, []);
///
/// let bytes = format::encode_async(&entry).await?;
///
/// assert_eq!(format::decode_async(bytes).await?, entry);
/// # Ok(())
/// # }
/// ```
pub async fn encode_async(entry: &Entry) -> Result<Bytes, FormatError> {
    let entry = entry.clone();
    offload(entry.value().len(), move || encode(&entry)).await
}

/// Decodes an entry like [`decode`], without blocking the thread of an async task for long.
///
/// A value over [`MAX_INLINE_BYTES`] is decompressed on a thread for blocking work. Without a Tokio runtime, it is
/// decompressed on the calling thread.
///
/// # Errors
///
/// The same as those of [`decode`].
pub async fn decode_async(bytes: Bytes) -> Result<Entry, FormatError> {
    offload(decoded_size(&bytes), move || decode(bytes.clone())).await
}

/// Returns the size of the value that decoding `bytes` produces, or the size of `bytes` if that is larger.
pub(crate) fn decoded_size(bytes: &[u8]) -> usize {
    let length = bytes.get(LENGTH).and_then(|length| length.try_into().ok()).map(u32::from_be_bytes);
    let length = length.and_then(|length| usize::try_from(length).ok());
    bytes.len().max(length.unwrap_or_default())
}

/// Runs `work`, which processes `size` bytes: on a thread for blocking work if there are many and a runtime is present,
/// otherwise on the calling thread.
pub(crate) async fn offload<T: Send + 'static>(
    size: usize,
    work: impl FnOnce() -> T + Clone + Send + 'static,
) -> T {
    let runtime = match Handle::try_current() {
        Ok(runtime) if size > MAX_INLINE_BYTES => runtime,
        _ => return work(),
    };
    match runtime.spawn_blocking(work.clone()).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down and takes no more work.
            Err(_) => work(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc,
        time::{Duration, SystemTime},
    };

    use futures::FutureExt;
    use tokio::runtime::Builder;

    use super::*;
    use crate::lifetime::Lifetime;

    fn entry(size: usize) -> Entry {
        let life = Lifetime::new(SystemTime::UNIX_EPOCH, Duration::from_mins(5));
        Entry::new(vec![7; size], life, ["tag".into()])
    }

    #[tokio::test]
    async fn small_values_are_processed_on_the_calling_thread() {
        let bytes = encode_async(&entry(MAX_INLINE_BYTES)).now_or_never().unwrap().unwrap();
        let decoded = decode_async(bytes).now_or_never().unwrap();

        assert_eq!(decoded, Ok(entry(MAX_INLINE_BYTES)));
    }

    #[test]
    fn large_values_wait_for_a_thread_for_blocking_work() {
        let large = entry(MAX_INLINE_BYTES + 1);
        let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        // Occupies the only such thread until the sender is dropped.
        let occupy = || {
            let (sender, receiver) = mpsc::channel::<()>();
            runtime.spawn_blocking(move || receiver.recv());
            sender
        };

        runtime.block_on(async {
            let busy = occupy();
            let mut encoding = Box::pin(encode_async(&large));
            assert!((&mut encoding).now_or_never().is_none());
            drop(busy);
            let bytes = encoding.await.unwrap();
            // Compressed, the value is small.
            assert!(bytes.len() < 1_000);

            let busy = occupy();
            let mut decoding = Box::pin(decode_async(bytes));
            assert!((&mut decoding).now_or_never().is_none());
            drop(busy);
            assert_eq!(decoding.await, Ok(large.clone()));
        });
    }

    #[test]
    fn large_values_are_processed_without_a_runtime() {
        let large = entry(MAX_INLINE_BYTES + 1);

        let bytes = encode_async(&large).now_or_never().unwrap().unwrap();

        assert_eq!(decode_async(bytes).now_or_never().unwrap(), Ok(large));
    }

    #[tokio::test]
    async fn other_bytes_are_an_error() {
        assert_eq!(decode_async(Bytes::from(vec![b'x'; 100])).await, Err(FormatError::Foreign));
        assert_eq!(decode_async(Bytes::new()).await, Err(FormatError::Truncated));
    }

    #[tokio::test]
    #[should_panic(expected = "the work failed")]
    async fn a_panic_reaches_the_caller() {
        offload(MAX_INLINE_BYTES + 1, || panic!("the work failed")).await;
    }
}
