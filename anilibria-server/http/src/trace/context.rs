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

/// Length in bytes of a context as text.
const LEN: usize = 55;

/// Ids of a trace and of the span that caused some work. The work joins the trace, even if it runs later in another process.
///
/// The text form is the `traceparent` of W3C Trace Context, version `00`, sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: TraceId,
    span: SpanId,
}

impl TraceContext {
    /// Returns the context of `span`; `None` if the span is not traced.
    pub fn of(span: &Span) -> Option<Self> {
        let context = span.context();
        let span = context.span().span_context().clone();
        (span.is_valid() && span.is_sampled()).then(|| Self { trace: span.trace_id(), span: span.span_id() })
    }

    /// Parses the text form. Returns `None` for anything else.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() == LEN)?;
        let (trace, span) = text.strip_prefix("00-")?.strip_suffix("-01")?.split_once('-')?;
        let context = Self { trace: TraceId::from_hex(trace).ok()?, span: SpanId::from_hex(span).ok()? };
        let is_valid = context.trace != TraceId::INVALID && context.span != SpanId::INVALID;
        // Only the canonical form is valid: hexadecimal numbers have other spellings, too.
        (is_valid && context.to_string() == text).then_some(context)
    }

    /// Returns the id of the trace: 32 hexadecimal digits.
    pub fn trace_id(self) -> String {
        self.trace.to_string()
    }

    /// Makes `span`, which handles one message, a child of the span of this context.
    ///
    /// The spans are also linked, for trace viewers that show a message as a link between its sender and its receiver.
    pub fn set_parent_of(self, span: &Span) {
        let parent = SpanContext::new(self.trace, self.span, TraceFlags::SAMPLED, true, TraceState::NONE);
        // Fails if no layer records traces. Then there is no trace to join.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent.clone()));
        span.add_link(parent);
    }

    /// Deserialises a context. Returns `None` if it is malformed, so that the message around it stays readable.
    ///
    /// # Errors
    ///
    /// The error of `deserializer`.
    pub fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(Value::deserialize(deserializer)?.as_str().and_then(|text| Self::parse(text.as_bytes())))
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-01", self.trace, self.span)
    }
}

impl Serialize for TraceContext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A context as text.
#[cfg(test)]
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[cfg(test)]
mod tests {
    use super::{TRACEPARENT as TEXT, *};

    #[test]
    fn text_form_is_parsed() {
        let context = TraceContext::parse(TEXT.as_bytes()).unwrap();

        assert_eq!(context.to_string(), TEXT);
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn other_text_is_not_parsed() {
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
            assert_eq!(TraceContext::parse(text.as_bytes()), None, "{text:.60}");
        }
        assert_eq!(TraceContext::parse(&[0xff; LEN]), None);
    }

    #[test]
    fn untraced_span_has_no_context() {
        assert_eq!(TraceContext::of(&Span::none()), None);
        assert_eq!(TraceContext::of(&tracing::info_span!("untraced")), None);
    }
}
