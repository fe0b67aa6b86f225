//! Content negotiation between HTML and JSON by `Accept`.

use poem::http::{HeaderMap, header};

use super::encoding::quality;

/// True if `Accept` in `headers` of a request prefers HTML to JSON, as browsers do. Equal quality values do not.
pub fn prefers_html(headers: &HeaderMap) -> bool {
    media_quality(headers, "text", "html") > media_quality(headers, "application", "json")
}

/// Returns the quality value of a media type, in thousandths. The most specific range that matches decides.
fn media_quality(headers: &HeaderMap, kind: &str, subtype: &str) -> u16 {
    let lists = headers.get_all(header::ACCEPT).iter().filter_map(|list| list.to_str().ok());
    let ranges = lists.flat_map(|list| list.split(','));
    let matches = ranges.filter_map(|range| {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let (range_kind, range_subtype) = name.trim().split_once('/')?;
        let precision = match (range_kind, range_subtype) {
            ("*", "*") => 0,
            (name, "*") if name.eq_ignore_ascii_case(kind) => 1,
            (name, sub) if name.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) => 2,
            _ => return None,
        };
        Some((precision, quality(parameters)?))
    });
    matches.max().map_or(0, |(_, quality)| quality)
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn prefers_html(accept: &str) -> bool {
        let value = HeaderValue::from_str(accept).unwrap();
        super::prefers_html(&HeaderMap::from_iter([(header::ACCEPT, value)]))
    }

    #[test]
    fn browsers_want_a_page() {
        for accept in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            "Text/HTML",
            "text/*",
            "application/json;q=0.5, text/html;q=0.6",
            "*/*;q=0.1, text/html;charset=utf-8",
        ] {
            assert!(prefers_html(accept), "{accept}");
        }
    }

    #[test]
    fn everybody_else_wants_data() {
        for accept in [
            "",
            "*/*",
            "application/json",
            "application/json, text/plain, */*",
            "application/json, text/html",
            "text/html;q=0.5, application/json;q=0.6",
            "text/html;q=0, */*",
            "text/html;q=2",
            "text/*;q=0.9, */*",
            "html",
        ] {
            assert!(!prefers_html(accept), "{accept}");
        }
        assert!(!super::prefers_html(&HeaderMap::new()));
    }
}
