//! How things are called in Redis.

use crate::Pattern;

/// What begins with this after the prefix is the store's own; a key of an entry that does is given one more.
const OWN: char = '#';

/// The names of what one cache keeps in Redis.
#[derive(Debug)]
pub(super) struct Keys {
    prefix: String,
    channel: String,
}

impl Keys {
    pub(super) fn new(prefix: String, channel: Option<String>) -> Self {
        let channel = channel.unwrap_or_else(|| format!("{prefix}cache_invalidate"));
        Self { prefix, channel }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The channel on which invalidations travel.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    /// The number of the last invalidation that was published.
    pub(super) fn generation(&self) -> String {
        format!("{}#generation:{}", self.prefix, self.channel)
    }

    pub(super) fn entry(&self, key: &str) -> String {
        let escape = if key.starts_with(OWN) { "#" } else { "" };
        [&self.prefix, escape, key].concat()
    }

    pub(super) fn tag(&self, tag: &str) -> String {
        [&self.prefix, "#tag:", tag].concat()
    }

    /// What is no entry and has a name of its own.
    pub(super) fn named(&self, name: &str) -> String {
        [&self.prefix, name].concat()
    }

    pub(super) fn lock(&self, key: &str) -> String {
        [&self.prefix, "#lock:", key].concat()
    }

    pub(super) fn office(&self, office: &str) -> String {
        [&self.prefix, "#office:", office].concat()
    }

    /// The key of the entry that is called `name`, if an entry can be.
    pub(super) fn key_of<'a>(&self, name: &'a str) -> Option<&'a str> {
        let key = name.strip_prefix(&self.prefix)?;
        match key.strip_prefix(OWN) {
            None => Some(key),
            Some(escaped) => escaped.starts_with(OWN).then_some(escaped),
        }
    }

    /// What `SCAN` should look for: at least all entries whose key matches `pattern`.
    pub(super) fn glob(&self, pattern: &Pattern) -> String {
        let mut glob = String::with_capacity(self.prefix.len() + pattern.as_str().len() + 2);
        escape(&self.prefix, false, &mut glob);
        if pattern.as_str().starts_with(OWN) {
            glob.push(OWN);
        }
        escape(pattern.as_str(), true, &mut glob);
        glob
    }
}

/// What `SCAN` should look for, where no prefix is added: all texts whose name matches `pattern`.
pub(super) fn glob(pattern: &Pattern) -> String {
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
                ![keys.tag("x"), keys.lock("x"), keys.office("x"), keys.generation()].contains(&name),
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
