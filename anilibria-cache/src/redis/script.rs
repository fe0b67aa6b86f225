//! Lua scripts, which the server executes atomically. The keys of a script are in one slot of a cluster.

use std::sync::OnceLock;

use redis::{Cmd, Script};

/// A Lua script.
pub(crate) struct Lua {
    text: &'static str,
    hash: OnceLock<String>,
}

/// Returns the generations of a tag, and creates the tag if it does not exist. `KEYS`: the tag. `ARGV`: minimum remaining
/// TTL of the tag, and the TTL that it gets if less remains, in milliseconds.
pub(crate) static CURRENT_GENERATION: Lua = Lua::new(include_str!("script/current_generation.lua"));

/// Begins the next generation of a tag. `KEYS`: the tag. `ARGV`: `remove` or `expire`, TTL of a tag that does not exist, in
/// milliseconds.
pub(crate) static NEXT_GENERATION: Lua = Lua::new(include_str!("script/next_generation.lua"));

/// Removes or expires an entry and returns the number of entries, 0 or 1. `KEYS`: the entry. `ARGV`: `remove` or `expire`;
/// `take` or `spare`, for a value that is not an entry; version of the layout; version of the format; and the
/// [`deadlines`](crate::format::deadlines) of an expired entry.
pub(crate) static INVALIDATE_ENTRY: Lua = Lua::new(include_str!("script/invalidate_entry.lua"));

/// Publishes an invalidation. `KEYS`: number of the last message. `ARGV`: channel, member, invalidation.
pub(crate) static PUBLISH: Lua = Lua::new(include_str!("script/publish.lua"));

/// Releases a lock. `KEYS`: the lock. `ARGV`: token of the lease.
pub(crate) static UNLOCK: Lua = Lua::new(include_str!("script/unlock.lua"));

impl Lua {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { text, hash: OnceLock::new() }
    }

    /// Returns a call with the text of the script. The server may have lost a script that it knew; to send the text costs
    /// less than to find that out.
    pub(crate) fn call(&self, key: &str) -> Cmd {
        self.call_with(&[key])
    }

    /// Returns a call with several keys, which have to be in one slot of a cluster.
    pub(crate) fn call_with(&self, keys: &[&str]) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.text).arg(keys.len()).arg(keys);
        command
    }

    /// Returns a call for each of `keys`, to be sent together. With `in_order`, one server executes them in this order, and
    /// only the first call contains the text.
    pub(crate) fn calls<'a>(&self, keys: impl IntoIterator<Item = &'a str>, in_order: bool) -> Vec<Cmd> {
        let call =
            |(number, key)| if number == 0 || !in_order { self.call(key) } else { self.call_again(key) };
        keys.into_iter().enumerate().map(call).collect()
    }

    fn call_again(&self, key: &str) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        let hash = self.hash.get_or_init(|| Script::new(self.text).get_hash().to_owned());
        command.arg(hash).arg(1).arg(key);
        command
    }
}
