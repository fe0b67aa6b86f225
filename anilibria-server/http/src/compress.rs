//! Compression that runs once for all responses with the same prefix.
//!
//! The three formats consist of blocks, and each format has a block type for uncompressed bytes. Only the prefix of a
//! response is compressed, up to the end of a block, and cached. The tail is short and differs for each response; it is
//! appended as an uncompressed block. The result is one valid stream.

use std::{
    io::{self, Write as _},
    num::NonZeroUsize,
    sync::Arc,
    thread,
    time::Duration,
};

use bytes::{BufMut as _, Bytes, BytesMut};
use flate2::{Compression, write::GzEncoder};
use moka::future::Cache;
use tokio::{sync::Semaphore, time::timeout};
use tracing::warn;

use super::encoding::Coding;
use crate::rendered::{BodyParts, Digest};

/// Minimum size in bytes of a body that is compressed. A smaller body fits a packet as it is.
const MIN_BYTES: usize = 1024;

/// Brotli quality, of 11: most of the possible gain, in a few milliseconds for a large page.
const BROTLI_QUALITY: u32 = 5;
const BROTLI_WINDOW: u32 = 20;

/// Zstandard level, of 22. The window of this level is smaller than the maximum that browsers accept.
const ZSTD_LEVEL: i32 = 6;

/// Approximate overhead in bytes of a cached entry, in addition to its compressed bytes.
const ENTRY_OVERHEAD: usize = 200;

/// Maximum time that a response waits for a permit to compress. After it, the response is sent uncompressed.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// Compresses responses, and caches the compressed prefixes.
#[derive(Clone, Debug)]
pub struct Compressor {
    cache: Cache<(Coding, Digest), Compressed>,
    /// Permits to compress, one for each processor.
    permits: Arc<Semaphore>,
}

impl Compressor {
    /// Creates a compressor that caches at most `max_bytes` of compressed prefixes. Beyond it, prefixes that are used less
    /// often are evicted.
    pub fn new(max_bytes: u64) -> Self {
        let weight =
            |_: &_, value: &Compressed| u32::try_from(value.bytes.len() + ENTRY_OVERHEAD).unwrap_or(u32::MAX);
        let cache = Cache::builder().max_capacity(max_bytes).weigher(weight).build();
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { cache, permits: Arc::new(Semaphore::new(processors)) }
    }

    /// Returns the body that `parts` make as two compressed chunks. `None` if it should be sent uncompressed: it is short,
    /// compression failed, or no permit was available in time.
    pub async fn compress(&self, coding: Coding, parts: &BodyParts) -> Option<[Bytes; 2]> {
        let BodyParts { prefix, tail, digest } = parts;
        if prefix.len() + tail.len() < MIN_BYTES {
            return None;
        }
        let work = async {
            let prefix = prefix.clone();
            let permit = timeout(MAX_WAIT, Arc::clone(&self.permits).acquire_owned()).await;
            let permit = permit.map_err(|_| io::ErrorKind::WouldBlock)?.map_err(io::Error::other)?;
            // Compression takes milliseconds, which would delay other requests on this thread.
            let compress = move || {
                let compressed = Compressed::new(coding, &prefix);
                drop(permit);
                compressed
            };
            tokio::task::spawn_blocking(compress).await?
        };
        match self.cache.try_get_with((coding, *digest), work).await {
            Ok(compressed) => Some([compressed.bytes.clone(), compressed.ending(tail)]),
            Err(error) => {
                if error.kind() != io::ErrorKind::WouldBlock {
                    warn!(%error, "failed to compress a response, sent uncompressed");
                }
                None
            }
        }
    }
}

/// The beginning of a compressed stream: the whole prefix, which is not empty, without the end of the stream.
#[derive(Clone, Debug)]
struct Compressed {
    coding: Coding,
    bytes: Bytes,
    /// Checksum of the prefix. Only gzip has one, at its end.
    checksum: crc32fast::Hasher,
    /// Length of the prefix before compression, modulo 2³², as gzip counts it.
    len: u32,
}

impl Compressed {
    fn new(coding: Coding, prefix: &[u8]) -> io::Result<Self> {
        let mut checksum = crc32fast::Hasher::new();
        let bytes = match coding {
            Coding::Brotli => brotli(prefix)?,
            Coding::Zstd => zstd(prefix)?,
            Coding::Gzip => {
                checksum.update(prefix);
                gzip(prefix)?
            }
        };
        // Gzip stores the length modulo 2³².
        let len = u32::try_from(prefix.len() & 0xffff_ffff).unwrap_or(u32::MAX);
        Ok(Self { coding, bytes: bytes.into(), checksum, len })
    }

    /// Returns the end of the stream, with `tail` in an uncompressed block. A tail has about a hundred bytes, which is far
    /// below the maximum of such a block.
    fn ending(&self, tail: &[u8]) -> Bytes {
        let len = u16::try_from(tail.len()).unwrap_or(u16::MAX);
        let mut end = BytesMut::with_capacity(tail.len() + 16);
        match self.coding {
            Coding::Gzip => {
                let mut checksum = self.checksum.clone();
                checksum.update(tail);
                // Header of the last block, type stored: the length, and its one's complement.
                end.put_u8(1);
                end.put_u16_le(len);
                end.put_u16_le(!len);
                end.put_slice(tail);
                end.put_u32_le(checksum.finalize());
                end.put_u32_le(self.len.wrapping_add(len.into()));
            }
            Coding::Brotli => {
                // Bits from the lowest: not the last block (1), four nibbles of length (2), length - 1 (16), stored (1).
                let header = (u32::from(len.saturating_sub(1)) << 3) | (1 << 19);
                end.put_uint_le(header.into(), 3);
                end.put_slice(tail);
                // The last block, empty.
                end.put_u8(0b11);
            }
            Coding::Zstd => {
                // Bits from the lowest: last block (1), raw (2), length (21).
                end.put_uint_le(u64::from(len) << 3 | 1, 3);
                end.put_slice(tail);
            }
        }
        end.freeze()
    }
}

fn brotli(prefix: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = brotli::CompressorWriter::new(
        Vec::with_capacity(prefix.len() / 4),
        4096,
        BROTLI_QUALITY,
        BROTLI_WINDOW,
    );
    writer.write_all(prefix)?;
    // `flush` ends the block at a byte boundary and leaves the stream open. Dropping the writer would end the stream.
    writer.flush()?;
    Ok(writer.get_ref().clone())
}

fn zstd(prefix: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = zstd::Encoder::new(Vec::with_capacity(prefix.len() / 4), ZSTD_LEVEL)?;
    writer.write_all(prefix)?;
    writer.flush()?;
    Ok(std::mem::take(writer.get_mut()))
}

fn gzip(prefix: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = GzEncoder::new(Vec::with_capacity(prefix.len() / 4), Compression::default());
    writer.write_all(prefix)?;
    writer.flush()?;
    // Takes the output before the encoder is dropped, which would append the end of the stream.
    Ok(std::mem::take(writer.get_mut()))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    fn decoded(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        match coding {
            Coding::Gzip => flate2::read::GzDecoder::new(bytes).read_to_end(&mut text),
            Coding::Brotli => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut text),
            Coding::Zstd => zstd::Decoder::new(bytes).and_then(|mut decoder| decoder.read_to_end(&mut text)),
        }
        .unwrap();
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn decompressed_stream_is_prefix_and_tail(
            prefix in prop_oneof![
                prop::collection::vec(any::<u8>(), 1..5000),
                "[a-d]{1,3}".prop_map(|word| word.repeat(20_000).into_bytes()),
            ],
            tail in prop::collection::vec(any::<u8>(), 1..200),
        ) {
            for coding in Coding::ALL {
                let compressed = Compressed::new(coding, &prefix).unwrap();

                let stream = [compressed.bytes.as_ref(), compressed.ending(&tail).as_ref()].concat();

                prop_assert_eq!(decoded(coding, &stream), [prefix.as_slice(), tail.as_slice()].concat());
            }
        }
    }

    fn parts(prefix: &'static [u8], digest: u8) -> BodyParts {
        BodyParts { prefix: Bytes::from_static(prefix), tail: "}}".into(), digest: [digest; 40] }
    }

    #[tokio::test]
    async fn prefix_is_compressed_once() {
        let compressor = Compressor::new(1 << 20);
        let parts = parts(&[b'x'; 2000], 1);

        let [first, _] = compressor.compress(Coding::Gzip, &parts).await.unwrap();
        let [second, _] = compressor.compress(Coding::Gzip, &parts).await.unwrap();

        assert_eq!(first.as_ptr(), second.as_ptr());
    }

    #[tokio::test]
    async fn short_body_is_not_compressed() {
        let compressor = Compressor::new(1 << 20);

        assert!(compressor.compress(Coding::Brotli, &parts(&[b'x'; 1000], 1)).await.is_none());
    }

    #[tokio::test]
    async fn cache_is_limited() {
        let compressor = Compressor::new(2000);

        for digest in 0..100 {
            compressor.compress(Coding::Gzip, &parts(&[b'x'; 2000], digest)).await.unwrap();
        }
        compressor.cache.run_pending_tasks().await;

        assert!(compressor.cache.weighted_size() <= 2000);
    }
}
