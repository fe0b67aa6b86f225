//! How things are called in Redis.

use crate::pattern::Pattern;

/// What begins with this after the prefix is the store's own; a key of an entry that does is given one more.
const OWN: char = '#';

/// The names of what one cache keeps in Redis.
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

    /// The channel on which invalidations travel.
    pub(crate) fn channel(&self) -> &str {
        &self.channel
    }

    /// The number of the last invalidation that was published.
    pub(crate) fn generation(&self) -> String {
        format!("{}#generation:{}", self.prefix, self.channel)
    }

    pub(crate) fn entry(&self, key: &str) -> String {
        let escape = if key.starts_with(OWN) { "#" } else { "" };
        [&self.prefix, escape, key].concat()
    }

    pub(crate) fn tag(&self, tag: &str) -> String {
        self.own("tag", tag)
    }

    pub(crate) fn lock(&self, key: &str) -> String {
        self.own("lock", key)
    }

    /// Returns the Redis key of `name` among internal keys of one `kind`. No entry can have such a key.
    pub(crate) fn own(&self, kind: &str, name: &str) -> String {
        [&self.prefix, "#", kind, ":", name].concat()
    }

    /// The key of the entry that is called `name`, if an entry can be.
    pub(crate) fn key_of<'a>(&self, name: &'a str) -> Option<&'a str> {
        let key = name.strip_prefix(&self.prefix)?;
        match key.strip_prefix(OWN) {
            None => Some(key),
            Some(escaped) => escaped.starts_with(OWN).then_some(escaped),
        }
    }

    /// What `SCAN` should look for: at least all entries whose key matches `pattern`.
    pub(crate) fn glob(&self, pattern: &Pattern) -> String {
        let mut own = String::with_capacity(self.prefix.len() + 2);
        escape(&self.prefix, false, &mut own);
        if pattern.as_str().starts_with(OWN) {
            own.push(OWN);
        }
        own + &glob(pattern)
    }
}

/// What `SCAN` should look for, where no prefix is added: all texts whose name matches `pattern`.
pub(crate) fn glob(pattern: &Pattern) -> String {
    let mut glob = String::with_capacity(pattern.as_str().len() + 2);
    escape(pattern.as_str(), true, &mut glob);
    glob
}

/// Adds `text` to `glob` in such a way that nothing in it has a meaning, except `*` where stars are wanted.
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
    fn no_key_can_be_taken_for_something_of_the_store() {
        let keys = Keys::new("a:".into(), None);

        for key in ["", "title:1", "#tag:x", "##tag:x", "#lock:x", "#office:x", "#"] {
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
    fn only_the_stars_of_a_pattern_mean_something() {
        let keys = Keys::new("a*:".into(), None);

        let globs = ["t?t[le]\\*", "*", "#x*"].map(|pattern| keys.glob(&pattern.into()));

        assert_eq!(globs, ["a\\*:t\\?t\\[le\\]\\\\*", "a\\*:*", "a\\*:##x*"]);
    }
}
