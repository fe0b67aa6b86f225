//! Trace context of work that runs later or on another instance.

use std::fmt;

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Length in bytes of an origin as text.
const LEN: usize = 55;

/// The traced span that caused some work. The work belongs to the same trace, even if it runs later in another process. As
/// text it is the `traceparent` of W3C Trace Context, version `00`, sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    trace: TraceId,
    span: SpanId,
}

impl Origin {
    /// Returns the origin for `span`; `None` if the span is not traced.
    pub fn of(span: &Span) -> Option<Self> {
        let context = span.context();
        let span = context.span().span_context().clone();
        (span.is_valid() && span.is_sampled()).then(|| Self { trace: span.trace_id(), span: span.span_id() })
    }

    /// Parses the text form; `None` for anything else.
    pub fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() == LEN)?;
        let (trace, span) = text.strip_prefix("00-")?.strip_suffix("-01")?.split_once('-')?;
        let origin = Self { trace: TraceId::from_hex(trace).ok()?, span: SpanId::from_hex(span).ok()? };
        let is_valid = origin.trace != TraceId::INVALID && origin.span != SpanId::INVALID;
        // Only the canonical form is valid: hexadecimal numbers have other spellings, too.
        (is_valid && origin.to_string() == text).then_some(origin)
    }

    /// Returns the id of the trace: 32 hexadecimal digits.
    pub fn trace_id(self) -> String {
        self.trace.to_string()
    }

    /// Adds `span`, which handles one message, to the trace: as a child of this span. The two spans are also linked, for
    /// trace viewers that show messages as links between sender and receiver.
    pub fn adopt(self, span: &Span) {
        let here = SpanContext::new(self.trace, self.span, TraceFlags::SAMPLED, true, TraceState::NONE);
        // Fails if no layer records traces. Then there is no trace to join.
        let _ = span.set_parent(Context::new().with_remote_span_context(here.clone()));
        span.add_link(here);
    }

    /// Deserialises an origin; `None` if it is malformed. The message that contains it must stay readable.
    ///
    /// # Errors
    ///
    /// Returns the error of `deserializer`.
    pub fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(Value::deserialize(deserializer)?.as_str().and_then(|text| Self::read(text.as_bytes())))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-01", self.trace, self.span)
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An origin as text.
#[cfg(test)]
const ORIGIN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[cfg(test)]
mod tests {
    use super::{ORIGIN as TEXT, *};

    #[test]
    fn what_was_written_is_read() {
        let origin = Origin::read(TEXT.as_bytes()).unwrap();

        assert_eq!(origin.to_string(), TEXT);
        assert_eq!(origin.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn anything_else_is_none() {
        let zeros = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        for text in [
            "",
            "00",
            &TEXT.replace("-01", "-00"),
            &TEXT.replacen("00-", "01-", 1),
            &TEXT.replacen("00-", "ff-", 1),
            &TEXT.to_uppercase(),
            &TEXT.replace("4bf9", "+bf9"),
            &TEXT.replace("4bf9", "4bé"),
            &TEXT.replace("00f067aa0ba902b7", "0000000000000000"),
            &TEXT.replace("00f067aa0ba902b7", "00f067aa0ba902b"),
            &format!("{TEXT}-more"),
            &format!("{TEXT} "),
            &TEXT.repeat(100_000),
            &zeros,
        ] {
            assert_eq!(Origin::read(text.as_bytes()), None, "{text:.60}");
        }
        assert_eq!(Origin::read(&[0xff; LEN]), None);
    }

    #[test]
    fn span_that_nobody_traces_is_no_origin() {
        assert_eq!(Origin::of(&Span::none()), None);
        assert_eq!(Origin::of(&tracing::info_span!("untraced")), None);
    }
}
