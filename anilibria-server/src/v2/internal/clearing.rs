//! Restriction of patterns to the keys of this service.

use std::collections::BTreeSet;

use crate::titles::key::KINDS;

/// Returns patterns that together match the intersection of `pattern` and [`KINDS`].
pub(super) fn ours(pattern: &str) -> BTreeSet<String> {
    KINDS.iter().flat_map(|kind| both(pattern, kind)).collect()
}

/// Returns patterns that together match the intersection of `pattern` and `kind`. `kind` contains no `*`, except at its end.
fn both(pattern: &str, kind: &str) -> Vec<String> {
    let (beginning, goes_on) = kind.strip_suffix('*').map_or((kind, false), |beginning| (beginning, true));
    let rests = beginning.chars().fold(BTreeSet::from([pattern]), |rests, char| after(&rests, char));
    let rests = rests.into_iter().filter(|rest| goes_on || rest.chars().all(|char| char == '*'));
    rests.map(|rest| if goes_on { format!("{beginning}{rest}") } else { beginning.to_owned() }).collect()
}

/// Returns the remainders of patterns after matching `char`. A pattern has more than one remainder if a `*` may end there or
/// not.
fn after<'p>(patterns: &BTreeSet<&'p str>, char: char) -> BTreeSet<&'p str> {
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
    fn pattern_of_one_kind_stays_as_it_is() {
        assert_eq!(ours("titles:*"), BTreeSet::from(["titles:*".to_owned()]));
        assert_eq!(ours("title:42"), BTreeSet::from(["title:42".to_owned()]));
        assert_eq!(ours("schedule"), BTreeSet::from(["schedule".to_owned()]));
    }

    #[test]
    fn pattern_of_everything_is_every_kind() {
        assert_eq!(ours("*"), KINDS.iter().map(|&kind| kind.to_owned()).collect());
        assert_eq!(ours("***"), ours("*"));
    }

    #[test]
    fn what_is_not_ours_is_never_matched() {
        for pattern in ["v1:*", "flags:*", "connections", "", "schedules", "titl", "title", "Title:*"] {
            assert_eq!(ours(pattern), BTreeSet::new(), "{pattern}");
        }
    }

    #[test]
    fn patterns_match_exactly_what_is_asked_for_and_ours() {
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
        for asked in [
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
            let ours: Vec<_> = ours(asked).into_iter().map(Pattern::from).collect();
            for key in keys {
                let is_ours = KINDS.iter().any(|&kind| Pattern::from(kind).matches(key));
                let wanted = is_ours && Pattern::from(asked).matches(key);

                assert_eq!(ours.iter().any(|pattern| pattern.matches(key)), wanted, "{asked} and {key}");
            }
        }
    }
}
