//! Going through many keys a page at a time.

use redis::{Cmd, RedisResult, Value, from_redis_value};

use super::{connection::Node, link::Link};

/// About so many names come in a page; the server may send a few more.
const PAGE: usize = 256;

/// A walk through the names of keys or the members of a set, during which others may come and go. What is there all the
/// time is met at least once.
pub(crate) struct Scan {
    what: What,
    node: Node,
    cursor: Option<u64>,
}

enum What {
    /// The names of all texts that match this glob.
    Texts(String),
    /// The members of the sorted set of this name.
    Members(String),
}

impl Scan {
    /// The names of texts on `node` that match `glob`.
    pub(crate) fn texts(node: Node, glob: String) -> Self {
        Self { what: What::Texts(glob), node, cursor: Some(0) }
    }

    /// The members of the sorted set `name`.
    pub(crate) fn members(name: String) -> Self {
        Self { what: What::Members(name), node: Node::Owner, cursor: Some(0) }
    }

    /// Some more names, maybe none; `None` at the end. What is not UTF-8 is passed over: no key of an entry is like it.
    pub(crate) async fn next(&mut self, link: &Link) -> RedisResult<Option<Vec<String>>> {
        let Some(cursor) = self.cursor else { return Ok(None) };
        let page = link.send_to(&self.node, &self.what.command(cursor)).await?;
        let (cursor, names): (u64, Vec<Value>) = from_redis_value(page)?;
        self.cursor = (cursor != 0).then_some(cursor);
        let names = names.into_iter().step_by(self.what.width());
        Ok(Some(names.filter_map(|name| from_redis_value(name).ok()).collect()))
    }
}

impl What {
    fn command(&self, cursor: u64) -> Cmd {
        let mut command = Cmd::new();
        match self {
            Self::Texts(glob) => {
                command.arg("SCAN").arg(cursor).arg("MATCH").arg(glob).arg("TYPE").arg("string")
            }
            Self::Members(name) => command.arg("ZSCAN").arg(name).arg(cursor),
        };
        command.arg("COUNT").arg(PAGE);
        command
    }

    /// Members come with their scores.
    fn width(&self) -> usize {
        match self {
            Self::Texts(_) => 1,
            Self::Members(_) => 2,
        }
    }
}
