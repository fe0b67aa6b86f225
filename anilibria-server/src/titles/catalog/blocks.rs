//! The catalog in compressed blocks: a change of one release transfers one block.

use anilibria_client::{
    model::ReleaseId,
    reflector::{Catalog, CatalogPart},
};
use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

/// Number of blocks. A catalog of 2,000 releases has about 30 in each.
pub(super) const BLOCKS: usize = 64;

/// Maximum size of a block before compression, in bytes. A larger block is an error.
const MAX_BYTES: usize = 32 << 20;

/// Compression level of zstd for blocks: fast, because a block is compressed again after every change of one of its releases.
const LEVEL: i32 = 1;

/// Releases of one block, not compressed.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The bytes of each release, after their length as a little-endian `u32`.
    bytes: Vec<u8>,
}

/// Returns the number of the block that contains the release `id`.
pub(super) fn number_of(id: ReleaseId) -> usize {
    id.get() as usize % BLOCKS
}

/// Returns all blocks of `catalog` in the order of their numbers.
pub(super) fn split(catalog: &Catalog) -> Vec<Block> {
    let mut blocks: Vec<Block> = std::iter::repeat_with(Block::default).take(BLOCKS).collect();
    for part in catalog.parts() {
        let bytes = part.to_bytes();
        if let (Some(block), Ok(length)) = (blocks.get_mut(number_of(part.id())), u32::try_from(bytes.len()))
        {
            block.bytes.extend(length.to_le_bytes());
            block.bytes.extend(bytes);
        }
    }
    blocks
}

impl Block {
    /// Returns the digest of the contents. It is the same on all instances, and never 0.
    pub(super) fn digest(&self) -> u64 {
        let digest = Sha256::digest(&self.bytes);
        digest.first_chunk().map_or(1, |start| u64::from_le_bytes(*start).max(1))
    }

    /// Compresses the block for storage.
    pub(super) fn compress(&self) -> anyhow::Result<Vec<u8>> {
        Ok(zstd::bulk::compress(&self.bytes, LEVEL)?)
    }

    /// Decompresses the output of [`compress`](Self::compress).
    pub(super) fn decompress(bytes: &[u8]) -> anyhow::Result<Self> {
        Ok(Self { bytes: zstd::bulk::decompress(bytes, MAX_BYTES)? })
    }

    /// Returns the releases of the block.
    pub(super) fn parts(&self) -> anyhow::Result<Vec<CatalogPart>> {
        let (mut parts, mut rest) = (Vec::new(), self.bytes.as_slice());
        while !rest.is_empty() {
            let (length, after) = rest.split_first_chunk().context("the block is truncated")?;
            let length = u32::from_le_bytes(*length) as usize;
            ensure!(length <= after.len(), "the block is truncated");
            let (part, after) = after.split_at(length);
            parts.push(CatalogPart::from_bytes(part)?);
            rest = after;
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use anilibria_client::model::Release;
    use serde_json::json;

    use super::*;

    fn catalog(ids: impl IntoIterator<Item = u32>) -> Catalog {
        let release = |id| -> Release {
            serde_json::from_value(json!({"id": id, "name": {"main": format!("Имя {id}")}})).unwrap()
        };
        ids.into_iter().map(release).collect()
    }

    #[test]
    fn catalog_is_unchanged_after_split_and_merge() {
        let catalog = catalog(1..=200);

        let blocks = split(&catalog);
        let stored: Vec<_> = blocks.iter().map(|block| block.compress().unwrap()).collect();
        let read = stored.iter().map(|bytes| Block::decompress(bytes).unwrap());
        let parts = read.flat_map(|block| block.parts().unwrap());

        assert_eq!(blocks.len(), BLOCKS);
        assert_eq!(parts.collect::<Catalog>().to_bytes(), catalog.to_bytes());
    }

    #[test]
    fn change_of_one_release_changes_one_digest() {
        let digests = |catalog: &Catalog| split(catalog).iter().map(Block::digest).collect::<Vec<_>>();
        let (before, after) = (digests(&catalog(1..=200)), digests(&catalog(1..=201)));

        let differing: Vec<_> = (0..BLOCKS).filter(|number| before[*number] != after[*number]).collect();

        assert_eq!(differing, [201 % BLOCKS]);
        assert!(digests(&Catalog::default()).iter().all(|digest| *digest > 0));
    }

    #[test]
    fn damaged_block_is_an_error() {
        let block = split(&catalog([7])).swap_remove(7);
        let stored = block.compress().unwrap();

        assert!(Block::decompress(&stored[..stored.len() - 1]).is_err());
        for bytes in [&block.bytes[..3], &block.bytes[..block.bytes.len() - 1], &[0xff; 8]] {
            assert!(Block { bytes: bytes.to_vec() }.parts().is_err());
        }
    }
}
