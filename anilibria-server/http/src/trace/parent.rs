//! Header `traceparent` of W3C Trace Context: the parent of a request in a distributed trace.

use poem::http::{HeaderMap, HeaderName, HeaderValue};

/// Name of the header.
pub const HEADER: HeaderName = HeaderName::from_static("traceparent");

/// Length in bytes of the header in version `00`. Later versions begin with the same fields.
const LEN: usize = 55;

/// Value of the header: the trace that a request belongs to, and the span of the caller.
#[derive(Clone, Debug)]
pub struct TraceParent(HeaderValue);

impl TraceParent {
    /// Reads the header from `headers` of a request; `None` if it is absent, repeated or invalid.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(HEADER).iter();
        let value = values.next()?;
        (values.next().is_none() && is_valid(value.to_str().ok()?)).then(|| Self(value.clone()))
    }

    /// Returns the id of the trace: 32 hexadecimal digits.
    pub fn trace_id(&self) -> &str {
        self.part(3..35)
    }

    /// Returns the id of the span of the caller: 16 hexadecimal digits.
    pub fn span_id(&self) -> &str {
        self.part(36..52)
    }

    /// True if the caller samples this trace.
    pub fn is_sampled(&self) -> bool {
        u8::from_str_radix(self.part(53..55), 16).is_ok_and(|flags| flags & 1 == 1)
    }

    /// Returns the original header, for requests to other services on behalf of this request.
    pub fn into_header(self) -> HeaderValue {
        self.0
    }

    fn part(&self, range: std::ops::Range<usize>) -> &str {
        self.0.to_str().ok().and_then(|text| text.get(range)).unwrap_or_default()
    }
}

fn is_valid(text: &str) -> bool {
    let Some((known, rest)) = text.split_at_checked(LEN) else { return false };
    let mut parts = known.split('-');
    let [version, trace, span, flags] =
        [2, 32, 16, 2].map(|len| parts.next().filter(|part| is_hex(part, len)));
    let has_ids =
        [trace, span].into_iter().all(|id| id.is_some_and(|id| id.bytes().any(|digit| digit != b'0')));
    let version_fits = match version {
        Some("ff") | None => false,
        Some("00") => rest.is_empty(),
        Some(_) => rest.is_empty() || rest.starts_with('-'),
    };
    version_fits && has_ids && flags.is_some()
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn of(values: &[&str]) -> Option<TraceParent> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        TraceParent::of(&headers)
    }

    #[test]
    fn valid_header_names_trace_and_span() {
        let parent = of(&[&format!("00-{TRACE}-{SPAN}-01")]).unwrap();

        assert_eq!((parent.trace_id(), parent.span_id()), (TRACE, SPAN));
    }

    #[test]
    fn last_bit_of_the_flags_is_the_sampled_flag() {
        for (flags, is_sampled) in [("00", false), ("01", true), ("02", false), ("ff", true)] {
            assert_eq!(of(&[&format!("00-{TRACE}-{SPAN}-{flags}")]).unwrap().is_sampled(), is_sampled);
        }
    }

    #[test]
    fn later_version_may_have_more_fields() {
        assert!(of(&[&format!("cc-{TRACE}-{SPAN}-01-what")]).is_some());
        assert!(of(&[&format!("cc-{TRACE}-{SPAN}-01.what")]).is_none());
        assert!(of(&[&format!("00-{TRACE}-{SPAN}-01-what")]).is_none());
    }

    #[test]
    fn invalid_header_is_ignored() {
        let zeros = "0".repeat(32);
        let upper = TRACE.to_uppercase();
        for value in [
            "",
            "00",
            &format!("ff-{TRACE}-{SPAN}-01"),
            &format!("00-{zeros}-{SPAN}-01"),
            &format!("00-{TRACE}-0000000000000000-01"),
            &format!("00-{upper}-{SPAN}-01"),
            &format!("00-{TRACE}_{SPAN}-01"),
            &format!("00-{TRACE}-{SPAN}-0x"),
        ] {
            assert!(of(&[value]).is_none(), "{value}");
        }
        let valid = format!("00-{TRACE}-{SPAN}-01");
        assert!(of(&[&valid, &valid]).is_none());
        assert!(of(&[]).is_none());
    }
}
