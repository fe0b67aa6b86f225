//! Writes of several entries in one round trip.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use redis::Cmd;

use super::{
    generation::Generations, handle::millis, keys::Keys, script::CURRENT_GENERATION, tag_cache::TagCache,
    value,
};
use crate::{
    entry::Entry,
    format::{self, FormatError},
};

/// Minimum TTL of the key of a tag.
const MIN_TAG_TTL: Duration = Duration::from_hours(1);

/// Entries to be written, and their tags.
#[derive(Default)]
pub(super) struct Batch {
    writes: Vec<Write>,
    /// Keys of the tags, each once.
    tags: Vec<String>,
    /// Longest time that an entry with the tag is kept, in milliseconds.
    keep_ms: Vec<u64>,
    index: HashMap<String, usize, foldhash::fast::RandomState>,
}

struct Write {
    name: String,
    /// The new value, or `None` to remove the previous one.
    value: Option<Value>,
}

struct Value {
    bytes: Bytes,
    keep_ms: u64,
    /// Positions in [`Batch::tags`].
    tags: Vec<usize>,
}

impl Batch {
    /// Adds the write of an entry. An entry that has expired at `now` removes the previous value.
    pub(super) async fn add(
        &mut self,
        keys: &Keys,
        key: &str,
        entry: &Entry,
        now: SystemTime,
    ) -> Result<(), FormatError> {
        let name = keys.entry(key);
        let Some(keep_for) = entry.keep_for(now) else {
            self.writes.push(Write { name, value: None });
            return Ok(());
        };
        let (bytes, keep_ms) = (format::encode_async(entry).await?, millis(keep_for));
        let tags = entry.tags().iter().map(|tag| self.tag(keys.tag(tag.as_str()), keep_ms)).collect();
        self.writes.push(Write { name, value: Some(Value { bytes, keep_ms, tags }) });
        Ok(())
    }

    /// Returns the position of a tag.
    fn tag(&mut self, name: String, keep_ms: u64) -> usize {
        if let Some(&position) = self.index.get(&name) {
            self.keep_ms[position] = self.keep_ms[position].max(keep_ms);
            return position;
        }
        self.index.insert(name.clone(), self.tags.len());
        self.tags.push(name);
        self.keep_ms.push(keep_ms);
        self.tags.len() - 1
    }

    /// Returns the names of the entries in Redis.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.writes.iter().map(|write| &*write.name)
    }

    /// Returns the commands that read the generations of the tags, create tags that do not exist, and extend the TTL of tags
    /// that would expire before their entries. An entry may be written as late as `margin` after its tags.
    pub(super) fn tag_commands(&self, margin: Duration, in_order: bool) -> Vec<Cmd> {
        let mut commands = CURRENT_GENERATION.calls(self.tags.iter().map(String::as_str), in_order);
        for (command, keep_ms) in commands.iter_mut().zip(&self.keep_ms) {
            let keep_ms = keep_ms.saturating_add(millis(margin));
            // Twice the minimum, so that most writes do not change the key.
            command.arg(keep_ms).arg(keep_ms.saturating_mul(2).max(millis(MIN_TAG_TTL)));
        }
        commands
    }

    /// Returns the current generations of the tags if all are known. They may be outdated.
    pub(super) fn known_stamps(&self, cache: Option<&TagCache>) -> Option<Vec<u64>> {
        if self.tags.is_empty() {
            return Some(Vec::new());
        }
        let stamp = |known: Option<Generations>| known.map(|generations| generations.current);
        cache?.lookup(&self.tags).into_iter().map(stamp).collect()
    }

    /// Returns the commands that write the entries; `stamps` are the current generations of the tags.
    pub(super) fn write_commands(&self, stamps: &[u64]) -> Vec<Cmd> {
        self.writes.iter().map(|write| write.command(stamps)).collect()
    }
}

impl Write {
    fn command(&self, stamps: &[u64]) -> Cmd {
        let Some(Value { bytes, keep_ms, tags }) = &self.value else {
            return Cmd::unlink(&self.name);
        };
        let stamps = tags.iter().map(|&tag| stamps.get(tag).copied().unwrap_or_default());
        let mut command = redis::cmd("SET");
        command.arg(&self.name).arg(value::encode(stamps, bytes)).arg("PX").arg(*keep_ms);
        command
    }
}
