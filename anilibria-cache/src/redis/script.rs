//! What the server does in one step: each script looks at one key only, or at keys with the same part in braces, so that it
//! works in a cluster.

use std::sync::OnceLock;

use redis::{Cmd, Script};

/// A script, and how to call it.
pub(super) struct Lua {
    text: &'static str,
    hash: OnceLock<String>,
}

/// Notes that an entry carries a tag. `KEYS`: the tag. `ARGV`: the key of the entry, milliseconds that it is kept.
///
/// A tag is a sorted set of keys by the time when they can be forgotten, told by the clock of the server alone. A link
/// that is already there for longer stays: its entry may just be taking the place of the one this is about.
pub(super) static LINK: Lua = Lua::new(include_str!("script/link.lua"));

/// Drops or expires an entry and says how many that were, 0 or 1. `KEYS`: the entry. `ARGV`: `remove` or `expire`; the
/// tag it has to carry, or nothing; what to do with something that is no entry, `take` or `spare`; the version of the
/// format; the time in its 8 bytes; and [`deadlines`](crate::format::deadlines) of an entry that expires then.
pub(super) static TOUCH: Lua = Lua::new(include_str!("script/touch.lua"));

/// Publishes an invalidation. `KEYS`: the generation. `ARGV`: the channel, who publishes, the invalidation.
pub(super) static PUBLISH: Lua = Lua::new(include_str!("script/publish.lua"));

/// Gives back a lock. `KEYS`: the lock. `ARGV`: the token it was taken with.
pub(super) static UNLOCK: Lua = Lua::new(include_str!("script/unlock.lua"));

/// Makes a post. `KEYS`: the stream, what tells that the post was made before, the bookmark, the greatest token. `ARGV`:
/// the id, how many posts are kept, the id of the oldest, the channel, the payload, milliseconds that the second key is
/// kept, whether it counts, whether there is a bookmark, the bookmark, the token, the last id that was there before, the
/// content, the note or nothing, the version in twenty digits. Answers 1, 0 if it was made before, -1 if the token is too
/// small, -2 if what was there before is not, or the last id when that is later.
pub(super) static APPEND: Lua = Lua::new(include_str!("script/append.lua"));

/// Gives a stream back what it has lost, and says how many posts that were. `KEYS`: the stream, which is the channel on
/// which that is told, too. `ARGV`: how many posts are kept, and the id, the payload and the note (or nothing) of each
/// post, the oldest first.
pub(super) static RESTORE: Lua = Lua::new(include_str!("script/restore.lua"));

/// Changes a map. `KEYS`: the map, the greatest token. `ARGV`: the token, whether all fields go first, how many are set,
/// field and value of each, fields that go. Answers 1, or 0 if the token is too small.
pub(super) static CHANGE: Lua = Lua::new(include_str!("script/change.lua"));

/// Takes or prolongs an office and says the token of its holder, 0 when that is somebody else. `KEYS`: the office. `ARGV`:
/// the candidate, milliseconds of a term.
pub(super) static ELECT: Lua = Lua::new(include_str!("script/elect.lua"));

/// Gives back an office. `KEYS`: the office. `ARGV`: the candidate.
pub(super) static RESIGN: Lua = Lua::new(include_str!("script/resign.lua"));

/// Says who of an instance is in a set, and answers which other instances have somebody there. `KEYS`: the set. `ARGV`:
/// the instance, seconds that the set is kept, and the members.
pub(super) static ATTEND: Lua = Lua::new(include_str!("script/attend.lua"));

/// Takes whoever is of some instances out of a set. `KEYS`: the set. `ARGV`: the instances.
pub(super) static BURY: Lua = Lua::new(include_str!("script/bury.lua"));

impl Lua {
    const fn new(text: &'static str) -> Self {
        Self { text, hash: OnceLock::new() }
    }

    /// A call with the text of the script. The server may have restarted since the last one and forgotten it; sending
    /// the text costs less than finding that out.
    pub(super) fn call(&self, key: &str) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.text).arg(1).arg(key);
        command
    }

    /// A call that looks at several keys, which have to be in one slot of a cluster.
    pub(super) fn call_with(&self, keys: &[&str]) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.text).arg(keys.len()).arg(keys);
        command
    }

    /// Calls for each of `keys`, to be sent together. Where they arrive at one server and in their order, the first
    /// brings the text for all.
    pub(super) fn calls<'a>(&self, keys: impl IntoIterator<Item = &'a str>, in_order: bool) -> Vec<Cmd> {
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
