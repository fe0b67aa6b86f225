//! The log: lines of text, or one JSON object per line.

mod json;

use std::io;

use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    fmt::{self, format::JsonFields},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use self::json::JsonLine;
use crate::{config::LogFormat, telemetry::Traces};

/// Libraries whose debug messages are useful only to their authors.
const QUIET: &str = "h2=info,hyper=info,hyper_util=info,reqwest=info,rustls=info";

/// Starts logging to the standard error output, from `level` up; `RUST_LOG` overrides the level if it is set. Traced spans
/// also go to `traces`, if present, independent of the level.
///
/// Does nothing if logging was already started in this process.
pub fn init(level: Level, format: LogFormat, traces: Option<&Traces>) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(format!("{level},{QUIET}")));
    let Some(traces) = traces else {
        // One filter for the whole subscriber costs less than one per layer.
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
        let _ = match format {
            LogFormat::Text => builder.try_init(),
            LogFormat::Json => builder.fmt_fields(JsonFields::new()).event_format(JsonLine).try_init(),
        };
        return;
    };
    let subscriber = tracing_subscriber::registry().with(traces.layer());
    let lines = fmt::layer().with_writer(io::stderr);
    let _ = match format {
        LogFormat::Text => subscriber.with(lines.with_filter(filter)).try_init(),
        LogFormat::Json => {
            let lines = lines.fmt_fields(JsonFields::new()).event_format(JsonLine);
            subscriber.with(lines.with_filter(filter)).try_init()
        }
    };
}
