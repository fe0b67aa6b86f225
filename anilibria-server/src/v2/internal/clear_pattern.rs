//! Restriction of key patterns to the keys of this service.

use std::collections::BTreeSet;

use crate::titles::key::KEY_PATTERNS;

/// Returns patterns that together match the intersection of `pattern` and [`KEY_PATTERNS`].
pub(super) fn own_patterns(pattern: &str) -> BTreeSet<String> {
    KEY_PATTERNS.iter().flat_map(|kind| intersection(pattern, kind)).collect()
}

/// Returns patterns that together match the intersection of `pattern` and `kind`. `kind` contains no `*`, except at its end.
fn intersection(pattern: &str, kind: &str) -> Vec<String> {
    let (prefix, is_open) = kind.strip_suffix('*').map_or((kind, false), |prefix| (prefix, true));
    let rests = prefix.chars().fold(BTreeSet::from([pattern]), |rests, char| rests_after(&rests, char));
    let rests = rests.into_iter().filter(|rest| is_open || rest.chars().all(|char| char == '*'));
    rests.map(|rest| if is_open { format!("{prefix}{rest}") } else { prefix.to_owned() }).collect()
}

/// Returns the rests of `patterns` after the character `char`. A pattern has two rests if its first `*` may end before `char` or
/// match it.
fn rests_after<'p>(patterns: &BTreeSet<&'p str>, char: char) -> BTreeSet<&'p str> {
    let mut rests = BTreeSet::new();
    for pattern in patterns {
        let literal = pattern.trim_start_matches('*');
        if literal.len() < pattern.len() {
            // Consecutive `*` are equivalent to one.
            rests.insert(&pattern[pattern.len() - literal.len() - 1..]);
        }
        rests.extend(literal.strip_prefix(char));
    }
    rests
}

#[cfg(test)]
mod tests {
    use anilibria_cache::Pattern;

    use super::*;

    #[test]
    fn pattern_of_own_keys_is_unchanged() {
        assert_eq!(own_patterns("titles:*"), BTreeSet::from(["titles:*".to_owned()]));
        assert_eq!(own_patterns("title:42"), BTreeSet::from(["title:42".to_owned()]));
        assert_eq!(own_patterns("schedule"), BTreeSet::from(["schedule".to_owned()]));
    }

    #[test]
    fn pattern_of_everything_becomes_all_own_patterns() {
        assert_eq!(own_patterns("*"), KEY_PATTERNS.iter().map(|&kind| kind.to_owned()).collect());
        assert_eq!(own_patterns("***"), own_patterns("*"));
    }

    #[test]
    fn foreign_keys_are_never_matched() {
        for pattern in ["v1:*", "flags:*", "connections", "", "schedules", "titl", "title", "Title:*"] {
            assert_eq!(own_patterns(pattern), BTreeSet::new(), "{pattern}");
        }
    }

    #[test]
    fn patterns_match_exactly_the_requested_own_keys() {
        let keys = [
            "title:5",
            "title:e:5",
            "titles:page:1:limit:20:filters:x",
            "search:кот:limit:20",
            "search:schedule:limit:20",
            "updates:limit:20",
            "popular:limit:20:page:2",
            "schedule",
            "schedule:days:0",
            "genres",
            "genres:ids",
            "v1:title:5",
            "flags:limit:20",
            "schedules",
            "genre",
        ];
        for requested in [
            "*",
            "t*",
            "t*e:5",
            "*5",
            "*:limit:20",
            "*limit*",
            "*s",
            "schedule*",
            "s*e*",
            "g*",
            "search:*",
            "*к*т*",
            "title:*:5",
        ] {
            let patterns: Vec<_> = own_patterns(requested).into_iter().map(Pattern::from).collect();
            for key in keys {
                let is_own = KEY_PATTERNS.iter().any(|&kind| Pattern::from(kind).matches(key));
                let wanted = is_own && Pattern::from(requested).matches(key);

                assert_eq!(
                    patterns.iter().any(|pattern| pattern.matches(key)),
                    wanted,
                    "{requested} and {key}"
                );
            }
        }
    }
}
