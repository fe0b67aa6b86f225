//! Names of keys in Redis.

use crate::pattern::Pattern;

/// Internal keys begin with this after the prefix. The key of an entry that begins with it gets a second one.
const OWN: char = '#';

/// Names of the keys of one cache. Keys of different kinds never have the same name.
#[derive(Debug)]
pub(crate) struct Keys {
    prefix: String,
    channel: String,
}

impl Keys {
    pub(crate) fn new(prefix: String, channel: Option<String>) -> Self {
        let channel = channel.unwrap_or_else(|| format!("{prefix}cache_invalidate"));
        Self { prefix, channel }
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the channel on which invalidations are published.
    pub(crate) fn channel(&self) -> &str {
        &self.channel
    }

    /// Returns the key of the number of the last published invalidation.
    pub(crate) fn generation(&self) -> String {
        format!("{}#generation:{}", self.prefix, self.channel)
    }

    pub(crate) fn entry(&self, key: &str) -> String {
        let escape = if key.starts_with(OWN) { "#" } else { "" };
        [&self.prefix, escape, key].concat()
    }

    /// Returns the key of the generations of a tag.
    pub(crate) fn tag(&self, tag: &str) -> String {
        self.own("tag-generation", tag)
    }

    pub(crate) fn lock(&self, key: &str) -> String {
        self.own("lock", key)
    }

    /// Returns the Redis key of `name` among internal keys of one `kind`. No entry can have such a key.
    pub(crate) fn own(&self, kind: &str, name: &str) -> String {
        [&self.prefix, "#", kind, ":", name].concat()
    }

    /// Returns the key of the entry with this name in Redis, or `None` if no entry has such a name.
    pub(crate) fn key_of<'a>(&self, name: &'a str) -> Option<&'a str> {
        let key = name.strip_prefix(&self.prefix)?;
        match key.strip_prefix(OWN) {
            None => Some(key),
            Some(escaped) => escaped.starts_with(OWN).then_some(escaped),
        }
    }

    /// Returns the glob of `SCAN` that matches at least all entries whose key matches `pattern`.
    pub(crate) fn glob(&self, pattern: &Pattern) -> String {
        let mut own = String::with_capacity(self.prefix.len() + 2);
        escape(&self.prefix, false, &mut own);
        if pattern.as_str().starts_with(OWN) {
            own.push(OWN);
        }
        own + &glob(pattern)
    }
}

/// Returns the glob of `SCAN` that matches all keys that match `pattern`. The prefix is not added.
pub(crate) fn glob(pattern: &Pattern) -> String {
    let mut glob = String::with_capacity(pattern.as_str().len() + 2);
    escape(pattern.as_str(), true, &mut glob);
    glob
}

/// Appends `text` to `glob` and escapes all special characters, except `*` if `stars` is true.
fn escape(text: &str, stars: bool, glob: &mut String) {
    for char in text.chars() {
        if matches!(char, '?' | '[' | ']' | '\\') || (char == '*' && !stars) {
            glob.push('\\');
        }
        glob.push(char);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_keys_never_equal_internal_keys() {
        let keys = Keys::new("a:".into(), None);

        for key in ["", "title:1", "#tag-generation:x", "##tag-generation:x", "#lock:x", "#office:x", "#"] {
            let name = keys.entry(key);

            assert_eq!(keys.key_of(&name), Some(key), "{name}");
            assert!(
                ![keys.tag("x"), keys.lock("x"), keys.own("office", "x"), keys.generation()].contains(&name),
                "{name}"
            );
        }
        assert_eq!(keys.key_of(&keys.tag("x")), None);
        assert_eq!(keys.key_of("b:title:1"), None);
    }

    #[test]
    fn only_stars_of_a_pattern_are_wildcards() {
        let keys = Keys::new("a*:".into(), None);

        let globs = ["t?t[le]\\*", "*", "#x*"].map(|pattern| keys.glob(&pattern.into()));

        assert_eq!(globs, ["a\\*:t\\?t\\[le\\]\\\\*", "a\\*:*", "a\\*:##x*"]);
    }
}
