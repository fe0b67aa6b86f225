//! Negotiation of the media type by the header `Accept`.

use poem::http::{HeaderMap, header};

use super::encoding::quality;

/// Precision of a media range that names a media type, with neither `*` nor `type/*`.
const EXACT: u8 = 2;

/// True if `Accept` in `headers` of a request prefers HTML to JSON, as browsers do. Equal quality values do not.
pub fn prefers_html(headers: &HeaderMap) -> bool {
    media_quality(headers, "text", "html") > media_quality(headers, "application", "json")
}

/// True if `Accept` in `headers` of a request names `application/problem+json`, and does not prefer `application/json` to it.
/// A range such as `*/*` does not name it.
pub fn names_problem_json(headers: &HeaderMap) -> bool {
    // Most lists have no such subtype, and need no parsing.
    if !headers.get_all(header::ACCEPT).iter().any(|list| list.as_bytes().contains(&b'+')) {
        return false;
    }
    let problem = best_range(headers, "application", "problem+json");
    problem.is_some_and(|(precision, quality)| {
        precision == EXACT && quality > 0 && quality >= media_quality(headers, "application", "json")
    })
}

/// Returns the quality value of a media type, in thousandths. The most specific range that matches decides.
fn media_quality(headers: &HeaderMap, kind: &str, subtype: &str) -> u16 {
    best_range(headers, kind, subtype).map_or(0, |(_, quality)| quality)
}

/// Returns the precision and the quality value of the most specific range that matches a media type.
fn best_range(headers: &HeaderMap, kind: &str, subtype: &str) -> Option<(u8, u16)> {
    let lists = headers.get_all(header::ACCEPT).iter().filter_map(|list| list.to_str().ok());
    let ranges = lists.flat_map(|list| list.split(','));
    let matches = ranges.filter_map(|range| {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let (range_kind, range_subtype) = name.trim().split_once('/')?;
        let precision = match (range_kind, range_subtype) {
            ("*", "*") => 0,
            (name, "*") if name.eq_ignore_ascii_case(kind) => 1,
            (name, sub) if name.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) => EXACT,
            _ => return None,
        };
        Some((precision, quality(parameters)?))
    });
    matches.max()
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn headers(accept: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_str(accept).unwrap())])
    }

    fn prefers_html(accept: &str) -> bool {
        super::prefers_html(&headers(accept))
    }

    #[test]
    fn browsers_prefer_html() {
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
    fn other_clients_prefer_json() {
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

    #[test]
    fn problem_json_has_to_be_named() {
        for accept in [
            "application/problem+json",
            "Application/Problem+JSON; charset=utf-8",
            "application/json, application/problem+json",
            "application/problem+json, */*",
            "application/json;q=0.2, application/problem+json;q=0.3",
            "text/html, application/xhtml+xml, application/problem+json;q=0.1",
        ] {
            assert!(names_problem_json(&headers(accept)), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "application/*",
            "application/json",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "application/problem+xml",
            "application/problem+json;q=0",
            "application/problem+json;q=x",
            "application/problem+json;q=0.5, application/json",
            "application/problem+json;q=0.5, */*",
        ] {
            assert!(!names_problem_json(&headers(accept)), "{accept}");
        }
        assert!(!names_problem_json(&HeaderMap::new()));
    }

    #[test]
    fn header_may_be_repeated_and_long() {
        let mut many = headers(&"text/x+y;q=0.001,".repeat(5000));
        assert!(!names_problem_json(&many));

        many.append(header::ACCEPT, HeaderValue::from_static("application/problem+json"));

        assert!(names_problem_json(&many));
    }
}
