//! Normalization and ranking of names for search.

use std::cmp::Ordering;

/// Normalises a name: lower case, `ё` as `е`, single spaces.
pub(crate) fn fold(text: &str) -> String {
    let lower = text.to_lowercase().replace('ё', "е");
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Rank of a match, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Match {
    Exact,
    Prefix,
    WordPrefix,
    Substring,
}

/// Returns the best match of `names`, which are folded and one per line, with the folded `query`.
pub(crate) fn best_match(names: &str, query: &str) -> Option<Match> {
    // Most names do not match at all, so one pass over the text is enough for them.
    if query.is_empty() || !names.contains(query) {
        return None;
    }
    names.lines().filter_map(|name| match_name(name, query)).min_by(Match::cmp)
}

fn match_name(name: &str, query: &str) -> Option<Match> {
    name.match_indices(query)
        .map(|(start, _)| {
            let before = name.get(..start).and_then(|before| before.chars().next_back());
            match before {
                None if name.len().cmp(&query.len()) == Ordering::Equal => Match::Exact,
                None => Match::Prefix,
                Some(before) if !before.is_alphanumeric() => Match::WordPrefix,
                Some(_) => Match::Substring,
            }
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_ranked_from_exact_to_substring() {
        let names = "ежик в тумане\nkiri no harinezumi";
        let cases = [
            ("Ёжик  в тумане", Some(Match::Exact)),
            ("KIRI", Some(Match::Prefix)),
            ("тумане", Some(Match::WordPrefix)),
            ("умане", Some(Match::Substring)),
            ("тумане kiri", None),
            ("лошадка", None),
        ];
        for (query, expected) in cases {
            assert_eq!(best_match(names, &fold(query)), expected, "{query}");
        }
    }

    #[test]
    fn empty_query_matches_nothing() {
        assert_eq!(best_match("ежик", ""), None);
    }
}
