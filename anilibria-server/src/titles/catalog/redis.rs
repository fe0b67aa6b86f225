//! The catalog in Redis: the leader writes it, and the followers read it.

use std::sync::Arc;

use anilibria_cache::{
    Redis,
    coordination::{MapChange, RedisMap},
};
use anilibria_client::reflector::{Catalog, CatalogPart};
use anyhow::{bail, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::{
    sync::{Mutex, watch},
    task::spawn_blocking,
};
use tracing::debug;

use super::{
    CatalogSource, CatalogStore, SharedCatalog,
    blocks::{self, BLOCKS, Block},
    store::{CatalogUpdate, Coverage},
};

/// Name of the map. Its key differs from those of cached responses, so `clear` does not remove it.
const MAP: &str = "catalogue";

/// Field with the [`Manifest`].
const MANIFEST: &str = "manifest";

/// Field with the time of the leader's last successful poll, in milliseconds since 1970.
const SYNCED: &str = "synced";

/// Field with the heartbeat of the leader: the time of its last poll, or a time during it, in milliseconds since 1970.
const ATTEMPTED: &str = "attempted";

/// Format version of the fields. A catalog of another version is ignored by followers and replaced by the leader.
const FORMAT_VERSION: u32 = 1;

/// Approximate size of one command, in bytes. A larger command could exceed the timeout.
const BATCH_BYTES: usize = 256 << 10;

/// Number of blocks to read with one command.
const BATCH_BLOCKS: usize = 8;

/// Digest of a block that is being written.
const UNFINISHED: u64 = 0;

/// Fields of the map that describe the blocks.
struct Head {
    /// `None` if the map has no manifest of this format version.
    manifest: Option<Manifest>,
    last_sync: Option<OffsetDateTime>,
    last_attempt: Option<OffsetDateTime>,
}

/// Digests of all blocks in the map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    form: u32,
    digests: Vec<u64>,
}

/// Store of the catalog in Redis, in compressed blocks. Cheap to clone.
///
/// Only the holder of the poll lease writes, with its fencing token, so that a former leader cannot replace newer blocks.
/// Redis may lose the catalog at any time: the followers have it in memory, and the leader writes it again.
#[derive(Clone, Debug)]
pub struct RedisCatalog {
    map: RedisMap,
    /// Fencing token while this instance holds the poll lease.
    lease: watch::Receiver<Option<u64>>,
    /// Manifest that this instance read or wrote last. The lock is held during every read and write.
    last_manifest: Arc<Mutex<Option<Manifest>>>,
}

impl Manifest {
    fn parse(bytes: &Bytes) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(bytes).ok()?;
        (manifest.form == FORMAT_VERSION && manifest.digests.len() == BLOCKS).then_some(manifest)
    }

    fn to_bytes(&self) -> anyhow::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Returns the numbers of the blocks whose digest differs from that in `known`.
    fn differing(&self, known: Option<&Self>) -> Vec<usize> {
        let digest = |number: usize| known.and_then(|known| known.digests.get(number));
        let numbered = self.digests.iter().enumerate();
        numbered.filter(|(number, own)| digest(*number) != Some(own)).map(|(number, _)| number).collect()
    }
}

impl RedisCatalog {
    /// Creates a store in `redis` without sending a command. `lease` contains the fencing token while this instance is the
    /// leader.
    pub fn new(redis: &Redis, lease: watch::Receiver<Option<u64>>) -> Self {
        Self { map: redis.map(MAP), lease, last_manifest: Arc::default() }
    }

    /// Reads the fields that describe the blocks.
    async fn head(&self) -> anyhow::Result<Head> {
        let fields = self.map.get(&[MANIFEST, SYNCED, ATTEMPTED].map(str::to_owned)).await?;
        let [manifest, synced, attempted] = fields.as_slice() else { bail!("incomplete response of Redis") };
        Ok(Head {
            manifest: manifest.as_ref().and_then(Manifest::parse),
            last_sync: synced.as_ref().and_then(time_of),
            last_attempt: attempted.as_ref().and_then(time_of),
        })
    }

    /// Sets `fields` to the current time, if this instance is the leader.
    async fn write_time(&self, fields: &[&str]) {
        let token = *self.lease.borrow();
        let Some(token) = token else { return };
        let now = (OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).to_string();
        let change =
            fields.iter().fold(MapChange::default(), |change, field| change.put(*field, now.clone()));
        if let Err(error) = self.change(token, change).await {
            debug!(%error, "time of a catalog poll not written to Redis");
        }
    }

    /// Reads the blocks `numbers`. Returns the releases and the numbers of those blocks that match `manifest`. The leader is
    /// replacing the other ones.
    async fn blocks(
        &self,
        numbers: &[usize],
        manifest: &Manifest,
    ) -> anyhow::Result<(Vec<CatalogPart>, Vec<usize>)> {
        let (mut parts, mut read) = (Vec::new(), Vec::new());
        for numbers in numbers.chunks(BATCH_BLOCKS) {
            let fields: Vec<_> = numbers.iter().map(|number| field(*number)).collect();
            let stored = self.map.get(&fields).await?;
            let wanted: Vec<_> = numbers
                .iter()
                .zip(stored)
                .filter_map(|(number, bytes)| Some((*number, *manifest.digests.get(*number)?, bytes?)))
                .collect();
            let decoded = spawn_blocking(move || decode(wanted)).await??;
            for (number, found) in decoded {
                read.push(number);
                parts.extend(found);
            }
        }
        Ok((parts, read))
    }

    /// Applies `change` with the fencing token `token`.
    ///
    /// # Errors
    ///
    /// Redis failed, or another instance is the leader now.
    async fn change(&self, token: u64, change: MapChange) -> anyhow::Result<()> {
        let is_applied = self.map.change(&change.fencing_token(token)).await?;
        ensure!(is_applied, "another instance has become leader");
        Ok(())
    }

    /// Writes the blocks that differ from `stored`, and then `manifest`.
    async fn replace(
        &self,
        token: u64,
        blocks: Vec<Block>,
        manifest: &Manifest,
        stored: Option<&Manifest>,
    ) -> anyhow::Result<()> {
        let numbers = manifest.differing(stored);
        let wanted = numbers.clone();
        let compressed = spawn_blocking(move || compress(&blocks, &wanted)).await??;
        let batches = batches(compressed);
        let first = if stored.is_some() { MapChange::default() } else { MapChange::default().clear() };
        if let [batch] = batches.as_slice() {
            return self.change(token, put(first, batch).put(MANIFEST, manifest.to_bytes()?)).await;
        }
        // Readers ignore these blocks until all batches are written.
        let mut unfinished = manifest.clone();
        for (number, digest) in unfinished.digests.iter_mut().enumerate() {
            if numbers.contains(&number) {
                *digest = UNFINISHED;
            }
        }
        self.change(token, first.put(MANIFEST, unfinished.to_bytes()?)).await?;
        for batch in &batches {
            self.change(token, put(MapChange::default(), batch)).await?;
        }
        self.change(token, MapChange::default().put(MANIFEST, manifest.to_bytes()?)).await
    }
}

#[async_trait]
impl CatalogStore for RedisCatalog {
    async fn read(&self) -> anyhow::Result<Option<Catalog>> {
        self.read_changes().await?.into_catalog().await
    }

    /// Writes the blocks that differ. Does nothing unless this instance is the leader.
    async fn write(&self, catalog: Arc<Catalog>) -> anyhow::Result<()> {
        let mut known = self.last_manifest.lock().await;
        let token = *self.lease.borrow();
        let Some(token) = token else {
            // The catalog in memory may differ from the manifest now, so the next read returns all blocks.
            *known = None;
            return Ok(());
        };
        let stored = self.head().await?.manifest;
        let (blocks, digests) = spawn_blocking(move || {
            let blocks = blocks::split(&catalog);
            let digests = blocks.iter().map(Block::digest).collect();
            (blocks, digests)
        })
        .await?;
        let manifest = Manifest { form: FORMAT_VERSION, digests };
        if stored.as_ref() != Some(&manifest) {
            self.replace(token, blocks, &manifest, stored.as_ref()).await?;
        }
        *known = Some(manifest);
        Ok(())
    }
}

#[async_trait]
impl SharedCatalog for RedisCatalog {
    fn source(&self) -> CatalogSource {
        CatalogSource::Redis
    }

    async fn read_changes(&self) -> anyhow::Result<CatalogUpdate> {
        let mut known = self.last_manifest.lock().await;
        let Head { manifest, last_sync, last_attempt: heartbeat } = self.head().await?;
        let Some(stored) = manifest else {
            return Ok(CatalogUpdate { heartbeat, last_sync, ..CatalogUpdate::default() });
        };
        let (parts, read) = self.blocks(&stored.differing(known.as_ref()), &stored).await?;
        let empty = || Manifest { form: FORMAT_VERSION, digests: vec![UNFINISHED; BLOCKS] };
        let digests = &mut known.get_or_insert_with(empty).digests;
        for number in &read {
            if let (Some(known), Some(digest)) = (digests.get_mut(*number), stored.digests.get(*number)) {
                *known = *digest;
            }
        }
        Ok(CatalogUpdate { parts, coverage: Coverage::Blocks(read), heartbeat, last_sync })
    }

    async fn record_poll(&self, outcome: Result<u64, String>) {
        self.write_time(if outcome.is_ok() { &[ATTEMPTED, SYNCED] } else { &[ATTEMPTED] }).await;
    }

    async fn record_progress(&self) {
        self.write_time(&[ATTEMPTED]).await;
    }

    async fn is_intact(&self) -> bool {
        let known = self.last_manifest.lock().await;
        // If Redis does not respond, a write would fail as well.
        known.is_some() && self.head().await.map_or(true, |head| head.manifest == *known)
    }
}

/// Parses a time in milliseconds since 1970.
fn time_of(text: &Bytes) -> Option<OffsetDateTime> {
    let millis: i64 = str::from_utf8(text).ok()?.parse().ok()?;
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()
}

/// Returns the name of the field of block `number`.
fn field(number: usize) -> String {
    format!("block:{number}")
}

/// Decodes the blocks whose contents have the given digests. Other blocks are omitted.
fn decode(stored: Vec<(usize, u64, Bytes)>) -> anyhow::Result<Vec<(usize, Vec<CatalogPart>)>> {
    let mut decoded = Vec::with_capacity(stored.len());
    for (number, digest, bytes) in stored {
        let block = Block::decompress(&bytes)?;
        if block.digest() == digest {
            decoded.push((number, block.parts()?));
        }
    }
    Ok(decoded)
}

/// Compresses the blocks `numbers`.
fn compress(blocks: &[Block], numbers: &[usize]) -> anyhow::Result<Vec<(usize, Vec<u8>)>> {
    let wanted = numbers.iter().filter_map(|number| Some((*number, blocks.get(*number)?)));
    wanted.map(|(number, block)| Ok((number, block.compress()?))).collect()
}

/// Divides `blocks` into batches of about [`BATCH_BYTES`].
fn batches(blocks: Vec<(usize, Vec<u8>)>) -> Vec<Vec<(usize, Vec<u8>)>> {
    let mut batches: Vec<Vec<_>> = vec![Vec::new()];
    let mut size = 0;
    for block in blocks {
        if size >= BATCH_BYTES {
            batches.push(Vec::new());
            size = 0;
        }
        size += block.1.len();
        if let Some(batch) = batches.last_mut() {
            batch.push(block);
        }
    }
    batches
}

/// Adds `blocks` to `change`.
fn put(change: MapChange, blocks: &[(usize, Vec<u8>)]) -> MapChange {
    blocks.iter().fold(change, |change, (number, bytes)| change.put(field(*number), bytes.clone()))
}
