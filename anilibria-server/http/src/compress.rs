//! Compression that is done once for all answers that share a prefix.
//!
//! The three formats are made of blocks, and each of them has a block that holds bytes as they are. So only the prefix of
//! an answer is compressed, up to the end of a block, and kept; the tail, which is short and made for each answer, follows
//! in such a block. What clients get is one ordinary stream.

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
use crate::rendered::{Digest, Parts};

/// Smallest body that is compressed; what is shorter fits a packet as it is.
const MIN_BYTES: usize = 1024;

/// How hard Brotli tries, of 11: most of what there is to gain, in a few milliseconds for a large page.
const BROTLI_QUALITY: u32 = 5;
const BROTLI_WINDOW: u32 = 20;

/// How hard Zstandard tries, of 22. Its window stays below what browsers accept.
const ZSTD_LEVEL: i32 = 6;

/// What is kept of an entry beside its bytes, roughly.
const ENTRY_OVERHEAD: usize = 200;

/// Maximum time an answer waits to be compressed; then it is sent uncompressed.
const WAIT: Duration = Duration::from_millis(100);

/// Compresses answers, and keeps what is common to many of them.
#[derive(Clone, Debug)]
pub struct Compressor {
    kept: Cache<(Coding, Digest), Compressed>,
    /// Permits to compress, one for each processor.
    turns: Arc<Semaphore>,
}

impl Compressor {
    /// Keeps at most `max_bytes` of compressed prefixes, those that were of use last.
    pub fn new(max_bytes: u64) -> Self {
        let weight =
            |_: &_, value: &Compressed| u32::try_from(value.bytes.len() + ENTRY_OVERHEAD).unwrap_or(u32::MAX);
        let kept = Cache::builder().max_capacity(max_bytes).weigher(weight).build();
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { kept, turns: Arc::new(Semaphore::new(processors)) }
    }

    /// Returns the two chunks of the body that `parts` make, compressed; `None` if they should be sent as they are, because
    /// they are short or other answers are being compressed.
    pub async fn compress(&self, coding: Coding, parts: &Parts) -> Option<[Bytes; 2]> {
        let Parts { prefix, tail, digest } = parts;
        if prefix.len() + tail.len() < MIN_BYTES {
            return None;
        }
        let work = async {
            let prefix = prefix.clone();
            let turn = timeout(WAIT, Arc::clone(&self.turns).acquire_owned()).await;
            let turn = turn.map_err(|_| io::ErrorKind::WouldBlock)?.map_err(io::Error::other)?;
            // It takes milliseconds, during which this thread has other requests to answer.
            let compress = move || {
                let compressed = Compressed::new(coding, &prefix);
                drop(turn);
                compressed
            };
            tokio::task::spawn_blocking(compress).await?
        };
        match self.kept.try_get_with((coding, *digest), work).await {
            Ok(compressed) => Some([compressed.bytes.clone(), compressed.ending(tail)]),
            Err(error) => {
                if error.kind() != io::ErrorKind::WouldBlock {
                    warn!(%error, "answer not compressed");
                }
                None
            }
        }
    }
}

/// A stream that has all of a prefix, which is not empty, and is still to be ended.
#[derive(Clone, Debug)]
struct Compressed {
    coding: Coding,
    bytes: Bytes,
    /// The checksum so far; only gzip ends with one.
    checksum: crc32fast::Hasher,
    /// The length so far, before compression, as gzip counts it.
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
        // Gzip counts modulo 2³².
        let len = u32::try_from(prefix.len() & 0xffff_ffff).unwrap_or(u32::MAX);
        Ok(Self { coding, bytes: bytes.into(), checksum, len })
    }

    /// The end of the stream, with `tail` in a block that holds it as it is. A tail is a hundred bytes long, which is far
    /// below what such a block can hold.
    fn ending(&self, tail: &[u8]) -> Bytes {
        let len = u16::try_from(tail.len()).unwrap_or(u16::MAX);
        let mut end = BytesMut::with_capacity(tail.len() + 16);
        match self.coding {
            Coding::Gzip => {
                let mut checksum = self.checksum.clone();
                checksum.update(tail);
                // Last block, stored; its length, and that again with all bits turned.
                end.put_u8(1);
                end.put_u16_le(len);
                end.put_u16_le(!len);
                end.put_slice(tail);
                end.put_u32_le(checksum.finalize());
                end.put_u32_le(self.len.wrapping_add(len.into()));
            }
            Coding::Brotli => {
                // From the lowest bit: not the last block (1 bit), length in four nibbles (2), length - 1 (16), stored (1).
                let header = (u32::from(len.saturating_sub(1)) << 3) | (1 << 19);
                end.put_uint_le(header.into(), 3);
                end.put_slice(tail);
                // The last block, empty.
                end.put_u8(0b11);
            }
            Coding::Zstd => {
                // From the lowest bit: last block (1 bit), stored (2), length (21).
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
    // Ends the block at a whole byte, but not the stream; dropping the writer would.
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
    // What the encoder writes when it is dropped is not part of the output.
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
        fn prefix_and_tail_come_out_as_one_text(
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

    fn parts(prefix: &'static [u8], digest: u8) -> Parts {
        Parts { prefix: Bytes::from_static(prefix), tail: "}}".into(), digest: [digest; 40] }
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
    async fn short_body_is_left_alone() {
        let compressor = Compressor::new(1 << 20);

        assert!(compressor.compress(Coding::Brotli, &parts(&[b'x'; 1000], 1)).await.is_none());
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let compressor = Compressor::new(2000);

        for digest in 0..100 {
            compressor.compress(Coding::Gzip, &parts(&[b'x'; 2000], digest)).await.unwrap();
        }
        compressor.kept.run_pending_tasks().await;

        assert!(compressor.kept.weighted_size() <= 2000);
    }
}
