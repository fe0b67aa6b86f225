//! Where something comes from that is done later, or by another instance.

use std::fmt;

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The length of an origin as text.
const LEN: usize = 55;

/// The traced span that something comes from: what is done about it later, be it by another process, is a part of the same
/// trace. As text it is the `traceparent` of W3C Trace Context, version `00`, sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    trace: TraceId,
    span: SpanId,
}

impl Origin {
    /// `span`, if it is traced.
    pub fn of(span: &Span) -> Option<Self> {
        let context = span.context();
        let span = context.span().span_context().clone();
        (span.is_valid() && span.is_sampled()).then(|| Self { trace: span.trace_id(), span: span.span_id() })
    }

    /// Reads what was written as text; `None` for anything else.
    pub fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() == LEN)?;
        let (trace, span) = text.strip_prefix("00-")?.strip_suffix("-01")?.split_once('-')?;
        let origin = Self { trace: TraceId::from_hex(trace).ok()?, span: SpanId::from_hex(span).ok()? };
        let is_valid = origin.trace != TraceId::INVALID && origin.span != SpanId::INVALID;
        // Numbers can be written in other ways, too.
        (is_valid && origin.to_string() == text).then_some(origin)
    }

    /// Id of the trace: 32 hexadecimal digits.
    pub fn trace_id(self) -> String {
        self.trace.to_string()
    }

    /// Makes `span`, in which one message from here is dealt with, a part of the trace: a child of this one, and linked to
    /// it for those who look for links between whoever sends and whoever is told.
    pub fn adopt(self, span: &Span) {
        let here = SpanContext::new(self.trace, self.span, TraceFlags::SAMPLED, true, TraceState::NONE);
        // Refused where nothing makes traces of spans; then there is nothing to be a part of.
        let _ = span.set_parent(Context::new().with_remote_span_context(here.clone()));
        span.add_link(here);
    }

    /// Reads one from what may be damaged, and then is none: what it stands beside is worth more.
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
