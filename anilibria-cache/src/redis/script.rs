//! What the server does in one step: each script looks at one key only, or at keys with the same part in braces, so that it
//! works in a cluster.

use std::sync::OnceLock;

use redis::{Cmd, Script};

/// A script, and how to call it.
pub(crate) struct Lua {
    text: &'static str,
    hash: OnceLock<String>,
}

/// Notes that an entry carries a tag. `KEYS`: the tag. `ARGV`: the key of the entry, milliseconds that it is kept.
///
/// A tag is a sorted set of keys by the time when they can be forgotten, told by the clock of the server alone. A link
/// that is already there for longer stays: its entry may just be taking the place of the one this is about.
pub(crate) static LINK: Lua = Lua::new(include_str!("script/link.lua"));

/// Drops or expires an entry and says how many that were, 0 or 1. `KEYS`: the entry. `ARGV`: `remove` or `expire`; the
/// tag it has to carry, or nothing; what to do with something that is no entry, `take` or `spare`; the version of the
/// format; the time in its 8 bytes; and [`deadlines`](crate::format::deadlines) of an entry that expires then.
pub(crate) static TOUCH: Lua = Lua::new(include_str!("script/touch.lua"));

/// Publishes an invalidation. `KEYS`: the generation. `ARGV`: the channel, who publishes, the invalidation.
pub(crate) static PUBLISH: Lua = Lua::new(include_str!("script/publish.lua"));

/// Gives back a lock. `KEYS`: the lock. `ARGV`: the token it was taken with.
pub(crate) static UNLOCK: Lua = Lua::new(include_str!("script/unlock.lua"));

impl Lua {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { text, hash: OnceLock::new() }
    }

    /// A call with the text of the script. The server may have restarted since the last one and forgotten it; sending
    /// the text costs less than finding that out.
    pub(crate) fn call(&self, key: &str) -> Cmd {
        self.call_with(&[key])
    }

    /// A call that looks at several keys, which have to be in one slot of a cluster.
    pub(crate) fn call_with(&self, keys: &[&str]) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.text).arg(keys.len()).arg(keys);
        command
    }

    /// Calls for each of `keys`, to be sent together. Where they arrive at one server and in their order, the first
    /// brings the text for all.
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
