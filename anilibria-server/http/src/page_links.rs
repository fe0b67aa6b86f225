//! Response header `Link` of the pages of a list (RFC 8288).
//!
//! Targets are references that consist of a query only. Clients resolve them against the address of their request, so they are
//! correct behind any proxy, whatever host and path prefix it adds.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use poem::http::HeaderValue;
use url::form_urlencoded;

use crate::known_parameters::list_name;

/// Name of the parameter with the number of a page.
const PAGE: &str = "page";

/// Maximum size in bytes of the header. Proxies limit all headers of a response together, to 4 KiB by default.
const MAX_LEN: usize = 2560;

/// Characters of a query that are percent-encoded: those that no URI may contain, and those by which simple parsers split the
/// header. Escapes in the query stay as they are.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b',')
    .add(b';');

/// Returns the links from page `page` of `pages` to the next, the previous, the first and the last page, with all other
/// parameters of `query`; `None` if there is no page to link to. Links that would make the header too long are omitted, the
/// last ones first.
pub fn page_links(query: &str, page: u32, pages: u64) -> Option<HeaderValue> {
    let page = u64::from(page);
    let exists = |page: u64| (1..=pages).contains(&page).then_some(page);
    let relations = [
        ("next", exists(page.saturating_add(1))),
        ("prev", exists(page.saturating_sub(1))),
        ("first", exists(1)),
        ("last", exists(pages)),
    ];
    let others = others(query);
    let mut links = String::new();
    for (relation, page) in relations {
        let Some(page) = page else { continue };
        let len = links.len();
        // Writing into a string cannot fail.
        let separator = if links.is_empty() { "" } else { ", " };
        let _ = write!(links, "{separator}<?{others}{PAGE}={page}>; rel=\"{relation}\"");
        if links.len() > MAX_LEN {
            links.truncate(len);
            break;
        }
    }
    if links.is_empty() { None } else { HeaderValue::try_from(links).ok() }
}

/// Returns the parameters of `query` except the page, each with `&` after it.
fn others(query: &str) -> String {
    let mut others = String::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let key = form_urlencoded::parse(pair.as_bytes()).next().map(|(key, _)| key);
        if key.is_some_and(|key| list_name(&key) == PAGE) {
            continue;
        }
        others.extend(utf8_percent_encode(pair, ENCODED));
        others.push('&');
        if others.len() > MAX_LEN {
            break;
        }
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(query: &str, page: u32, pages: u64) -> String {
        page_links(query, page, pages).map_or_else(String::new, |links| links.to_str().unwrap().to_owned())
    }

    #[test]
    fn middle_page_has_all_links() {
        assert_eq!(
            links("page=2&limit=5", 2, 4),
            "<?limit=5&page=3>; rel=\"next\", <?limit=5&page=1>; rel=\"prev\", \
             <?limit=5&page=1>; rel=\"first\", <?limit=5&page=4>; rel=\"last\""
        );
    }

    #[test]
    fn links_lead_to_existing_pages_only() {
        assert_eq!(links("", 1, 0), "");
        assert_eq!(links("", 1, 1), "<?page=1>; rel=\"first\", <?page=1>; rel=\"last\"");
        assert!(!links("page=9", 9, 4).contains("prev") && !links("page=9", 9, 4).contains("next"));
        assert!(links("page=5", 5, 4).starts_with("<?page=4>; rel=\"prev\", "));
        assert!(!links("page=4294967295", u32::MAX, 4).contains("next"));
    }

    #[test]
    fn other_parameters_are_unchanged() {
        let links = links("genres[]=%D0%94,a&page%5B%5D=3&&x=1;2&page=3&y=<\"ы>&pages=7", 1, 2);

        let next = links.split(", ").next().unwrap();
        assert_eq!(next, "<?genres[]=%D0%94%2Ca&x=1%3B2&y=%3C%22%D1%8B%3E&pages=7&page=2>; rel=\"next\"");
    }

    #[test]
    fn header_has_a_maximum_length() {
        let long = format!("q={}", "x".repeat(1000));
        let links_of_long = links(&long, 2, 4);

        assert!(links_of_long.contains("next") && links_of_long.contains("prev"));
        assert!(!links_of_long.contains("last"));
        assert!(links_of_long.len() <= MAX_LEN);
        assert_eq!(links(&"q=x&".repeat(2000), 2, 4), "");
    }
}
