//! Whether a client already has what it asks for.

use poem::http::HeaderValue;

/// Whether a client that sent `lists` as `If-None-Match` has what `etag` names.
///
/// Tags are compared weakly, as the standard wants it for this header: `W/"x"` and `"x"` are the same. A list that is
/// malformed counts as far as it is not.
pub fn has_already(lists: &[HeaderValue], etag: &[u8]) -> bool {
    let wanted = opaque(etag);
    lists.iter().any(|list| names(list.as_bytes(), wanted))
}

/// A tag without its mark of weakness.
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

fn names(list: &[u8], wanted: &[u8]) -> bool {
    let mut rest = list.trim_ascii();
    if rest == b"*" {
        return true;
    }
    while let Some((tag, after)) = next_tag(rest) {
        if tag == wanted {
            return true;
        }
        rest = after;
    }
    false
}

/// The first tag of a list, in its quotes, and what follows it. A comma inside the quotes belongs to the tag.
fn next_tag(list: &[u8]) -> Option<(&[u8], &[u8])> {
    let list = opaque(list.trim_ascii_start());
    let inside = list.strip_prefix(b"\"")?;
    let end = inside.iter().position(|byte| *byte == b'"')? + 2;
    let (tag, after) = list.split_at_checked(end)?;
    let after = after.trim_ascii_start();
    Some((tag, after.strip_prefix(b",").unwrap_or(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(sent: &'static str, etag: &str) -> bool {
        has_already(&[HeaderValue::from_static(sent)], etag.as_bytes())
    }

    #[test]
    fn weak_and_strong_tags_are_the_same() {
        assert!(has(r#""abc""#, r#"W/"abc""#));
        assert!(has(r#"W/"abc""#, r#"W/"abc""#));
        assert!(has(r#"W/"abc""#, r#""abc""#));
    }

    #[test]
    fn any_tag_of_a_list_will_do() {
        assert!(has(r#""x", W/"a,b" ,"abc""#, r#"W/"abc""#));
        assert!(has(r#""x", W/"a,b" ,"abc""#, r#""a,b""#));
        assert!(!has(r#""x", "y""#, r#"W/"abc""#));
    }

    #[test]
    fn star_names_whatever_there_is() {
        assert!(has(" * ", r#"W/"abc""#));
    }

    #[test]
    fn nonsense_names_nothing() {
        for sent in ["", "abc", "\"abc", "W/", "W/abc", ",", "\"\"\"", "**"] {
            assert!(!has(sent, r#"W/"abc""#), "{sent}");
        }
    }

    #[test]
    fn header_may_be_repeated() {
        let lists = [r#""x""#, r#""abc""#].map(HeaderValue::from_static);

        assert!(has_already(&lists, br#"W/"abc""#));
    }
}
