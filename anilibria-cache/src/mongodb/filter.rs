//! Filters for the documents that an invalidation covers.

use mongodb::bson::{Bson, Document, doc};

use super::document::{ENTRY, ID, TAGS};
use crate::{invalidation::Scope, pattern::Pattern};

/// Returns a filter for the documents that `scope` covers in the store with `prefix`.
///
/// Documents that are not entries never match, because the collection may hold others.
pub(super) fn of(scope: &Scope, prefix: &str) -> Document {
    let (id, tag) = match scope {
        Scope::Key(key) => (Some(Bson::from(format!("{prefix}{key}"))), None),
        Scope::Tag(tag) => (id_like(prefix, None), Some(tag)),
        Scope::Matching(pattern) => (id_like(prefix, Some(pattern)), None),
        Scope::All => (id_like(prefix, None), None),
    };

    let mut filter = doc! { ENTRY.as_str(): { "$type": "binData" } };
    if let Some(id) = id {
        filter.insert(ID.as_str(), id);
    }
    if let Some(tag) = tag {
        filter.insert(TAGS.as_str(), tag.as_str());
    }
    filter
}

/// Returns a condition for the `_id` of keys that match `pattern`, or `None` if all match.
fn id_like(prefix: &str, pattern: Option<&Pattern>) -> Option<Bson> {
    let pattern = pattern.map_or("*", Pattern::as_str);
    if !pattern.contains('*') {
        return Some(Bson::from(format!("{prefix}{pattern}")));
    }

    let mut regex = String::from("^");
    escape(prefix, &mut regex);
    // Without an end, the server reads a regex that begins with text as a range of the index.
    let (body, end) = match pattern.trim_end_matches('*') {
        "" if prefix.is_empty() => return None,
        body if body.len() < pattern.len() => (body, ""),
        body => (body, r"\z"),
    };
    for (index, piece) in body.split('*').enumerate() {
        if index > 0 && !regex.ends_with(".*") {
            regex.push_str(".*");
        }
        escape(piece, &mut regex);
    }
    regex.push_str(end);
    // `s`: a dot is any character, also a line break.
    Some(Bson::from(doc! { "$regex": regex, "$options": "s" }))
}

/// Appends a regex that matches only `text`. Escapes NUL, which a regex cannot contain.
fn escape(text: &str, regex: &mut String) {
    for char in text.chars() {
        match char {
            '\0' => regex.push_str(r"\x00"),
            '\\' | '^' | '$' | '.' | '|' | '?' | '*' | '+' | '(' | ')' | '[' | ']' | '{' | '}' => {
                regex.extend(['\\', char]);
            }
            _ => regex.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(prefix: &str, pattern: &str) -> Option<String> {
        let filter = of(&Scope::matching(pattern), prefix);
        filter.get("_id").map(|id| match id {
            Bson::Document(like) => like.get_str("$regex").unwrap().to_owned(),
            id => format!("= {}", id.as_str().unwrap()),
        })
    }

    #[test]
    fn a_pattern_becomes_the_narrowest_filter() {
        let cases = [
            ("", "*", None),
            ("", "**", None),
            ("site:", "*", Some("^site:")),
            ("", "", Some("= ")),
            ("site:", "title:1", Some("= site:title:1")),
            ("", "title:*", Some("^title:")),
            ("site:", "title:**", Some("^site:title:")),
            ("", "*:1", Some(r"^.*:1\z")),
            ("", "a**b*c", Some(r"^a.*b.*c\z")),
            ("", "t?tle.[0-9]*", Some(r"^t\?tle\.\[0-9\]")),
            ("a.b$", "a\0*", Some(r"^a\.b\$a\x00")),
        ];

        for (prefix, pattern, expected) in cases {
            assert_eq!(id(prefix, pattern).as_deref(), expected, "{prefix:?} and {pattern:?}");
        }
    }

    #[test]
    fn filters_match_entries_only() {
        let scopes = [Scope::key("k"), Scope::tag("t"), Scope::matching("k*"), Scope::All];

        for scope in scopes {
            assert_eq!(
                of(&scope, "").get("entry"),
                Some(&Bson::from(doc! { "$type": "binData" })),
                "{scope:?}"
            );
        }
    }

    #[test]
    fn filter_of_a_tag_contains_the_prefix() {
        let filter = of(&Scope::tag("title:1"), "site:");

        assert_eq!(filter.get_str("tags").unwrap(), "title:1");
        assert!(filter.get("_id").is_some());
    }
}
