//! JSON log format: one event per line, with its fields and those of its spans in one object.

use std::{
    error::Error as StdError,
    fmt::{self, Write as _},
};

use anilibria_http::{error_chain::ErrorChain, timestamp::Timestamp};
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::{LookupSpan, Scope},
};

/// Name of the service in its log.
const SERVICE: &str = "anilibria-server";

/// Prefix of fields that only control the display of a span in a trace. The log omits these fields.
const TRACE_PREFIX: &str = "otel.";

/// Formats events as lines of JSON: `timestamp`, `level`, `message`, `service`, `target` and all fields.
///
/// Spans must store their fields as JSON.
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Map::new();
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && let Ok(Value::Object(fields)) = serde_json::from_str(fields)
            {
                line.extend(fields.into_iter().filter(|(name, _)| !name.starts_with(TRACE_PREFIX)));
            }
        }
        event.record(&mut Fields(&mut line));
        line.insert("timestamp".into(), Timestamp::now().to_string().into());
        line.insert("level".into(), level(*event.metadata().level()).into());
        line.insert("service".into(), SERVICE.into());
        line.insert("target".into(), event.metadata().target().into());
        line.entry("message").or_insert_with(|| "".into());
        writeln!(writer, "{}", Value::Object(line))
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::TRACE => "trace",
        Level::DEBUG => "debug",
        Level::INFO => "info",
        Level::WARN => "warn",
        Level::ERROR => "error",
    }
}

/// Collects the fields of an event.
struct Fields<'l>(&'l mut Map<String, Value>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Writing into a string fails only if the value cannot be formatted.
        let _ = write!(text, "{value:?}");
        self.0.insert(field.name().into(), text.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        self.0.insert(field.name().into(), ErrorChain(value).to_string().into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().into(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex, PoisonError},
    };

    use tracing_subscriber::fmt::format::JsonFields;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn line_holds_the_fields_of_the_event_and_its_spans() {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLine)
            .with_writer(move || writer.clone())
            .finish();

        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("request", request_id = "r-1", path = "/titles").entered();
            tracing::warn!(status_code = 503, error = %"line\nbreak", "Request failed");
        });

        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        let line: Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert_eq!(line["level"], "warn");
        assert_eq!(line["message"], "Request failed");
        assert_eq!(line["service"], "anilibria-server");
        assert_eq!(line["request_id"], "r-1");
        assert_eq!(line["path"], "/titles");
        assert_eq!(line["status_code"], 503);
        assert_eq!(line["error"], "line\nbreak");
        assert!(line["timestamp"].is_string());
    }
}
