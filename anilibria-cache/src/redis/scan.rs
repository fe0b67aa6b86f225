//! Iteration over many keys, one page at a time.

use redis::{Cmd, RedisResult, Value, from_redis_value};

use super::{connection::Node, link::Link};

/// Approximate number of keys in a page.
const PAGE: usize = 256;

/// An iteration over the string keys of a node. Keys that exist throughout are returned at least once.
pub(crate) struct Scan {
    glob: String,
    node: Node,
    cursor: Option<u64>,
}

impl Scan {
    /// Creates an iteration over the string keys on `node` that match `glob`.
    pub(crate) fn strings(node: Node, glob: String) -> Self {
        Self { glob, node, cursor: Some(0) }
    }

    /// Returns the next keys, possibly none; `None` at the end. Skips keys that are not UTF-8, because no entry has such a
    /// key.
    pub(crate) async fn next(&mut self, link: &Link) -> RedisResult<Option<Vec<String>>> {
        let Some(cursor) = self.cursor else { return Ok(None) };
        let page = link.send_to(&self.node, &self.command(cursor)).await?;
        let (cursor, names): (u64, Vec<Value>) = from_redis_value(page)?;
        self.cursor = (cursor != 0).then_some(cursor);
        Ok(Some(names.into_iter().filter_map(|name| from_redis_value(name).ok()).collect()))
    }

    fn command(&self, cursor: u64) -> Cmd {
        let mut command = redis::cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(&self.glob).arg("TYPE").arg("string").arg("COUNT").arg(PAGE);
        command
    }
}
