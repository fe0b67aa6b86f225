//! Any text is valid as a key, a tag or a pattern.

use super::probe::Probe;
use crate::{
    invalidation::{Invalidation, Scope},
    store::Store,
};

/// Texts with a special meaning in a protocol, a query language or a file system.
const ODD: [&str; 22] = [
    "",
    " ",
    ":",
    "a:b:",
    "ключ:ёлка",
    "🦀",
    "e\u{301}",
    "a b\tc\r\nd",
    "nul\0nul",
    "%2e%2e",
    "../..",
    "a/b",
    "a\\b",
    "$where",
    "a.b",
    "{x}",
    "[x]",
    "\"quoted\"",
    "'; --",
    "\u{feff}bom",
    "\u{10ffff}",
    "^a.b$",
];

/// Keys and tags are kept apart: with white space, quotes, any script, without characters, or with 500 bytes.
pub async fn keys_and_tags_are_any_text(store: impl Store) {
    let probe = Probe::new(store);
    let long = ["x".repeat(500), "ё".repeat(250), format!("{}y", "x".repeat(499))];
    let texts: Vec<&str> = ODD.iter().copied().chain(long.iter().map(String::as_str)).collect();
    for text in &texts {
        probe.set(text, &probe.entry(text, &[text])).await;
    }

    for text in &texts {
        probe.assert_has(text, &probe.entry(text, &[text])).await;
    }

    for (number, text) in texts.iter().enumerate() {
        let scope = if number % 2 == 0 { Scope::key(*text) } else { Scope::tag(*text) };
        probe.assert_visits(Invalidation::expire(scope.clone()), 1).await;
        let expired = probe.get(text).await;
        assert!(expired.is_some_and(|entry| !entry.is_fresh(probe.now)), "{scope:?} was expired");
        probe.assert_visits(Invalidation::remove(scope), 1).await;
        probe.assert_lacks(text).await;
    }
}

/// Keys and tags that resemble internal names of a store are treated like any other.
pub async fn keys_that_resemble_internal_names_are_keys(store: impl Store) {
    let probe = Probe::new(store);
    let names =
        ["tag:x", "#tag:x", "x", "t:x", "key:x", "k:x", "lock:x", "meta:x", "v:x", "_id", "tags", "index"];
    for name in names {
        probe.set(name, &probe.entry(name, &["x", "tag:x", name])).await;
    }

    for name in names {
        let entry = probe.entry(name, &["x", "tag:x", name]);
        probe.assert_has(name, &entry).await;
        assert_eq!(probe.remove(Scope::key(name)).await, 1, "number of entries removed under {name:?}");
        probe.set(name, &entry).await;
    }
    probe.assert_visits(Invalidation::remove(Scope::tag("tag:x")), names.len()).await;

    for name in names {
        probe.assert_lacks(name).await;
    }
}

/// In a pattern, only `*` is a wildcard.
pub async fn star_is_the_only_wildcard_of_patterns(store: impl Store) {
    let probe = Probe::new(store);
    let cases = [
        ("a?c", "abc"),
        ("a[bc]d", "abd"),
        ("a\\d", "a1"),
        ("a\\?", "a?"),
        ("^abc", "abc"),
        ("abc$", "abc"),
        ("a.c", "abc"),
        ("a+", "aa"),
        ("(a|b)", "a"),
        ("a{2}", "aa"),
        ("%", "abc"),
        ("a_c", "abc"),
        ("ё?", "ёё"),
    ];

    for (pattern, other) in cases {
        probe.set(pattern, &probe.entry("itself", &[])).await;
        probe.set(other, &probe.entry("other", &[])).await;

        for scope in [Scope::matching(pattern), Scope::matching(format!("{pattern}*"))] {
            let itself = probe.expire(scope).await;
            assert_eq!(itself, 1, "number of keys like {pattern:?}, which {other:?} is not");
        }
        probe.assert_has(other, &probe.entry("other", &[])).await;
        probe.remove(Scope::All).await;
    }
}
